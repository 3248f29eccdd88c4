"""The queues of money that did not arrive as it should: every entry ends in exactly one way."""

from collections.abc import Mapping
from uuid import UUID

import structlog

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.checkout.service.settle import revive
from mestore.checkout.types import Outside
from mestore.disputes.service import DisputeService
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.ledger.types import UnappliedEnd
from mestore.payments.errors import AlreadyResolved
from mestore.payments.service import Attempts, PaymentService, Queues
from mestore.payments.types import AttemptState, AttemptStatus
from mestore.payments.types.stranded import ExceptionEnd, ExceptionKind, StrandedMoney
from mestore.refunds.errors import ActionNotPossible, NotRevivable, TakenByBank, VoidedByGateway
from mestore.refunds.service.posting import post_end
from mestore.refunds.service.request import Gateways, request_return
from mestore.refunds.service.send import send
from mestore.refunds.types import QueuePolicy

log = structlog.get_logger(__name__)

_BATCH = 50
_OF_MONEY = frozenset({ExceptionEnd.REFUND, ExceptionEnd.WRITE_OFF})
POSSIBLE: Mapping[ExceptionKind, frozenset[ExceptionEnd]] = {
    ExceptionKind.SECOND_APPROVAL: _OF_MONEY,
    ExceptionKind.LATE_APPROVAL: _OF_MONEY | {ExceptionEnd.REVIVE},
    ExceptionKind.AMOUNT_MISMATCH: _OF_MONEY,
    ExceptionKind.ORPHAN: _OF_MONEY,
    # The gateway took the money back, or nobody knows of any: there is nothing to send.
    ExceptionKind.VOIDED_LATER: frozenset({ExceptionEnd.ACCEPT}),
    ExceptionKind.NEVER_ENDED: frozenset({ExceptionEnd.ACCEPT}),
}
_AT_ONCE = frozenset({ExceptionKind.SECOND_APPROVAL})
_IN_TIME = (
    ExceptionKind.SECOND_APPROVAL,
    ExceptionKind.LATE_APPROVAL,
    ExceptionKind.AMOUNT_MISMATCH,
)


async def resolve(
    outside: Outside,
    exception_id: int,
    how: ExceptionEnd,
    reason: str,
    actor_id: UUID | None,
) -> None:
    """Give an entry its one end; raises `AlreadyResolved` where it has one."""
    async with outside.database.transaction() as tx:
        refund_id = await _resolve(tx, outside.gateways, exception_id, how, reason, actor_id)
    if refund_id is not None:
        await send(outside, refund_id)


async def _resolve(
    tx: Tx,
    gateways: Gateways,
    exception_id: int,
    how: ExceptionEnd,
    reason: str,
    actor_id: UUID | None,
) -> int | None:
    """Write the end of an entry; returns the refund to be sent, if there is one."""
    queues = Queues(tx.connection)
    entry = await queues.get(exception_id)
    if how not in POSSIBLE[entry.kind]:
        possible = ", ".join(sorted(POSSIBLE[entry.kind])).lower()
        raise ActionNotPossible(action=how.value.lower(), kind=entry.kind.value, possible=possible)
    attempt = await Attempts(tx.connection).by_reference(entry.reference)
    if attempt is not None:
        await PaymentService(tx).hold(attempt.order_id)
    await queues.end(exception_id, how, reason, actor_id)
    refund_id = await _act(tx, gateways, entry, attempt, how, reason, actor_id)
    after = {"action": how.value, "reason": reason, "amount_minor": entry.amount_minor}
    record(tx, Act.PAYMENT_EXCEPTION_RESOLVED, Subject.PAYMENT_EXCEPTION, entry.id, after=after)
    return refund_id


async def _act(
    tx: Tx,
    gateways: Gateways,
    entry: StrandedMoney,
    attempt: AttemptState | None,
    how: ExceptionEnd,
    reason: str,
    actor_id: UUID | None,
) -> int | None:
    payments = PaymentService(tx)
    if how is ExceptionEnd.REVIVE:
        if attempt is None or not await revive(tx, attempt, reason[:300]):
            raise NotRevivable
        await post_end(tx, entry, UnappliedEnd.SALE)
        return None
    if entry.kind is ExceptionKind.NEVER_ENDED and attempt is not None:
        await payments.close(attempt, AttemptStatus.ERROR, "NEVER_ENDED")
    if entry.kind is ExceptionKind.AMOUNT_MISMATCH and attempt is not None:
        await payments.unblock(attempt)
    if how is ExceptionEnd.WRITE_OFF:
        await post_end(tx, entry, UnappliedEnd.WRITE_OFF)
    if how is not ExceptionEnd.REFUND:
        return None
    await _check_is_there(tx, entry)
    method = attempt.method if attempt else None
    return await request_return(tx, gateways, entry, method, reason[:300], actor_id)


async def _check_is_there(tx: Tx, entry: StrandedMoney) -> None:
    """Refuse to send back what is not here any more."""
    if await Queues(tx.connection).is_voided(entry.gateway, entry.transaction_id):
        raise VoidedByGateway
    if await DisputeService(tx).has_taken(entry.gateway, entry.transaction_id):
        raise TakenByBank


async def settle_old(outside: Outside) -> None:
    """Send back second payments at once, and the rest after the time that the operator chose."""
    async with outside.database.transaction() as tx:
        policy = tx.policy(QueuePolicy)
    for kind in _IN_TIME:
        until = now() if kind in _AT_ONCE else now() - policy.refund_after
        after = 0
        while True:
            async with outside.database.read() as connection:
                entries = await Queues(connection).old(kind, until, after, _BATCH)
            for entry in entries:
                await _settle_one(outside, entry)
            if len(entries) < _BATCH:
                break
            after = entries[-1].id


async def _settle_one(outside: Outside, entry: StrandedMoney) -> None:
    reason = f"{entry.kind.value} sent back by rule"
    try:
        await resolve(outside, entry.id, ExceptionEnd.REFUND, reason, None)
    except (AlreadyResolved, TakenByBank, VoidedByGateway):
        return
    except Exception:
        # One entry that breaks must not keep the others from ending.
        log.exception("exception_not_settled", exception_id=entry.id)
