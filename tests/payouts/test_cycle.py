"""The daily cycle asks for each vendor once a day, at night, and for no one in vain."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import Uuid, bindparam, select, text

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


async def test_one_vendor_that_breaks_does_not_keep_the_others(
    desk: Desk, clock: MovedClock
) -> None:
    vendors = [await desk.vendor() for _ in range(3)]
    broken, *sound = sorted(vendors, key=lambda vendor: vendor.id)
    async with desk.database.transaction() as tx:
        # A word that no program wrote: a bug, or a hand in the database.
        wound = text("UPDATE payout_accounts SET document_type = 'XX' WHERE vendor_id = :vendor_id")
        of_vendor = {"vendor_id": broken.id}
        await tx.connection.execute(wound.bindparams(bindparam("vendor_id", type_=Uuid)), of_vendor)
    clock.advance(night())
    assert await run_cycle(desk.database) == 2
    assert await desk.money(broken) == (100_000, 0)
    for vendor in sound:
        assert await desk.money(vendor) == (0, 100_000)
