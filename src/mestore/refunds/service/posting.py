"""What refunds write into the books: commissions reversed, each entry posted once."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from mestore.commissions.service import CommissionService
from mestore.kernel.db import Tx
from mestore.ledger.service import LedgerService
from mestore.ledger.types import RefundShare, UnappliedEnd
from mestore.payments.types.stranded import StrandedMoney
from mestore.refunds.types import PlannedLine, Refund


async def post_refund(tx: Tx, refund: Refund, order_id: int, lines: Sequence[PlannedLine]) -> None:
    """Post that an order's money went back, and what the operator gives up of its commission."""
    # Who moves a vendor's money locks it first, and then asks for anything else of it.
    await LedgerService(tx).lock_vendors({line.vendor_id for line in lines})
    nets = {line.order_item_id: line.amount_minor - line.tax_minor for line in lines}
    reversed_ = await CommissionService(tx).reverse(order_id, nets) if nets else []
    kept = {share.vendor_id: share for share in reversed_}
    gross: defaultdict[UUID, int] = defaultdict(int)
    for line in lines:
        gross[line.vendor_id] += line.amount_minor
    shares = [
        RefundShare(
            vendor_id,
            amount,
            kept[vendor_id].amount_minor if vendor_id in kept else 0,
            kept[vendor_id].tax_minor if vendor_id in kept else 0,
        )
        for vendor_id, amount in sorted(gross.items())
    ]
    await LedgerService(tx).post_refund(
        refund.id, order_id, refund.gateway, shares, refund.shipping_minor, refund.currency
    )


async def post_end(tx: Tx, money: StrandedMoney | Refund, end: UnappliedEnd) -> None:
    """Post what became of money that no order had."""
    await LedgerService(tx).settle_unapplied(
        money.gateway,
        money.transaction_id,
        money.order_id,
        money.amount_minor,
        money.currency,
        end,
    )
