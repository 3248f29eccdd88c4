"""Calling an order off: an unpaid one as checkout does, a paid one with all its money back."""

from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.checkout.service.cancel import cancel
from mestore.checkout.types import Outside
from mestore.inventory.service import InventoryService
from mestore.orders.errors import OrderNotCancellable
from mestore.orders.service import OrderService, RefundedOrders
from mestore.orders.types import CancelReason, OrderStatus, RefundableOrder
from mestore.refunds.service.finish import restock
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
        order = await RefundedOrders(tx).held(order_id)
        before = order.money.status
        if before is OrderStatus.CANCELLED:
            return None
        was_sent = any(line.fulfilled_quantity for line in order.lines)
        if was_sent or not await OrderService(tx).cancel_paid(order_id, reason, actor_id=actor_id):
            raise OrderNotCancellable(status=before.value)
        await restock(tx, order_id, await _unsent(InventoryService(tx), order))
        if reason is CancelReason.STAFF:
            record(
                tx,
                Act.ORDER_CANCELLED,
                Subject.ORDER,
                order_id,
                before={"status": before},
                after={"status": OrderStatus.CANCELLED},
            )
        left = sum(line.left_minor for line in order.lines) + order.left_shipping_minor
        if not left:
            return None
        wish = RefundWish(f"cancelled by {reason.value.lower()}")
        return await request_refund(
            tx, outside.gateways, order_id, wish, actor_id=actor_id, is_owed=True
        )


async def _unsent(inventory: InventoryService, order: RefundableOrder) -> dict[UUID, int]:
    """Return the units that never left the house and that no refund has put back yet."""
    taken = await inventory.taken(order.money.id)
    gone: dict[UUID, int] = {}
    for line in order.lines:
        gone[line.variant_id] = gone.get(line.variant_id, 0) + line.refunded_quantity
    return {variant: units - gone.get(variant, 0) for variant, units in taken.items()}
