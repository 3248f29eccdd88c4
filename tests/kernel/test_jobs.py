"""Jobs: due ones run once, failures are retried and buried, dead workers are replaced."""

import asyncio
import sqlite3
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from mestore.kernel import jobs
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx, in_transaction
from mestore.kernel.jobs import InTransaction, Route, Worker
from mestore.kernel.outbox import Job, JobState, Outbox
from tests.conftest import MovedClock
from tests.kernel.things import Count, Noted, add, words
from tests.kernel.work import WRITE, processes, send, states, write


class Broken(Exception):
    """What a handler of these tests raises."""


async def test_a_due_job_runs_and_is_done(things: Database) -> None:
    await send(things, 1)
    worker = Worker(things, [WRITE])
    assert await worker.run_due() == 1
    assert await words(things) == ["number 001"]
    assert await states(things) == [(JobState.DONE, 1, None)]
    assert await worker.run_due() == 0


async def test_a_job_waits_for_its_time(things: Database, clock: MovedClock) -> None:
    await send(things, 1, run_at=now() + timedelta(minutes=10))
    worker = Worker(things, [WRITE])
    assert await worker.run_due() == 0
    clock.advance(timedelta(minutes=11))
    assert await worker.run_due() == 1
    assert await words(things) == ["number 001"]


async def test_the_longest_due_jobs_are_in_the_first_batch(things: Database) -> None:
    moment = now()
    for number in range(jobs.BATCH + 5):
        await send(things, number, run_at=moment - timedelta(minutes=number))
    assert await Worker(things, [WRITE]).run_due() == jobs.BATCH
    newest = [f"number {number:03}" for number in range(5, jobs.BATCH + 5)]
    assert await words(things) == newest


async def test_each_handler_of_an_event_has_a_job_of_its_own(things: Database) -> None:
    async def fine(tx: Tx, event: Noted) -> None:
        await add(tx, event.word)

    async def broken(_: Noted) -> None:
        raise Broken

    async with things.transaction() as tx:
        tx.publish(Noted("hello"))
    routes = [Route(Noted, "first", broken), Route(Noted, "second", InTransaction(fine))]
    await Worker(things, routes).run_due()
    assert await words(things) == ["hello"]
    assert [(state, tries) for state, tries, _ in await states(things)] == [
        (JobState.READY, 1),
        (JobState.DONE, 1),
    ]


async def test_a_handler_outside_a_transaction_may_wait_for_the_network(things: Database) -> None:
    seen: list[bool] = []

    async def look(_: Count) -> None:
        seen.append(in_transaction())

    await send(things, 1)
    await Worker(things, [Route(Count, "count", look)]).run_due()
    assert seen == [False]
    assert await states(things) == [(JobState.DONE, 1, None)]


async def test_a_handler_that_fails_rolls_its_writes_and_messages_back(things: Database) -> None:
    async def write_and_break(tx: Tx, task: Count) -> None:
        await add(tx, "half")
        tx.publish(Noted("half"))
        raise Broken(f"number {task.number}")

    await send(things, 4)
    await Worker(things, [Route(Count, "count", InTransaction(write_and_break))]).run_due()
    assert await words(things) == []
    assert await states(things) == [(JobState.READY, 1, "Broken: number 4")]


async def test_a_handler_can_send_further_messages(things: Database) -> None:
    async def pass_on(tx: Tx, event: Noted) -> None:
        tx.enqueue(Count(len(event.word)))

    async def ignore(_: Noted) -> None:
        return

    async with things.transaction() as tx:
        tx.publish(Noted("seven.."))
    routes = [
        Route(Noted, "first", InTransaction(pass_on)),
        Route(Noted, "second", ignore),
        WRITE,
    ]
    worker = Worker(things, routes)
    assert [await worker.run_due(), await worker.run_due(), await worker.run_due()] == [2, 1, 0]
    assert await words(things) == ["number 007"]


@pytest.mark.parametrize("transactional", [True, False])
async def test_a_hundred_jobs_and_four_workers_have_each_effect_once(
    things: Database, engine_url: str, transactional: bool
) -> None:
    runs: Counter[int] = Counter()

    async def count_in_transaction(tx: Tx, task: Count) -> None:
        runs[task.number] += 1
        await write(tx, task)

    async def count(task: Count) -> None:
        runs[task.number] += 1

    handler = InTransaction(count_in_transaction) if transactional else count
    await send(things, *range(100))

    async def work(database: Database) -> None:
        worker = Worker(database, [Route(Count, "count", handler)])
        while await worker.run_due():
            pass

    async with processes(things, engine_url, 4) as databases:
        await asyncio.gather(*(work(each) for each in databases))
    assert runs == Counter(range(100))
    assert await states(things) == [(JobState.DONE, 1, None)] * 100
    expected = [f"number {number:03}" for number in range(100)] if transactional else []
    assert await words(things) == expected


async def test_a_dead_workers_job_is_taken_over_when_its_lease_ends(
    things: Database, clock: MovedClock
) -> None:
    started = asyncio.Event()

    async def hang(_: Count) -> None:
        started.set()
        await asyncio.sleep(60)

    await send(things, 1)
    dying = asyncio.create_task(Worker(things, [Route(Count, "count", hang)]).run_due())
    await started.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)

    heir = Worker(things, [WRITE])
    assert await heir.run_due() == 0
    clock.advance(jobs.LEASE - timedelta(seconds=5))
    assert await heir.run_due() == 0
    clock.advance(timedelta(seconds=10))
    assert await heir.run_due() == 1
    assert await words(things) == ["number 001"]
    assert await states(things) == [(JobState.DONE, 2, None)]


async def test_a_worker_that_lost_its_lease_writes_nothing(
    things: Database, clock: MovedClock
) -> None:
    started, taken_over = asyncio.Event(), asyncio.Event()

    async def slow(_: Count) -> None:
        started.set()
        await taken_over.wait()

    await send(things, 1)
    late = asyncio.create_task(Worker(things, [Route(Count, "count", slow)]).run_due())
    await started.wait()
    clock.advance(jobs.LEASE * 2)
    await Worker(things, [WRITE]).run_due()
    before = await states(things)
    taken_over.set()
    assert await late == 1
    assert await states(things) == before == [(JobState.DONE, 2, None)]


async def test_a_transaction_that_lost_its_lease_is_rolled_back(
    things: Database, clock: MovedClock
) -> None:
    async def lose(tx: Tx, task: Count) -> None:
        await write(tx, task)
        other = update(Job).values(claimed_by="another", claimed_until=now() + jobs.LEASE)
        await tx.connection.execute(other)

    await send(things, 1)
    assert await Worker(things, [Route(Count, "count", InTransaction(lose))]).run_due() == 1
    assert await words(things) == []
    assert await states(things) == [(JobState.READY, 1, None)]
    clock.advance(jobs.LEASE * 2)
    await Worker(things, [WRITE]).run_due()
    assert await words(things) == ["number 001"]


async def test_failures_back_off_until_the_job_is_dead(things: Database, clock: MovedClock) -> None:
    waits: list[float] = []

    async def fail(task: Count) -> None:
        raise Broken(f"number {task.number}")

    await send(things, 1)
    worker = Worker(things, [Route(Count, "count", fail)])
    for _ in range(jobs.MAXIMUM_TRIES - 1):
        assert await worker.run_due() == 1
        assert await worker.run_due() == 0
        async with things.read() as connection:
            due = (await connection.execute(select(Job.run_at))).scalar_one()
        waits.append((due - now()).total_seconds())
        clock.advance(due - now() + timedelta(seconds=1))
    assert await worker.run_due() == 1
    assert await states(things) == [(JobState.DEAD, jobs.MAXIMUM_TRIES, "Broken: number 1")]
    assert all(
        0.7 * 2**number < wait <= 1.2 * 2**number for number, wait in enumerate(waits, start=1)
    )
    clock.advance(timedelta(days=30))
    assert await worker.run_due() == 0
    assert await jobs.count_by_state(things) == {"DEAD": 1}


@pytest.mark.parametrize("losses", [1, jobs.RETRIES_AT_ONCE, jobs.RETRIES_AT_ONCE + 1])
async def test_a_job_that_lost_to_a_rival_is_tried_again_at_once(
    things: Database, losses: int
) -> None:
    tries = 0

    async def lose(tx: Tx, task: Count) -> None:
        nonlocal tries
        tries += 1
        await write(tx, task)
        if tries <= losses:
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))

    await send(things, 1)
    worker = Worker(things, [Route(Count, "count", InTransaction(lose))])
    runs = [await worker.run_due() for _ in range(jobs.RETRIES_AT_ONCE + 2)]
    is_done = losses <= jobs.RETRIES_AT_ONCE
    assert sum(runs) == tries == min(losses, jobs.RETRIES_AT_ONCE) + 1
    assert await words(things) == (["number 001"] if is_done else [])
    assert (await states(things))[0][0] is (JobState.DONE if is_done else JobState.READY)


def test_the_back_off_doubles_up_to_an_hour() -> None:
    for tries, seconds in [(1, 2), (2, 4), (5, 32), (11, 2048), (12, 3600), (1000, 3600)]:
        found = [jobs.backoff(tries).total_seconds() for _ in range(50)]
        assert min(found) >= 0.8 * seconds
        assert max(found) <= 1.2 * seconds
        assert len(set(found)) > 1


async def test_a_dead_letter_can_be_revived(things: Database, clock: MovedClock) -> None:
    async def fail(_: Count) -> None:
        raise Broken

    await send(things, 1)
    broken = Worker(things, [Route(Count, "count", fail)])
    for _ in range(jobs.MAXIMUM_TRIES):
        await broken.run_due()
        clock.advance(timedelta(hours=2))
    async with things.read() as connection:
        number = (await connection.execute(select(Job.id))).scalar_one()
    async with things.transaction() as tx:
        assert not await jobs.revive_dead(tx, number + 1)
        assert await jobs.revive_dead(tx, number)
        assert not await jobs.revive_dead(tx, number)
    await Worker(things, [WRITE]).run_due()
    assert await words(things) == ["number 001"]
    assert [state for state, _, _ in await states(things)] == [JobState.DONE]


async def test_the_burial_of_a_job_is_told_unless_nobody_understands_the_job(
    things: Database,
) -> None:
    async def fail(_: Noted) -> None:
        raise Broken

    def told(message: Noted) -> Count:
        return Count(int(message.word))

    worker = Worker(things, [Route(Noted, "first", fail, told), WRITE])
    async with things.transaction() as tx:
        tx.publish(Noted("not understood"))
        tx.publish(Noted("7"))
    async with things.transaction() as tx:
        every = update(Job).values(tries=jobs.MAXIMUM_TRIES - 1)
        await tx.connection.execute(every)
        first = update(Job).where(Job.id == await _first(things))
        await tx.connection.execute(first.values(payload={}))
    await worker.run_due()
    await worker.run_due()
    assert await words(things) == ["number 007"]


@pytest.mark.parametrize(
    ("handler", "payload", "error"),
    [
        ("nobody", {"number": 1}, "KeyError"),
        ("count", {"number": "one"}, "ValidationError"),
        ("count", {}, "ValidationError"),
    ],
)
async def test_a_job_that_nobody_understands_fails_without_stopping_the_others(
    things: Database, handler: str, payload: dict[str, object], error: str
) -> None:
    await send(things, 1, 2)
    async with things.transaction() as tx:
        first = update(Job).where(Job.payload.is_not(None), Job.id == await _first(things))
        await tx.connection.execute(first.values(handler=handler, payload=payload))
    assert await Worker(things, [WRITE]).run_due() == 2
    assert await words(things) == ["number 002"]
    (state, tries, text_of_error), other = await states(things)
    assert (state, tries) == (JobState.READY, 1)
    assert text_of_error is not None
    assert text_of_error.startswith(f"{error}:")
    assert other == (JobState.DONE, 1, None)


async def _first(database: Database) -> int:
    async with database.read() as connection:
        found = await connection.execute(select(Job.id).order_by(Job.id).limit(1))
        return found.scalar_one()


async def test_a_long_error_is_cut_to_what_the_table_holds(things: Database) -> None:
    async def fail(_: Count) -> None:
        raise Broken("ñ" * 100_000)

    await send(things, 1)
    await Worker(things, [Route(Count, "count", fail)]).run_due()
    ((_, _, error),) = await states(things)
    assert error == ("Broken: " + "ñ" * 100_000)[:2000]


async def test_an_error_with_unstorable_characters_is_stored_too(things: Database) -> None:
    async def fail(_: Count) -> None:
        raise Broken("a\0b\ud800c")

    await send(things, 1)
    await Worker(things, [Route(Count, "count", fail)]).run_due()
    ((state, tries, error),) = await states(things)
    assert (state, tries) == (JobState.READY, 1)
    assert error == "Broken: ab?c"


async def test_a_job_is_not_buried_while_the_database_is_away(
    things: Database, clock: MovedClock
) -> None:
    async def fail(_: Count) -> None:
        raise ConnectionResetError

    await send(things, 1)
    worker = Worker(things, [Route(Count, "count", fail)])
    for _ in range(jobs.MAXIMUM_TRIES + 3):
        assert await worker.run_due() == 1
        clock.advance(timedelta(hours=2))
    assert (await states(things))[0][0] is JobState.READY


async def test_done_jobs_are_purged_after_two_days_and_others_stay(
    things: Database, clock: MovedClock
) -> None:
    await send(things, 1)
    await Worker(things, [WRITE]).run_due()
    await send(things, 2, run_at=now() + timedelta(days=90))
    async with things.transaction() as tx:
        assert await jobs.purge_done(tx) == 0
    clock.advance(timedelta(days=2, minutes=1))
    async with things.transaction() as tx:
        assert await jobs.purge_done(tx) == 1
    assert await states(things) == [(JobState.READY, 0, None)]


async def test_counts_by_state_say_how_much_waits(things: Database) -> None:
    assert await jobs.count_by_state(things) == {}
    await send(things, 1, 2)
    await send(things, 3, run_at=now() + timedelta(days=1))
    await Worker(things, [WRITE]).run_due()
    assert await jobs.count_by_state(things) == {"DONE": 2, "READY": 1}


def test_an_outbox_delivers_one_row_a_handler() -> None:
    outbox = Outbox({Noted: ("first", "second"), Count: ()})
    assert [row["handler"] for row in outbox.rows(Noted("x"))] == ["first", "second"]
    assert outbox.rows(Count(1)) == []


async def test_a_job_that_takes_its_worker_down_every_time_is_buried(things: Database) -> None:
    await send(things, 1)
    async with things.transaction() as tx:
        await tx.connection.execute(update(Job).values(tries=jobs.MAXIMUM_TRIES))
    await Worker(things, [WRITE]).run_due()
    assert await words(things) == []
    assert [state for state, *_ in await states(things)] == [JobState.DEAD]
