"""What checkout does when something happens to an order."""

from mestore.kernel.db import Tx
from mestore.orders.events import OrderCancelled
from mestore.orders.service import OrderService
from mestore.orders.types import OrderStatus
from mestore.payments.service import CashService, PaymentService, ReviewService


async def on_order_cancelled(tx: Tx, event: OrderCancelled) -> None:
    """Nobody needs to decide about an order that is no more, or to pay it at a counter.

    Unless late money revived it.
    """
    await PaymentService(tx).hold(event.order_id)
    money = await OrderService(tx).money(event.order_id)
    if money.status is OrderStatus.CANCELLED:
        await ReviewService(tx).close(event.order_id)
        await CashService(tx).end_vouchers(event.order_id)
