"""What tests of jobs share: a handler that writes, tasks to do, and a look at the table of jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import select

from mestore.kernel.db import Database, Tx
from mestore.kernel.jobs import InTransaction, Route
from mestore.kernel.outbox import Job, JobState
from tests.kernel.things import Count, add, eventually, words


async def write(tx: Tx, task: Count) -> None:
    """Write one thing for one task; a second time is a conflict."""
    await add(tx, f"number {task.number:03}")


WRITE = Route(Count, "count", InTransaction(write))


async def send(database: Database, *numbers: int, run_at: datetime | None = None) -> None:
    """Enqueue one task for each number."""
    async with database.transaction() as tx:
        for number in numbers:
            tx.enqueue(Count(number), run_at=run_at)


async def states(database: Database) -> list[tuple[JobState, int, str | None]]:
    """Return (state, tries, error) of every job, in order of writing."""
    query = select(Job.state, Job.tries, Job.error).order_by(Job.id)
    async with database.read() as connection:
        found = await connection.execute(query)
        return [(row.state, row.tries, row.error) for row in found]


@asynccontextmanager
async def processes(database: Database, url: str, number: int) -> AsyncIterator[list[Database]]:
    """Lend databases as that many processes would open them, with the test's outbox."""
    opened = [Database(url, outbox=database.outbox) for _ in range(number)]
    try:
        yield opened
    finally:
        for each in opened:
            await each.close()


async def one_is_written(database: Database) -> None:
    """Wait until the job of number 1 has had its effect."""

    async def is_written() -> bool:
        return await words(database) == ["number 001"]

    await eventually(is_written)
