"""Work of refunds that waits for the network: sending, following, emptying the queues."""

from dataclasses import dataclass

import structlog

from mestore.checkout.types import Outside
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.messages import Task
from mestore.orders.types import CancelReason
from mestore.payments.events import RefundSignalReceived, ReviewDecided
from mestore.payments.service import PaymentService
from mestore.payments.types import StoredEvent
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.cancel import call_off
from mestore.refunds.service.queues import settle_old
from mestore.refunds.service.send import follow
from mestore.refunds.types import ASKED_STATES, Refund

log = structlog.get_logger(__name__)

_BATCH = 50


@dataclass(frozen=True, slots=True)
class FollowRefunds(Task):
    """Send refunds that wait for it, and ask about those that were sent."""


@dataclass(frozen=True, slots=True)
class SettleQueues(Task):
    """Send back money without an order that nobody decided about in time."""


async def follow_refunds(_: FollowRefunds, *, outside: Outside) -> None:
    """Send or ask about each refund that is due."""
    async with outside.database.read() as connection:
        refunds = await RefundRepository(connection).all_due(now(), _BATCH)
    for refund in refunds:
        try:
            await follow(outside, refund)
        except Exception:
            # One refund that breaks must not keep the others from ending.
            log.exception("refund_not_followed", refund=refund.reference)


async def on_refund_signal(event: RefundSignalReceived, *, outside: Outside) -> None:
    """A signal is a hint: ask the gateway about the refunds that it may be about."""
    async with outside.database.transaction() as tx:
        signal = await PaymentService(tx).unread(event.event_id)
        found = await _meant_by(tx, signal) if signal else []
    if signal is None:
        return
    for refund in found:
        await follow(outside, refund)
    if not found:
        log.warning("signal_of_unknown_refund", gateway=signal.gateway, refund=signal.object_id)
    async with outside.database.transaction() as tx:
        result = ", ".join(refund.reference for refund in found) or "unknown refund"
        await PaymentService(tx).mark_read(signal.id, result[:100])


async def _meant_by(tx: Tx, signal: StoredEvent) -> list[Refund]:
    """Return the refund that a signal names, or else those of its payment that are on their way."""
    refunds = RefundRepository(tx.connection)
    if signal.object_id is not None:
        named = await refunds.find_by_gateway_id(signal.gateway, signal.object_id)
        if named is not None:
            return [named]
    sent = await refunds.all_open_of(signal.gateway, signal.transaction_id)
    return [refund for refund in sent if refund.state in ASKED_STATES]


async def settle_queues(_: SettleQueues, *, outside: Outside) -> None:
    """Send back what is to be sent back without anybody's word."""
    await settle_old(outside)


async def on_review_decided(event: ReviewDecided, *, outside: Outside) -> None:
    """Call off an order that staff refused; its money goes back."""
    if not event.is_approved:
        await call_off(outside, event.order_id, CancelReason.STAFF, event.actor_id)
