"""The daily cycle asks for each vendor once a day, at night, and for no one in vain."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from mestore.kernel.clock import BOGOTA, now
from mestore.payouts.models import PayoutRow
from mestore.payouts.service.cycle import run_cycle
from mestore.settings import Settings
from tests.conftest import MovedClock
from tests.payouts.desk import Desk, other


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A program whose operator wants the daily cycle."""
    settings.payout_cycle = "daily"
    return settings


def night(days: int = 1) -> timedelta:
    """Return how long it is to four in the morning, so many days on."""
    day = now().astimezone(BOGOTA).date() + timedelta(days=days)
    return datetime.combine(day, time(4), BOGOTA) - now()


async def test_each_vendor_is_paid_once_a_night(desk: Desk, clock: MovedClock) -> None:
    rich, poor = await desk.vendor(100_000), await desk.vendor(9_999)
    moved, nowhere = await desk.vendor(), await desk.vendor(account=None)
    clock.advance(night())
    await desk.name(moved, other())
    assert await run_cycle(desk.database) == 1
    assert await run_cycle(desk.database) == 0
    assert await desk.money(rich) == (0, 100_000)
    for vendor, pesos in ((poor, 9_999), (moved, 100_000), (nowhere, 100_000)):
        assert await desk.money(vendor) == (pesos, 0)
    await desk.fund(rich, 20_000)
    assert await run_cycle(desk.database) == 0
    clock.advance(timedelta(hours=24))
    assert await run_cycle(desk.database) == 1
    assert await desk.money(rich) == (0, 120_000)
    async with desk.database.read() as connection:
        asked = (await connection.execute(select(PayoutRow.requested_by))).scalars().all()
    assert asked == [None, None]
    assert await desk.doctor() == []


async def test_by_day_nothing_is_asked_for(desk: Desk, clock: MovedClock) -> None:
    vendor = await desk.vendor()
    clock.advance(night() + timedelta(hours=8))
    assert await run_cycle(desk.database) == 0
    assert await desk.money(vendor) == (100_000, 0)
