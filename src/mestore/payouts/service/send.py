"""Sending a batch to its provider once, and following it to the end of each of its payouts."""

from datetime import datetime, timedelta

import structlog

from mestore.kernel.clock import now
from mestore.payouts.errors import (
    BatchRefused,
    ChannelUnavailable,
    NotSubmitted,
    OutcomeUnknown,
)
from mestore.payouts.ports import PayoutChannel
from mestore.payouts.repository.batches import BatchRepository
from mestore.payouts.repository.payouts import PayoutRepository
from mestore.payouts.service.batches import apply_line, close_where_done, is_overdue
from mestore.payouts.service.world import PayoutWorld
from mestore.payouts.types import (
    ASKED_STATES,
    SENT_STATES,
    Batch,
    BatchOrder,
    BatchStanding,
    BatchState,
    LineEnd,
    LineResult,
    Payout,
    PayoutState,
)

log = structlog.get_logger(__name__)

_ASK_FIRST_AFTER = timedelta(minutes=1)
_NOT_RECEIVED_AFTER = timedelta(minutes=15)
_NOT_RECEIVED_POLLS = 2
_UNKNOWN_WAITS = tuple(timedelta(seconds=each) for each in (10, 30, 120, 600, 1800))
_SENT_WAITS = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60))
_NO_ANSWER = (BatchState.SENDING, BatchState.UNKNOWN)
_ON_THE_WAY = (PayoutState.SENT, PayoutState.UNKNOWN)


async def send(world: PayoutWorld, batch_id: int) -> None:
    """Send a batch that waits for it; who claims it first sends it, nobody twice."""
    provider = world.provider
    if provider is None:
        return
    async with world.database.transaction() as tx:
        moment, batches = now(), BatchRepository(tx.connection)
        claim = {"sent_at": moment, "poll_at": moment + _ASK_FIRST_AFTER, "polls": 0}
        if not await batches.move(batch_id, (BatchState.READY,), BatchState.SENDING, **claim):
            return
        payouts = PayoutRepository(tx.connection)
        await payouts.of_batch(batch_id, held=True)
        approved, to = (PayoutState.APPROVED,), PayoutState.SENT
        await payouts.move_batch(batch_id, approved, to, sent_at=moment)
        batch = await batches.find(batch_id)
        lines = tuple(await payouts.of_batch(batch_id))
    if batch is not None:
        await _call(world, provider, batch, lines)


async def _call(
    world: PayoutWorld, provider: PayoutChannel, batch: Batch, lines: tuple[Payout, ...]
) -> None:
    try:
        standing = await provider.send(BatchOrder(batch.reference, lines))
    except NotSubmitted:
        await _unclaim(world, batch)
    except BatchRefused as refusal:
        await _release(world, batch, str(refusal.details.get("reason", refusal.code)))
    except OutcomeUnknown as error:
        log.warning("payout_batch_unknown", batch=batch.reference, why=str(error))
        await _doubt(world, batch)
    else:
        await _apply(world, batch, standing)


async def _unclaim(world: PayoutWorld, batch: Batch) -> None:
    """Let a batch that surely did not reach its provider be sent later, under the same key."""
    async with world.database.transaction() as tx:
        again = {"polls": 0, "poll_at": now() + _ASK_FIRST_AFTER, "sent_at": None}
        batches = BatchRepository(tx.connection)
        if await batches.move(batch.id, _NO_ANSWER, BatchState.READY, **again):
            payouts, back = PayoutRepository(tx.connection), PayoutState.APPROVED
            await payouts.of_batch(batch.id, held=True)
            await payouts.move_batch(batch.id, _ON_THE_WAY, back, sent_at=None)


async def _release(world: PayoutWorld, batch: Batch, reason: str) -> None:
    """End a batch that its provider refused; its payouts may go into another one."""
    async with world.database.transaction() as tx:
        ended = {"poll_at": None, "ended_at": now(), "code": reason[:300]}
        batches = BatchRepository(tx.connection)
        if await batches.move(batch.id, _NO_ANSWER, BatchState.REFUSED, **ended):
            payouts = PayoutRepository(tx.connection)
            await payouts.of_batch(batch.id, held=True)
            free = {"batch_id": None, "channel": None, "sent_at": None}
            await payouts.move_batch(batch.id, _ON_THE_WAY, PayoutState.APPROVED, **free)


async def _doubt(world: PayoutWorld, batch: Batch) -> None:
    """Note that nobody knows whether a batch arrived."""
    async with world.database.transaction() as tx:
        batches = BatchRepository(tx.connection)
        if await batches.move(batch.id, _NO_ANSWER, BatchState.UNKNOWN, **_next(batch, now())):
            payouts = PayoutRepository(tx.connection)
            await payouts.of_batch(batch.id, held=True)
            await payouts.move_batch(batch.id, (PayoutState.SENT,), PayoutState.UNKNOWN)


async def follow(world: PayoutWorld, batch: Batch) -> None:
    """Send what waits for it; ask about what was sent."""
    if batch.state is BatchState.READY:
        await send(world, batch.id)
        return
    if batch.state not in ASKED_STATES:
        return
    try:
        if world.provider is None:
            raise ChannelUnavailable
        standing = await world.provider.find(batch.reference, batch.provider_id)
    except ChannelUnavailable:
        log.warning("payout_provider_did_not_answer", batch=batch.reference)
        await _wait(world, batch)
        return
    if standing is not None:
        await _apply(world, batch, standing)
    elif _was_not_received(batch):
        await _unclaim(world, batch)
    else:
        await _wait(world, batch)


async def _wait(world: PayoutWorld, batch: Batch) -> None:
    """Ask later; unless it had an answer before, nobody can say how a batch ends."""
    if batch.state is not BatchState.SENT:
        await _doubt(world, batch)
        return
    await _postpone(world, batch)
    async with world.database.read() as connection:
        payouts = await PayoutRepository(connection).of_batch(batch.id)
    for payout in filter(is_overdue, payouts):
        await apply_line(world, batch, payout, LineResult(payout.reference, LineEnd.PENDING))


async def _apply(world: PayoutWorld, batch: Batch, standing: BatchStanding) -> None:
    """Apply what the provider says of a batch and of each of its payouts."""
    async with world.database.transaction() as tx:
        batches = BatchRepository(tx.connection)
        known = {"provider_id": standing.provider_id, **_next(batch, now(), is_known=True)}
        if not await batches.move(batch.id, ASKED_STATES, BatchState.SENT, **known):
            return
    async with world.database.read() as connection:
        payouts = await PayoutRepository(connection).of_batch(batch.id)
    said = {line.reference: line for line in standing.lines}
    for payout in payouts:
        line = said.get(payout.reference) or _unsaid(batch, standing, payout)
        if payout.state in SENT_STATES:
            await apply_line(world, batch, payout, line)
        elif line.end.value not in (LineEnd.PENDING, payout.state):
            # Staff ended it otherwise meanwhile: one of them is wrong about money.
            log.error("payout_ended_otherwise", payout=payout.reference, at_provider=line.end.value)
    await close_where_done(world, batch.id)


def _unsaid(batch: Batch, standing: BatchStanding, payout: Payout) -> LineResult:
    """Return what it means that a batch has no such line: not taken, once that is sure."""
    is_absent = standing.is_final and _is_old(batch) and batch.polls >= _NOT_RECEIVED_POLLS
    if is_absent:
        return LineResult(payout.reference, LineEnd.FAILED, code="NOT_TAKEN")
    return LineResult(payout.reference, LineEnd.PENDING)


async def _postpone(world: PayoutWorld, batch: Batch) -> None:
    async with world.database.transaction() as tx:
        batches = BatchRepository(tx.connection)
        await batches.move(batch.id, (batch.state,), batch.state, **_next(batch, now()))


def _next(batch: Batch, moment: datetime, *, is_known: bool = False) -> dict[str, object]:
    """Return when the provider is asked again: soon where nobody knows, then ever later."""
    waits = _SENT_WAITS if is_known else _UNKNOWN_WAITS
    wait = waits[min(batch.polls, len(waits) - 1)]
    return {"polls": batch.polls + 1, "poll_at": moment + wait}


def _is_old(batch: Batch) -> bool:
    return now() - (batch.sent_at or batch.created_at) > _NOT_RECEIVED_AFTER


def _was_not_received(batch: Batch) -> bool:
    """Say whether a provider that knows nothing of a batch may be believed by now."""
    return _is_old(batch) and batch.polls >= _NOT_RECEIVED_POLLS and batch.provider_id is None
