"""Calling an order off: an unpaid one as checkout does, a paid one with all its money back."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
from mestore.refunds.types import OpenUnits, RefundWish


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
    """Put back what never left the house and no refund has put back yet; nothing waits any more.

    Refunds under way put nothing back later: what becomes of their units is decided here.
    """
    inventory, order_id = InventoryService(tx), order.money.id
    taken = await inventory.taken(order_id)
    going = await RefundRepository(tx.connection).open_units(order_id)
    left: Counter[UUID] = Counter()
    for line in order.lines:
        left[line.variant_id] += line.quantity - line.refunded_quantity
    for each in going:
        left[each.variant_id] += each.quantity
    # All at once, in the order of the shelves: what follows takes them by parts.
    await inventory.hold(left)
    backorders = Backorders(tx)
    waited = await backorders.forgo(order_id, await backorders.of(order_id))
    kept = await _kept_away(backorders, order_id, going, waited)
    unsent = {each: max(left[each] - waited.get(each, 0) - kept[each], 0) for each in taken}
    await restock(tx, order_id, unsent)


async def _kept_away(
    backorders: Backorders, order_id: int, going: Sequence[OpenUnits], waited: Mapping[UUID, int]
) -> Counter[UUID]:
    """Return the units here that staff wants on no shelf.

    Refunds are first of units that never came, then of those that came after the wish.
    """
    missing, late, kept = Counter(waited), Counter[UUID](), Counter[UUID]()
    for each in going:
        if each.restock:
            continue
        arrived = (await backorders.arrived(order_id, each.asked_at)).get(each.variant_id, 0)
        never = min(each.quantity, missing[each.variant_id])
        came = min(each.quantity - never, max(arrived - late[each.variant_id], 0))
        missing[each.variant_id] -= never
        late[each.variant_id] += came
        kept[each.variant_id] += each.quantity - never - came
    return kept
