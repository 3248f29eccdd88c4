"""What insights do when something happens elsewhere: they count it."""

from datetime import datetime

from mestore.carts.events import AddedToCart
from mestore.insights.service.counting import CountingService
from mestore.kernel.db import Tx
from mestore.orders.events import OrderPaid
from mestore.refunds.events import OrderRefunded


async def on_added_to_cart(tx: Tx, event: AddedToCart) -> None:
    """Count the cart."""
    at = datetime.fromisoformat(event.at)
    await CountingService(tx).note_cart(event.product_id, event.vendor_id, at)


async def on_order_paid(tx: Tx, event: OrderPaid) -> None:
    """Count the sale."""
    await CountingService(tx).note_sale(event.order_id)


async def on_order_refunded(tx: Tx, event: OrderRefunded) -> None:
    """Count what went back."""
    await CountingService(tx).note_refund(event.refund_id)
