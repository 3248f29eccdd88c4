"""What notifications write when something happened to an order or an account."""

from mestore.accounts.events import PasswordChanged
from mestore.kernel.db import Tx
from mestore.notifications.service import MailService
from mestore.notifications.types import MailKind
from mestore.orders.events import OrderPaid, OrderPlaced
from mestore.refunds.events import OrderRefunded


async def on_order_placed(tx: Tx, event: OrderPlaced) -> None:
    """Tell the buyer that the order came in, and its vendors that it waits for its payment."""
    await MailService(tx).announce(MailKind.ORDER_PLACED, event.order_id)


async def on_order_paid(tx: Tx, event: OrderPaid) -> None:
    """Tell the buyer that the payment came in, and its vendors what to send where."""
    await MailService(tx).announce(MailKind.ORDER_PAID, event.order_id)


async def on_order_refunded(tx: Tx, event: OrderRefunded) -> None:
    """Tell the buyer that money of the order went back."""
    await MailService(tx).tell_refunded(event.order_id, event.refund_id, event.amount_minor)


async def on_password_changed(tx: Tx, event: PasswordChanged) -> None:
    """Tell the owner of an account that its password changed."""
    await MailService(tx).tell_password_changed(event.user_id, event.changed_at)
