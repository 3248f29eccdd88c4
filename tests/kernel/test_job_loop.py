"""The job loop: periodic work once over all processes, woken by commits, stopped in good order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from mestore.kernel import db, jobs
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.jobs import InTransaction, Periodic, Route, Worker
from mestore.kernel.outbox import JobState
from tests.conftest import MovedClock
from tests.kernel.things import Count, eventually, words
from tests.kernel.work import WRITE, one_is_written, processes, send, states, write


async def _run_for(workers: list[Worker], done: Callable[[], Awaitable[bool]]) -> None:
    """Run loops until something is so, at most five seconds."""
    loops = [asyncio.create_task(worker.run()) for worker in workers]
    await eventually(done)
    for worker in workers:
        worker.stop()
    await asyncio.gather(*loops)


async def test_a_periodic_message_runs_once_a_slot_over_two_workers(
    things: Database, engine_url: str, clock: MovedClock
) -> None:
    runs: list[int] = []

    async def run(task: Count) -> None:
        runs.append(task.number)

    hourly = [Periodic(Count(60), timedelta(hours=1))]
    # The middle of a slot, so that the test does not straddle two.
    clock.advance(timedelta(seconds=3600 + 1800 - now().timestamp() % 3600))

    async with processes(things, engine_url, 2) as databases:
        for expected in ([60], [60, 60]):
            workers = [Worker(each, [Route(Count, "count", run)], hourly) for each in databases]

            async def ran(expected: list[int] = expected) -> bool:
                return len(runs) >= len(expected) and await _none_ready(things)

            await _run_for(workers, ran)
            assert runs == expected
            clock.advance(timedelta(hours=1))
    assert await states(things) == [(JobState.DONE, 1, None)] * 2


async def _none_ready(database: Database) -> bool:
    return "READY" not in await jobs.count_by_state(database)


async def test_a_slow_job_holds_up_no_other(things: Database) -> None:
    over = asyncio.Event()
    runs: list[int] = []

    async def run(task: Count) -> None:
        runs.append(task.number)
        if task.number == 0:
            await over.wait()

    worker = Worker(things, [Route(Count, "count", run)])
    loop = asyncio.create_task(worker.run())

    async def ran(number: int) -> bool:
        return number in runs

    for number in range(3):
        await send(things, number)
        await eventually(partial(ran, number))

    async def the_others_are_done() -> bool:
        ended = [state for state, _, _ in await states(things)]
        return ended == [JobState.READY, JobState.DONE, JobState.DONE]

    await eventually(the_others_are_done)

    worker.stop()
    await asyncio.sleep(0.05)
    assert not loop.done()
    over.set()
    await loop
    assert [state for state, _, _ in await states(things)] == [JobState.DONE] * 3


async def test_the_loop_is_woken_by_a_commit(things: Database) -> None:
    worker = Worker(things, [WRITE])
    worker.poll_seconds = 60
    loop = asyncio.create_task(worker.run())
    await asyncio.sleep(0.05)
    await send(things, 1)
    await one_is_written(things)
    worker.stop()
    async with asyncio.timeout(30):
        await loop


async def test_stop_lets_a_running_job_end(things: Database) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx, task: Count) -> None:
        started.set()
        await go_on.wait()
        await write(tx, task)

    await send(things, 1)
    worker = Worker(things, [Route(Count, "count", InTransaction(slow))])
    loop = asyncio.create_task(worker.run())
    await started.wait()
    worker.stop()
    go_on.set()
    async with asyncio.timeout(30):
        await loop
    assert await words(things) == ["number 001"]


async def test_the_loop_outlives_a_pool_that_is_exhausted(
    things: Database, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "POOL_WAIT_SECONDS", 0.05)
    small = Database(engine_url, outbox=things.outbox, pool_size=1)
    await send(things, 1)
    holds, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with small.transaction():
            holds.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await holds.wait()
    worker = Worker(small, [WRITE])
    worker.poll_seconds = 0.02
    loop = asyncio.create_task(worker.run())
    await asyncio.sleep(0.3)
    assert not loop.done()
    done.set()
    await holder
    await one_is_written(things)
    worker.stop()
    await loop
    await small.close()


async def test_the_loop_outlives_a_database_that_is_away(things: Database, engine_url: str) -> None:
    worker = Worker(things, [WRITE])
    worker.poll_seconds = 0.02
    rename = "ALTER TABLE {} RENAME TO {}"
    async with things.transaction() as tx:
        await tx.connection.execute(text(rename.format("jobs", "jobs_away")))
    loop = asyncio.create_task(worker.run())
    await asyncio.sleep(0.2)
    running = not loop.done()
    async with things.transaction() as tx:
        await tx.connection.execute(text(rename.format("jobs_away", "jobs")))
    assert running
    await send(things, 1)
    await one_is_written(things)
    worker.stop()
    await loop


def test_two_routes_may_not_have_one_name() -> None:
    with pytest.raises(ValueError, match="two routes have one name"):
        Worker(Database("sqlite+aiosqlite:///unused.db"), [WRITE, WRITE])
