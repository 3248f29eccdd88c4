"""Work of checkout that waits for the network: signals, polls, expiries."""

from dataclasses import dataclass

import structlog

from mestore.checkout.service.ask import ask
from mestore.checkout.service.cancel import expire
from mestore.checkout.service.settle import settle
from mestore.checkout.types import Outside
from mestore.kernel.messages import Task
from mestore.orders.service import OrderService
from mestore.payments.errors import GatewayUnavailable, TransactionUnknown
from mestore.payments.events import SignalReceived
from mestore.payments.service import Attempts, PaymentService, was_not_received
from mestore.payments.types import NoticeKind

log = structlog.get_logger(__name__)

_BATCH = 50


@dataclass(frozen=True, slots=True)
class PollGateways(Task):
    """Ask gateways about the attempts that are due."""


@dataclass(frozen=True, slots=True)
class ExpireOrders(Task):
    """Call off unpaid orders whose time is over."""


async def on_signal_received(event: SignalReceived, *, outside: Outside) -> None:
    """A signal is a hint: read it, ask the gateway for the truth, apply that."""
    async with outside.database.transaction() as tx:
        signal = await PaymentService(tx).unread(event.event_id)
    if signal is None:
        return
    gateway = outside.gateways.get(signal.gateway)
    if gateway is None or signal.kind is not NoticeKind.TRANSACTION:
        # A gateway that was taken out says nothing, and some events are of no use to us.
        async with outside.database.transaction() as tx:
            await PaymentService(tx).mark_read(
                signal.id, "gateway removed" if gateway is None else signal.kind.value
            )
        return
    try:
        outcome = await gateway.fetch(signal.transaction_id)
    except TransactionUnknown as error:
        if not was_not_received(signal.received_at):
            # What it told of may not be listed yet: the job is run again.
            raise GatewayUnavailable from error
        log.warning("signal_of_unknown_transaction", transaction=signal.transaction_id)
        async with outside.database.transaction() as tx:
            await PaymentService(tx).mark_read(signal.id, "unknown transaction")
        return
    async with outside.database.transaction() as tx:
        verdict = await settle(tx, outcome)
        await PaymentService(tx).mark_read(signal.id, verdict.value)


async def poll_gateways(_: PollGateways, *, outside: Outside) -> None:
    """Ask about each attempt that is due; one that gets no answer is asked again later."""
    async with outside.database.read() as connection:
        attempts = await Attempts(connection).due(_BATCH)
    for attempt in attempts:
        try:
            await ask(outside, attempt)
        except Exception:
            # One attempt that breaks must not keep the others from being asked.
            log.exception("attempt_not_asked", attempt=attempt.reference)


async def expire_orders(_: ExpireOrders, *, outside: Outside) -> None:
    """Call off what is over; an order whose gateway does not answer waits for the next round."""
    order_ids = [0]
    while order_ids:
        async with outside.database.transaction() as tx:
            order_ids = await OrderService(tx).expired(_BATCH, after=order_ids[-1])
        for order_id in order_ids:
            await _expire_one(outside, order_id)


async def _expire_one(outside: Outside, order_id: int) -> None:
    try:
        if not await expire(outside, order_id):
            log.info("expiry_postponed", order_id=order_id)
    except Exception:
        # One order that breaks must not keep the others from expiring.
        log.exception("order_not_expired", order_id=order_id)
