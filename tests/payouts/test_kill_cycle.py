"""kill -9 before and after every statement and commit of what pays vendors by the clock.

SQLite dies at every event; the servers, where a start costs more, at every third or seventh.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from mestore.earnings.jobs import ReleaseEarnings
from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.messages import Task
from mestore.kernel.outbox import Job, JobState
from mestore.ledger.types import release_key
from mestore.orders.types import PlacedOrder
from mestore.payouts.jobs import RunPayoutCycle
from mestore.payouts.models import PayoutRow
from mestore.settings import Settings
from tests.build import BuiltVendor
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.crash.shop import Processes, events_of, mortal
from tests.earnings.cashier import product_of, sold
from tests.payouts.desk import PESOS, Desk

pytestmark = pytest.mark.slow

Jobs = Callable[[], Awaitable[int]]
EACH = 20_000
NET = 11_305_000
"""What a vendor earns by one unit."""
DAY = timedelta(days=1)
LATER = timedelta(days=30)
"""When the right of withdrawal of what is delivered now has ended."""
LEASE = timedelta(minutes=6)


class Calendar:
    """Days on which workers run; between them it is today, for the test."""

    def __init__(self, processes: Processes, clock: MovedClock, run_jobs: Jobs, desk: Desk) -> None:
        self.processes = processes
        self.clock = clock
        self.run_jobs = run_jobs
        self.desk = desk
        self.ahead = timedelta(0)

    def turn_to(self, ahead: timedelta) -> None:
        """Let it be so much later for all processes from now on."""
        minutes = int(ahead / timedelta(minutes=1))
        self.processes.put_ahead(minutes)
        self.ahead = timedelta(minutes=minutes)

    @contextmanager
    def then(self, more: timedelta = timedelta(0)) -> Iterator[None]:
        """Let it be that day for the test, too."""
        self.clock.advance(self.ahead + more)
        yield
        self.clock.advance(-self.ahead - more)

    async def dies(self, task: Task, event: int) -> bool:
        """Have a worker do this, who may die of it; another one then goes on with it.

        False where the worker died of nothing, or of what came after.
        """
        with self.then():
            async with self.desk.database.transaction() as tx:
                tx.enqueue(task)
        if not self.processes.work(event):
            return False
        is_done = await self._is_done(task)
        # What a dead worker holds is given to another one when its lease is over.
        with self.then(LEASE):
            await self.run_jobs()
        return not is_done

    async def _is_done(self, task: Task) -> bool:
        query = select(Job.state).where(Job.message == type(task).__name__)
        async with self.desk.database.read() as connection:
            return set((await connection.execute(query)).scalars()) == {JobState.DONE}

    async def repeat(self, task: Task) -> None:
        """Do this once more on the same day."""
        with self.then(2 * LEASE):
            async with self.desk.database.transaction() as tx:
                tx.enqueue(task)
            await self.run_jobs()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A program whose operator wants the daily cycle."""
    settings.payout_cycle = "daily"
    return settings


def to_night() -> timedelta:
    """Return how long it is to four in the morning, after all other days of this file."""
    day = now().astimezone(BOGOTA).date() + 2 * LATER
    return datetime.combine(day, time(4), BOGOTA) - now()


async def test_vendors_are_paid_once_by_the_clock_wherever_the_worker_dies(
    desk: Desk, settings: Settings, run_jobs: Jobs, clock: MovedClock
) -> None:
    with mortal(settings) as processes:
        calendar = Calendar(processes, clock, run_jobs, desk)
        await what_was_earned_is_released_once(calendar)
        await each_vendor_is_paid_once_a_night(calendar)


async def what_was_earned_is_released_once(calendar: Calendar) -> None:
    desk, run_jobs = calendar.desk, calendar.run_jobs
    till, vendor = Till(desk.database, desk.build), await desk.build.vendor()
    product, orders = await product_of(till, vendor), list[PlacedOrder]()
    calendar.turn_to(LATER)
    for event in events_of(desk.database):
        orders.append(await sold(till, product))
        # What else was published is done first, so that only the release is left.
        await run_jobs()
        if not await calendar.dies(ReleaseEarnings(), event):
            break
    await calendar.repeat(ReleaseEarnings())
    assert event > 20
    entries = await till.entries()
    for order in orders:
        assert entries.count(release_key(order.id, vendor.id)) == 1
    balances = await till.balances()
    assert f"vendor:{vendor.id}:pending" not in balances
    assert balances[f"vendor:{vendor.id}:available"] == -len(orders) * NET
    assert await till.doctor() == []


async def each_vendor_is_paid_once_a_night(calendar: Calendar) -> None:
    desk = calendar.desk
    often, sometimes = await desk.vendor(0), await desk.vendor(0)
    nights: list[list[BuiltVendor]] = []
    await calendar.run_jobs()
    first = to_night()
    for event in events_of(desk.database):
        # Every third night the worker goes from one vendor on to the next one.
        due = [often] if len(nights) % 3 else [often, sometimes]
        for vendor in due:
            await desk.fund(vendor, EACH)
        calendar.turn_to(first + len(nights) * DAY)
        nights.append(due)
        if not await calendar.dies(RunPayoutCycle(), event):
            break
    await calendar.repeat(RunPayoutCycle())
    assert event > 30
    async with desk.database.read() as connection:
        rows = await connection.execute(select(PayoutRow.vendor_id, PayoutRow.amount_minor))
        found = sorted((vendor_id, amount) for vendor_id, amount in rows)
    paid = [vendor for due in nights for vendor in due]
    assert found == sorted((vendor.id, EACH * PESOS) for vendor in paid)
    for vendor in (often, sometimes):
        assert await desk.money(vendor) == (0, paid.count(vendor) * EACH)
    assert await desk.doctor() == []
