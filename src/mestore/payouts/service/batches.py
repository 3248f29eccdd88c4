"""Batches: approved payouts that leave together, and how each of them ended."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.ids import uuid7
from mestore.kernel.money import CURRENCY
from mestore.payouts.errors import (
    BatchNotFound,
    NotBatchable,
    NothingToSend,
    OwnPayout,
    ResultsNotTaken,
)
from mestore.payouts.repository.accounts import AccountRepository
from mestore.payouts.repository.batches import BatchRepository
from mestore.payouts.repository.payouts import PayoutRepository
from mestore.payouts.service.finish import give_back, pay_out
from mestore.payouts.service.world import PayoutWorld
from mestore.payouts.types import (
    ASKED_STATES,
    SENT_STATES,
    Applied,
    Batch,
    BatchState,
    Channel,
    DocumentType,
    LineEnd,
    LineResult,
    Payout,
    PayoutState,
)
from mestore.vendors.service import find_vendor_of

log = structlog.get_logger(__name__)

MOST_PAYOUTS = 1000
_STAFF_DECIDES_AFTER = timedelta(hours=24)
OVERDUE_AFTER = timedelta(days=5)
"""When staff looks at a payout without an end: banks need two workdays, and there are holidays."""
_EVERY = frozenset(DocumentType)


async def make_batch(
    tx: Tx,
    world: PayoutWorld,
    channel: Channel,
    payout_ids: Sequence[UUID] | None,
    actor_id: UUID | None,
) -> int:
    """Put approved payouts into a batch and return its id: these, or the oldest of all.

    What a file is for is SENT from then on; a provider's batch is sent after the commit.
    """
    world.check(channel)
    payouts = PayoutRepository(tx.connection)
    free = await payouts.hold_free(payout_ids, MOST_PAYOUTS)
    found = _fitting(world, channel, free, payout_ids)
    moment, is_file = now(), channel is Channel.BANK_FILE
    row = {
        "reference": f"PB-{uuid7().hex}",
        "channel": channel,
        "state": BatchState.SENT if is_file else BatchState.READY,
        "payout_count": len(found),
        "total_minor": sum(payout.amount_minor for payout in found),
        "currency": CURRENCY,
        "created_by": actor_id,
        "polls": 0,
        "poll_at": None if is_file else moment,
        "created_at": moment,
        "updated_at": moment,
        "sent_at": moment if is_file else None,
    }
    batch_id = await BatchRepository(tx.connection).add(row)
    sent = {"state": PayoutState.SENT, "sent_at": moment} if is_file else {}
    numbers = [payout.number for payout in found]
    if await payouts.put_into_batch(numbers, batch_id, channel=channel, **sent) != len(found):
        raise NotBatchable(ids="a payout")
    after = {"channel": channel, "payouts": len(found), "total_minor": row["total_minor"]}
    record(tx, Act.PAYOUT_BATCH_MADE, Subject.PAYOUT_BATCH, batch_id, after=after)
    return batch_id


def _fitting(
    world: PayoutWorld,
    channel: Channel,
    free: Sequence[Payout],
    payout_ids: Sequence[UUID] | None,
) -> list[Payout]:
    """Return what goes into the batch; every payout that was named has to."""
    documents = _EVERY
    if channel is Channel.WOMPI and world.provider is not None:
        documents = world.provider.documents
    found = [each for each in free if each.bank_account.document_type in documents]
    if payout_ids is not None:
        missing = set(payout_ids) - {payout.id for payout in found}
        if missing:
            raise NotBatchable(ids=", ".join(sorted(map(str, missing))[:5]))
    if not found:
        raise NothingToSend
    return found


async def note_results(
    world: PayoutWorld, batch_id: int, results: Sequence[LineResult], actor_id: UUID
) -> Applied:
    """Apply what a bank answered, each payout in its own transaction; a repeat changes nothing.

    A provider's batch is taken only for what has stayed UNKNOWN for a day. Raises `OwnPayout` where
    a payout is of somebody's own shop.
    """
    async with world.database.read() as connection:
        batch = await BatchRepository(connection).find(batch_id)
        payouts = await PayoutRepository(connection).of_batch(batch_id)
        own_shop = await find_vendor_of(connection, actor_id)
    if batch is None:
        raise BatchNotFound
    by_reference = {payout.reference: payout for payout in payouts}
    named = [by_reference[each.reference] for each in results if each.reference in by_reference]
    if own_shop and any(payout.vendor_id == own_shop.id for payout in named):
        raise OwnPayout
    if batch.channel is not Channel.BANK_FILE and not all(map(_is_left_to_staff, named)):
        raise ResultsNotTaken(channel=batch.channel.value)
    found: dict[str, list[str]] = {"applied": [], "repeated": [], "contradicted": []}
    unknown = [each.reference for each in results if each.reference not in by_reference]
    for result in results:
        payout = by_reference.get(result.reference)
        if payout is not None:
            found[await _note_one(world, batch, payout, result)].append(result.reference)
    await close_where_done(world, batch.id)
    lists = {name: tuple(references) for name, references in found.items()}
    return Applied(**lists, unknown=tuple(unknown))


def is_overdue(payout: Payout) -> bool:
    """Say whether a payout was sent so long ago that its end should be known."""
    return now() - (payout.sent_at or now()) > OVERDUE_AFTER


def _is_left_to_staff(payout: Payout) -> bool:
    is_old = now() - (payout.sent_at or now()) > _STAFF_DECIDES_AFTER
    return payout.state not in SENT_STATES or (is_old and payout.state is PayoutState.UNKNOWN)


async def _note_one(world: PayoutWorld, batch: Batch, payout: Payout, result: LineResult) -> str:
    if await apply_line(world, batch, payout, result):
        return "applied"
    async with world.database.read() as connection:
        present = await PayoutRepository(connection).find(payout.id)
    ended_so = present is not None and present.state.value == result.end.value
    return "repeated" if ended_so else "contradicted"


async def apply_line(world: PayoutWorld, batch: Batch, payout: Payout, result: LineResult) -> bool:
    """Apply what is said of one payout; False where it has ended, or nothing new is said."""
    is_its_amount = result.amount_minor in (None, payout.amount_minor)
    waiting = PayoutState.UNKNOWN if is_overdue(payout) else PayoutState.SENT
    is_news = payout.state is not waiting or result.end is not LineEnd.PENDING
    if payout.state not in SENT_STATES or (is_its_amount and not is_news):
        return False
    async with world.database.transaction() as tx:
        if not is_its_amount:
            log.error("payout_of_another_amount", payout=payout.reference)
            payouts, doubt = PayoutRepository(tx.connection), "AMOUNT_MISMATCH"
            to = PayoutState.UNKNOWN
            await payouts.move(payout.id, SENT_STATES, to, in_batch=batch.id, code=doubt)
            return False
        match result.end:
            case LineEnd.PAID:
                return await _paid(tx, batch, payout, result)
            case LineEnd.FAILED:
                return await _failed(tx, payout, result)
            case LineEnd.PENDING:
                return await _wait(tx, batch, payout, waiting)


async def _wait(tx: Tx, batch: Batch, payout: Payout, to: PayoutState) -> bool:
    payouts = PayoutRepository(tx.connection)
    moved = await payouts.move(payout.id, (payout.state,), to, in_batch=batch.id)
    if moved and to is PayoutState.UNKNOWN:
        log.error("payout_never_ended", payout=payout.reference, sent_at=payout.sent_at)
    return moved


async def _paid(tx: Tx, batch: Batch, payout: Payout, result: LineResult) -> bool:
    bank_reference = result.bank_reference
    if not await pay_out(tx, payout, SENT_STATES, batch.channel, bank_reference):
        return False
    after = {"batch_id": batch.id, "amount_minor": payout.amount_minor}
    record(tx, Act.PAYOUT_PAID, Subject.PAYOUT, payout.id, after=after)
    return True


async def _failed(tx: Tx, payout: Payout, result: LineResult) -> bool:
    to, code = PayoutState.FAILED, (result.code or "FAILED")[:100]
    if not await give_back(tx, payout, SENT_STATES, to, code=code):
        return False
    if result.is_of_account:
        # The next payout would end alike: its owner looks at the account first.
        await AccountRepository(tx.connection).reject(payout.vendor_id, payout.bank_account)
    after = {"code": code, "amount_minor": payout.amount_minor}
    record(tx, Act.PAYOUT_FAILED, Subject.PAYOUT, payout.id, after=after)
    return True


async def call_off(tx: Tx, batch_id: int) -> bool:
    """Take a batch apart that was not sent; its payouts may go into another one."""
    ended = {"poll_at": None, "ended_at": now(), "code": "CALLED_OFF"}
    batches = BatchRepository(tx.connection)
    if await batches.find(batch_id) is None:
        raise BatchNotFound
    if not await batches.move(batch_id, (BatchState.READY,), BatchState.REFUSED, **ended):
        return False
    payouts = PayoutRepository(tx.connection)
    await payouts.of_batch(batch_id, held=True)
    approved, free = PayoutState.APPROVED, {"batch_id": None, "channel": None}
    await payouts.move_batch(batch_id, (approved,), approved, **free)
    record(tx, Act.PAYOUT_BATCH_CALLED_OFF, Subject.PAYOUT_BATCH, batch_id)
    return True


async def close_where_done(world: PayoutWorld, batch_id: int) -> bool:
    """End a batch of which every payout has ended."""
    async with world.database.read() as connection:
        payouts = await PayoutRepository(connection).of_batch(batch_id)
    if any(payout.state in SENT_STATES for payout in payouts):
        return False
    async with world.database.transaction() as tx:
        ended = {"poll_at": None, "ended_at": now()}
        batches = BatchRepository(tx.connection)
        return await batches.move(batch_id, ASKED_STATES, BatchState.DONE, **ended)
