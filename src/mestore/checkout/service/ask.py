"""Asking a gateway how an open attempt stands: read, ask with no transaction open, write."""

import structlog

from mestore.checkout.service.settle import settle
from mestore.checkout.types import Outside
from mestore.payments.errors import GatewayUnavailable, TransactionUnknown
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import Attempts, PaymentService, was_not_received
from mestore.payments.types import AttemptState, AttemptStatus, Outcome, Verdict

log = structlog.get_logger(__name__)


async def ask(outside: Outside, attempt: AttemptState) -> bool:
    """Ask once and apply the answer; False where the gateway did not answer."""
    try:
        outcome = await _present_state(outside.gateways.get(attempt.gateway), attempt)
    except GatewayUnavailable:
        log.warning("gateway_did_not_answer", gateway=attempt.gateway, attempt=attempt.reference)
        async with outside.database.transaction() as tx:
            await PaymentService(tx).postpone(attempt, attempt.status)
        return False
    async with outside.database.transaction() as tx:
        if outcome is None:
            await _note_absence(PaymentService(tx), attempt)
            return True
        verdict = await settle(tx, outcome)
        if verdict is Verdict.REPEATED and outcome.status is AttemptStatus.PENDING:
            await PaymentService(tx).postpone(attempt, AttemptStatus.PENDING)
    return True


async def ask_all_open(outside: Outside, order_id: int) -> bool:
    """Ask about every open attempt of an order; False where one got no answer."""
    async with outside.database.read() as connection:
        attempts = await Attempts(connection).open_of_order(order_id)
    answers = [await ask(outside, attempt) for attempt in attempts]
    return all(answers)


async def _present_state(gateway: PaymentGateway | None, attempt: AttemptState) -> Outcome | None:
    if gateway is None:
        # The operator took it out of the settings; what is open there stays open.
        raise GatewayUnavailable
    if attempt.transaction_id is None:
        return await gateway.find(attempt.reference)
    try:
        return await gateway.fetch(attempt.transaction_id)
    except TransactionUnknown:
        return None


async def _note_absence(payments: PaymentService, attempt: AttemptState) -> None:
    """Believe that nothing was submitted only after a while and several answers."""
    if was_not_received(attempt.created_at, attempt.polls):
        await payments.close(attempt, AttemptStatus.ERROR, "NOT_RECEIVED")
    else:
        await payments.postpone(attempt, AttemptStatus.UNKNOWN)
