"""Calling an order off: an unpaid one as checkout does, a paid one with all its money back."""

from dataclasses import replace
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.checkout.service.cancel import cancel
from mestore.checkout.types import Outside
from mestore.disputes.service import DisputeService
from mestore.inventory.service import InventoryService
from mestore.inventory.service.backorders import Backorders
from mestore.kernel.db import Tx
from mestore.orders.errors import OrderNotCancellable
from mestore.orders.service import OrderService, RefundedOrders
from mestore.orders.types import CancelReason, OrderStatus, RefundableOrder
from mestore.payments.service import PaymentService
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.finish import restock
from mestore.refunds.service.plan import left_of
from mestore.refunds.service.request import request_refund
from mestore.refunds.service.send import send
from mestore.refunds.types import RefundWish


async def call_off(
    outside: Outside, order_id: int, reason: CancelReason, actor_id: UUID | None
) -> None:
    """Cancel an order of which nothing was sent: its stock is free again, its money goes back."""
    try:
        await cancel(outside, order_id, reason, actor_id)
    except OrderNotCancellable:
        refund_id = await _call_off_paid(outside, order_id, reason, actor_id)
        if refund_id is not None:
            await send(outside, refund_id)


async def _call_off_paid(
    outside: Outside, order_id: int, reason: CancelReason, actor_id: UUID | None
) -> int | None:
    async with outside.database.transaction() as tx:
        # The payment's row is always taken before the order's.
        await PaymentService(tx).hold(order_id)
        order = await RefundedOrders(tx).held(order_id)
        before = order.money.status
        if before is OrderStatus.CANCELLED:
            return None
        was_sent = any(line.fulfilled_quantity for line in order.lines)
        if was_sent or not await OrderService(tx).cancel_paid(order_id, reason, actor_id=actor_id):
            raise OrderNotCancellable(status=before.value)
        await _put_back(tx, order)
        await RefundRepository(tx.connection).owe(order_id)
        if reason is CancelReason.STAFF:
            record(
                tx,
                Act.ORDER_CANCELLED,
                Subject.ORDER,
                order_id,
                before={"status": before},
                after={"status": OrderStatus.CANCELLED},
            )
        excess = await DisputeService(tx).excess(order_id)
        left = left_of(order, excess)
        if not left:
            return None
        wish = RefundWish(f"cancelled by {reason.value.lower()}")
        if excess:
            wish = replace(wish, amount_minor=left)
        return await request_refund(
            tx, outside.gateways, order_id, wish, actor_id=actor_id, is_owed=True
        )


async def _put_back(tx: Tx, order: RefundableOrder) -> None:
    """Put back what never left the house and no refund has put back yet; nothing waits any more."""
    inventory = InventoryService(tx)
    taken = await inventory.taken(order.money.id)
    left: dict[UUID, int] = {}
    for line in order.lines:
        units = line.quantity - line.refunded_quantity
        left[line.variant_id] = left.get(line.variant_id, 0) + units
    # All at once, in the order of the shelves: what follows takes them by parts.
    await inventory.hold(left)
    backorders = Backorders(tx)
    waited = await backorders.forgo(order.money.id, await backorders.of(order.money.id))
    unsent = {variant: max(left[variant] - waited.get(variant, 0), 0) for variant in taken}
    await restock(tx, order.money.id, unsent)
