"""Deciding about an order that waits for staff: it goes on, or is to be called off."""

from uuid import UUID

from mestore.checkout.types import PaymentWindows
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.orders.service import HeldOrders, OrderService
from mestore.payments.errors import ReviewEnded
from mestore.payments.service import ReviewService


async def decide_review(
    tx: Tx, review_id: int, reason: str, actor_id: UUID | None, *, is_approved: bool
) -> None:
    """Give a review its one end; raises `ReviewNotFound` and `ReviewEnded`.

    An approved order goes on: paid, it may be prepared; unpaid, its buyer may pay. A refused one is
    called off by the job that hears of it, since gateways are asked for that.
    """
    review = await ReviewService(tx).decide(review_id, reason, actor_id, is_approved=is_approved)
    if not is_approved or await HeldOrders(tx).release(review.order_id):
        return
    until = now() + tx.policy(PaymentWindows).after_review
    if not await OrderService(tx).keep_until(review.order_id, until):
        raise ReviewEnded
