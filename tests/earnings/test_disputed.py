"""Disputes beside releases: what is disputed waits, and the books stay right."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mestore.commissions.types import CommissionStatus
from mestore.disputes.types import DisputeState
from mestore.earnings.errors import DisputeRunning
from mestore.earnings.models import Release
from mestore.earnings.types import Month, Purpose
from mestore.earnings.views.statements import page_of_lines
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.disputes.court import decide, hear, told
from tests.earnings.cashier import LONG, has, product_of, release, run, statuses, terms

NET = 11_305_000


@pytest.mark.parametrize("state", [DisputeState.WON, DisputeState.LOST])
async def test_a_running_dispute_keeps_a_part_back(
    till: Till, database: Database, clock: MovedClock, state: DisputeState
) -> None:
    vendor = await till.build.vendor()
    order = await till.place(await product_of(till, vendor))
    attempt = await till.settle_approved(order)
    await till.deliver(order)
    await hear(till, attempt, told(attempt))
    assert (await has(database, vendor.id)).get(Purpose.HELD) == NET

    clock.advance(LONG)
    await run(database)
    with pytest.raises(DisputeRunning):
        await release(database, order.id, vendor.id)
    assert Purpose.AVAILABLE not in await has(database, vendor.id)
    assert await till.doctor() == []

    await decide(till, state)
    clock.advance(timedelta(hours=2))
    await run(database)
    left = {Purpose.AVAILABLE: NET} if state is DisputeState.WON else {}
    assert await has(database, vendor.id) == left
    assert f"release:{order.id}:{vendor.id}" in await till.entries()
    assert await till.doctor() == []


async def test_a_dispute_after_the_release_is_taken_from_what_may_be_drawn(
    till: Till, database: Database, clock: MovedClock
) -> None:
    vendor = await till.build.vendor()
    await terms(database, vendor.id, 10, 30)
    order = await till.place(await product_of(till, vendor))
    attempt = await till.settle_approved(order)
    await till.deliver(order)
    clock.advance(LONG)
    await run(database)
    kept = NET // 10

    await hear(till, attempt, told(attempt))

    assert await has(database, vendor.id) == {
        Purpose.AVAILABLE: -kept,
        Purpose.RESERVE: kept,
        Purpose.HELD: NET,
    }
    assert await till.doctor() == []
    clock.advance(timedelta(days=31))
    await run(database)
    assert (await has(database, vendor.id))[Purpose.RESERVE] == kept
    await decide(till, DisputeState.LOST)
    clock.advance(timedelta(hours=2))
    await run(database)
    assert await has(database, vendor.id) == {}
    assert await till.doctor() == []


@pytest.mark.parametrize("is_released_first", [True, False])
async def test_a_loss_that_is_corrected_leaves_the_commission_approved(
    till: Till, database: Database, clock: MovedClock, is_released_first: bool
) -> None:
    vendor = await till.build.vendor()
    order = await till.place(await product_of(till, vendor))
    attempt = await till.settle_approved(order)
    await till.deliver(order)
    if is_released_first:
        clock.advance(LONG)
        await run(database)
    await hear(till, attempt, told(attempt))
    await decide(till, DisputeState.LOST)
    assert await statuses(database, order.id) == [CommissionStatus.REVERSED]
    if not is_released_first:
        clock.advance(LONG)
        await run(database)

    await decide(till, DisputeState.WON, correct=True)

    # Nothing releases the part again: it would be PENDING for ever.
    assert await statuses(database, order.id) == [CommissionStatus.APPROVED]
    assert await has(database, vendor.id) == {Purpose.AVAILABLE: NET}
    assert await till.doctor() == []


async def test_a_statement_shows_each_vendor_the_commission_that_a_loss_gave_up(
    till: Till, database: Database
) -> None:
    vendors = [await till.build.vendor() for _ in range(2)]
    prices = ("100000", "60000")
    products = [await product_of(till, *one) for one in zip(vendors, prices, strict=True)]
    order = await till.place(*products)
    attempt = await till.settle_approved(order)

    await hear(till, attempt, told(attempt))
    await decide(till, DisputeState.LOST)
    await decide(till, DisputeState.WON, correct=True)

    shown = []
    for vendor in vendors:
        async with database.read() as connection:
            lines = await page_of_lines(connection, vendor.id, Month.of(now()), 0, 50)
        shown.append(
            [
                (line.gross_minor, line.commission_minor, line.tax_minor)
                for line in lines
                if line.kind == "DISPUTE"
            ]
        )
    assert shown == [
        [(-11_900_000, 500_000, 95_000), (11_900_000, -500_000, -95_000)],
        [(-7_140_000, 300_000, 57_000), (7_140_000, -300_000, -57_000)],
    ]
    assert await till.doctor() == []


async def test_the_doctor_finds_a_release_that_the_ledger_does_not_have(
    till: Till, database: Database
) -> None:
    vendor = await till.build.vendor()
    order = await till.place(await product_of(till, vendor))
    await till.settle_approved(order)
    await till.deliver(order)
    await run(database)
    async with database.transaction() as tx:
        await tx.connection.execute(update(Release).values(released_at=now()))

    assert set(await till.doctor()) == {
        f"vendor {vendor.id}, available: the ledger owes 0, the orders {NET}",
        f"vendor {vendor.id}, pending: the ledger owes {NET}, the orders 0",
    }
