"""Work of disputes that waits for the network: what gateways say of them."""

from dataclasses import dataclass

import structlog

from mestore.checkout.types import Outside
from mestore.disputes.repository import DisputeRepository
from mestore.disputes.service import DisputeService
from mestore.disputes.service.disputes import ASK_EVERY
from mestore.kernel.clock import now
from mestore.kernel.messages import Task
from mestore.payments.errors import TransactionUnknown
from mestore.payments.events import DisputeSignalReceived
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import PaymentService
from mestore.payments.types import DisputeOutcome

log = structlog.get_logger(__name__)

_BATCH = 50


@dataclass(frozen=True, slots=True)
class FollowDisputes(Task):
    """Ask gateways about the disputes that run: a signal may have been lost."""


async def on_dispute_signal(event: DisputeSignalReceived, *, outside: Outside) -> None:
    """A signal is a hint: read it, ask the gateway for the truth, apply that."""
    async with outside.database.transaction() as tx:
        signal = await PaymentService(tx).unread(event.event_id)
    if signal is None:
        return
    gateway = outside.gateways.get(signal.gateway)
    result = "gateway removed" if gateway is None else "unknown dispute"
    outcome = reference = None
    if gateway is not None and signal.object_id is not None:
        outcome = await gateway.find_dispute(signal.object_id)
    if gateway is not None and outcome is not None:
        reference = await _reference_of(gateway, outcome)
    async with outside.database.transaction() as tx:
        if outcome is not None:
            result = await DisputeService(tx).hear(signal.gateway, outcome, reference)
        await PaymentService(tx).mark_read(signal.id, result)


async def follow_disputes(_: FollowDisputes, *, outside: Outside) -> None:
    """Ask about each dispute that is due; one that gets no answer is asked about again later."""
    async with outside.database.read() as connection:
        due = await DisputeRepository(connection).all_due(now(), _BATCH)
    for dispute_id, gateway, object_id in due:
        async with outside.database.transaction() as tx:
            await DisputeRepository(tx.connection).postpone(dispute_id, now() + ASK_EVERY)
        try:
            await _ask(outside, gateway, object_id)
        except Exception:
            # One dispute that breaks must not keep the others from ending.
            log.exception("dispute_not_followed", dispute=dispute_id)


async def _ask(outside: Outside, code: str, object_id: str) -> None:
    gateway = outside.gateways.get(code)
    outcome = await gateway.find_dispute(object_id) if gateway else None
    if gateway is None or outcome is None:
        return
    reference = await _reference_of(gateway, outcome)
    async with outside.database.transaction() as tx:
        await DisputeService(tx).hear(code, outcome, reference)


async def _reference_of(gateway: PaymentGateway, outcome: DisputeOutcome) -> str | None:
    """Return our reference of the disputed payment; None where the gateway knows no such one."""
    try:
        return (await gateway.fetch(outcome.transaction_id)).reference or None
    except TransactionUnknown:
        return None
