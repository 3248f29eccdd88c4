"""What notifications write when something happened to an order or to stock."""

from mestore.inventory.events import LowStock
from mestore.kernel.db import Tx
from mestore.notifications.service import MailService
from mestore.notifications.types import MailKind
from mestore.orders.events import OrderPaid, OrderPlaced
from mestore.payments.events import ReviewDecided, ReviewOpened
from mestore.refunds.events import OrderRefunded


async def on_order_placed(tx: Tx, event: OrderPlaced) -> None:
    """Tell the buyer that the order came in, and its vendors that it waits for its payment."""
    await MailService(tx).announce(MailKind.ORDER_PLACED, event.order_id)


async def on_order_paid(tx: Tx, event: OrderPaid) -> None:
    """Tell the buyer that the payment came in, and its vendors what to send where."""
    await MailService(tx).announce(MailKind.ORDER_PAID, event.order_id)


async def on_review_opened(tx: Tx, event: ReviewOpened) -> None:
    """Tell the buyer that the payment is being checked, and whether money was taken."""
    await MailService(tx).tell_review(MailKind.ORDER_IN_REVIEW, event.order_id, event.review_id)


async def on_review_decided(tx: Tx, event: ReviewDecided) -> None:
    """Tell the buyer what staff decided; a paid order that goes on is told of as paid."""
    kind = MailKind.ORDER_PAYABLE if event.is_approved else MailKind.ORDER_REFUSED
    await MailService(tx).tell_review(kind, event.order_id, event.review_id)


async def on_order_refunded(tx: Tx, event: OrderRefunded) -> None:
    """Tell the buyer that money of the order went back."""
    await MailService(tx).tell_refunded(event.order_id, event.refund_id, event.amount_minor)


async def on_low_stock(tx: Tx, event: LowStock) -> None:
    """Tell the vendor that little is left, once a day for each variant."""
    await MailService(tx).tell_low_stock(event.product_id, event.variant_id, event.available)
