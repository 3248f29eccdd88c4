"""What earnings do when something happens elsewhere."""

from mestore.disputes.events import DisputeClosed
from mestore.earnings.service import EarningsService
from mestore.kernel.db import Tx
from mestore.orders.events import OrderCancelled, OrderDelivered
from mestore.refunds.events import OrderRefunded


async def on_order_delivered(tx: Tx, event: OrderDelivered) -> None:
    """Plan the release of a part that arrived."""
    await EarningsService(tx).plan_delivered(event.order_id, event.vendor_id)


async def on_order_refunded(tx: Tx, event: OrderRefunded) -> None:
    """Plan the release of parts that will not be sent any more: a fee kept on them is due."""
    await EarningsService(tx).plan_over(event.order_id)


async def on_order_cancelled(tx: Tx, event: OrderCancelled) -> None:
    """Plan the release of parts of an order whose money was gone before it was called off."""
    await EarningsService(tx).plan_over(event.order_id)


async def on_dispute_closed(tx: Tx, event: DisputeClosed) -> None:
    """Plan the release of parts of an order called off whose last money a bank took."""
    if event.order_id is not None:
        await EarningsService(tx).plan_over(event.order_id)
