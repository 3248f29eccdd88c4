"""Adjusting what a vendor may draw, by the operator's decision."""

from dataclasses import asdict
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.earnings.errors import AdjustmentKnown
from mestore.earnings.repository import EarningsRepository
from mestore.earnings.types import Adjustment
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import Forbidden
from mestore.kernel.money import CURRENCY
from mestore.ledger.service import LedgerService
from mestore.vendors.service import VendorService


async def adjust(tx: Tx, vendor_id: UUID, wish: Adjustment, by: UUID) -> int:
    """Give a vendor an amount, or charge it a negative one; return the adjustment's id.

    What is charged beyond the balance leaves it negative and is netted from later releases. Raises
    `VendorNotFound`, `Forbidden` for one's own shop, and `AdjustmentKnown` where the reference was
    used for this vendor.
    """
    if (await VendorService(tx).get(vendor_id)).user_id == by:
        raise Forbidden
    ledger = LedgerService(tx)
    await ledger.lock_vendors([vendor_id])
    row = {"vendor_id": vendor_id, "created_at": now(), **asdict(wish)}
    adjustment_id = await EarningsRepository(tx.connection).add_adjustment(row)
    if adjustment_id is None:
        raise AdjustmentKnown(reference=wish.reference)
    await ledger.post_adjustment(adjustment_id, vendor_id, wish.amount_minor, CURRENCY)
    record(tx, Act.VENDOR_ADJUSTED, Subject.VENDOR, vendor_id, after=asdict(wish))
    return adjustment_id
