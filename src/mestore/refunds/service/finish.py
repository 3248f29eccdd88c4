"""The end of a refund: one transaction that posts it, or takes its claim back."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import structlog

from mestore.catalog.errors import VariantNotFound
from mestore.disputes.service import DisputeService
from mestore.inventory.errors import LevelTooHigh
from mestore.inventory.service import InventoryService
from mestore.inventory.service.backorders import Backorders
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.ledger.types import UnappliedEnd
from mestore.orders.service import RefundedOrders
from mestore.orders.types import OrderStatus
from mestore.payments.service import PaymentService
from mestore.payments.types import RefundOutcome, RefundStatus
from mestore.refunds.events import OrderRefunded
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.posting import post_end, post_refund
from mestore.refunds.types import ASKED_STATES, OPEN_STATES, PlannedLine, Refund, RefundState

log = structlog.get_logger(__name__)


async def hold(tx: Tx, refund: Refund) -> None:
    """Hold the payment of a refund: it is always taken before the refund's row and the order's."""
    if refund.order_id is not None:
        await PaymentService(tx).hold(refund.order_id)


async def succeed(tx: Tx, refund: Refund, to: RefundState, **more: object) -> bool:
    """Note that the money went back, once; False where the refund had ended before."""
    refunds = RefundRepository(tx.connection)
    await hold(tx, refund)
    ended = {"poll_at": None, "ended_at": now(), **more}
    if not await refunds.move(refund.id, OPEN_STATES, to, **ended):
        return False
    if refund.order_id is None:
        await post_end(tx, refund, UnappliedEnd.REFUND)
        return True
    await _of_order(tx, refunds, refund, refund.order_id)
    return True


async def _of_order(tx: Tx, refunds: RefundRepository, refund: Refund, order_id: int) -> None:
    lines = await refunds.all_lines(refund.id)
    orders = RefundedOrders(tx)
    order = await orders.held(order_id)
    is_whole = await refunds.paid(order_id) == order.money.total_minor
    if is_whole:
        await PaymentService(tx).note_refunded(order_id)
    await post_refund(tx, refund, order_id, lines)
    await orders.note_refund(order_id, f"refund {refund.reference}", is_whole=is_whole)
    # Who called it off has put back whatever was here.
    if order.money.status is not OrderStatus.CANCELLED:
        await _put_back(tx, refund, order_id, lines)
    tx.publish(OrderRefunded(refund.id, order_id, refund.amount_minor, is_whole))


async def _put_back(tx: Tx, refund: Refund, order_id: int, lines: Sequence[PlannedLine]) -> None:
    """Put units back as was wished; what came after the wish was never sent, so all of it."""
    backorders = Backorders(tx)
    # What never arrived is given back first, and there is nothing of it to put on a shelf.
    forgone = await backorders.forgo(order_id, {line.variant_id: line.quantity for line in lines})
    is_wished = all(line.restock for line in lines)
    arrived = {} if is_wished else await backorders.arrived(order_id, refund.created_at)
    back = {}
    for line in lines:
        units = line.quantity - forgone.get(line.variant_id, 0)
        late = max(arrived.get(line.variant_id, 0), 0)
        back[line.variant_id] = units if line.restock else min(units, late)
    await restock(tx, order_id, back)


async def restock(tx: Tx, order_id: int, units: dict[UUID, int]) -> None:
    """Put units back on the shelf: never more of a variant than left for the order."""
    inventory = InventoryService(tx)
    taken = Counter(await inventory.taken(order_id))
    going = {variant: min(wanted, taken[variant]) for variant, wanted in units.items()}
    going = {variant: back for variant, back in going.items() if back}
    if len(going) > 1:
        await inventory.hold(going)
    for variant_id, back in sorted(going.items()):
        reason = f"order {order_id} refunded"
        try:
            await inventory.adjust(
                variant_id, back, reason=reason, actor_id=None, order_id=order_id
            )
        except (VariantNotFound, LevelTooHigh) as refusal:
            # Goods that nobody can count any more must not keep the money from going back.
            log.warning("not_restocked", variant_id=str(variant_id), error=refusal.code)


async def fail(tx: Tx, refund: Refund, to: RefundState, code: str | None) -> None:
    """End a refund that the gateway will not make; what is owed is then paid by transfer."""
    refunds = RefundRepository(tx.connection)
    await hold(tx, refund)
    # Read again: it becomes owed where its order is called off meanwhile.
    known = await refunds.find(refund.id)
    if known is not None and known.is_owed:
        await refunds.move(
            refund.id,
            OPEN_STATES - {RefundState.TRANSFER_DUE},
            RefundState.TRANSFER_DUE,
            code=code,
            poll_at=None,
        )
        return
    await stop(tx, refund, to, code)


async def stop(tx: Tx, refund: Refund, to: RefundState, code: str | None) -> None:
    """End a refund whose money does not go, and take its claim on the order back.

    The payment is held.
    """
    refunds = RefundRepository(tx.connection)
    ended = {"code": code, "poll_at": None, "ended_at": now()}
    if not await refunds.move(refund.id, OPEN_STATES, to, **ended):
        return
    if refund.order_id is not None:
        lines = await refunds.all_lines(refund.id)
        claims = {line.order_item_id: (line.quantity, line.amount_minor) for line in lines}
        await RefundedOrders(tx).release(refund.order_id, claims, refund.shipping_minor)


async def is_taken(tx: Tx, refund: Refund) -> bool:
    """Say whether a bank took by a dispute what a refund would give back.

    Holds the payment: no dispute takes anything of it until the transaction ends.
    """
    disputes = DisputeService(tx)
    if refund.order_id is None:
        return await disputes.has_taken(refund.gateway, refund.transaction_id)
    await PaymentService(tx).hold(refund.order_id)
    return await disputes.excess(refund.order_id) > 0


async def apply(tx: Tx, refund: Refund, outcome: RefundOutcome) -> None:
    """Apply what a gateway said of a refund; a repeat changes nothing."""
    known = {"gateway_refund_id": outcome.refund_id} if outcome.refund_id else {}
    if outcome.status is RefundStatus.APPROVED:
        await succeed(tx, refund, RefundState.APPROVED, code=None, **known)
    elif outcome.status is RefundStatus.DECLINED:
        await fail(tx, refund, RefundState.DECLINED, outcome.code)
    elif outcome.status is RefundStatus.ERROR:
        await fail(tx, refund, RefundState.ERROR, outcome.code)
    else:
        is_known = refund.state is RefundState.PENDING
        # A gateway that shows nothing of what it acknowledged takes nothing back by that.
        state = RefundState.PENDING if is_known else RefundState(outcome.status.value)
        await postpone(tx, refund, state, **known)


async def postpone(tx: Tx, refund: Refund, state: RefundState, **more: object) -> None:
    """Note that nothing final was said, and when to ask again."""
    values = {"polls": refund.polls + 1, "poll_at": refund.next_poll(state, now()), **more}
    await RefundRepository(tx.connection).move(refund.id, ASKED_STATES, state, **values)
