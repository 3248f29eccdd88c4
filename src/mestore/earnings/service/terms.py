"""The terms of vendors: how much of each release is kept back from them, and how long."""

from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.earnings.repository import EarningsRepository
from mestore.earnings.service.release import EarningsService
from mestore.earnings.types import Terms
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.vendors.service import VendorService


async def read_terms(tx: Tx, vendor_id: UUID) -> Terms:
    """Return the terms that hold for a vendor; raises `VendorNotFound`."""
    await VendorService(tx).get(vendor_id)
    return await EarningsService(tx).terms(vendor_id)


async def set_terms(tx: Tx, vendor_id: UUID, terms: Terms, reason: str) -> None:
    """Give a vendor terms of its own, for releases from now on; raises `VendorNotFound`."""
    before = await read_terms(tx, vendor_id)
    await EarningsRepository(tx.connection).set_terms(vendor_id, terms, now())
    record(
        tx,
        Act.VENDOR_TERMS_SET,
        Subject.VENDOR,
        vendor_id,
        before=_state(before),
        after={**_state(terms), "reason": reason},
    )


def _state(terms: Terms) -> dict[str, int]:
    return {
        "reserve_basis_points": terms.reserve_basis_points,
        "reserve_days": terms.reserve_days,
    }
