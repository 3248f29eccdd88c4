"""What earnings do when something happens elsewhere."""

from mestore.earnings.service import EarningsService
from mestore.kernel.db import Tx
from mestore.orders.events import OrderDelivered


async def on_order_delivered(tx: Tx, event: OrderDelivered) -> None:
    """Plan the release of a part that arrived."""
    await EarningsService(tx).plan_delivered(event.order_id, event.vendor_id)
