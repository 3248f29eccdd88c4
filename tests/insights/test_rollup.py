"""What products come to by vendor and day, and the lists that need not add up every product."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from mestore.accounts.types import UserType
from mestore.insights.jobs import RankDays, RankRecentDays, rank_days, rank_recent_days
from mestore.insights.models import BestProduct, ProductDay, VendorDay
from mestore.insights.repository.days import DayRepository
from mestore.insights.service import ranking
from mestore.insights.types.days import EVERYBODY, LEAST, LISTED, DayCount, Figure, Span
from mestore.insights.views import analytics
from mestore.insights.views.agreement import disagreeing_days
from mestore.kernel.clock import today_in_bogota
from mestore.kernel.db import Database
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.ids import uuid7
from mestore.operations.doctor import examine
from tests.build import Build
from tests.conftest import AsUser
from tests.insights.conftest import Read

RANKED_FROM = LEAST[Span.DAY]


async def count(database: Database, counts: list[DayCount]) -> None:
    """Count in one transaction; who lost to another one tries again, as workers do."""
    for _ in range(20):
        try:
            async with database.transaction() as tx:
                await DayRepository(tx.connection).count(counts)
        except DBAPIError as error:
            if fault_of(error) is not Fault.RETRY:
                raise
            await asyncio.sleep(random.uniform(0, 0.05))
        else:
            return
    raise AssertionError("never counted")


async def disagreeing(database: Database) -> list[tuple[UUID, date]]:
    async with database.read() as connection:
        return list(await disagreeing_days(connection))


async def totals_of(database: Database, vendor_id: UUID) -> dict[str, int]:
    names = ("products", *(figure.value for figure in Figure))
    async with database.read() as connection:
        query = select(VendorDay).where(VendorDay.vendor_id == vendor_id)
        rows = (await connection.execute(query)).mappings().all()
    return {name: sum(row[name] for row in rows) for name in names}


def many(vendor_id: UUID, number: int, day: date) -> list[DayCount]:
    """Return a day of so many products: each sold once, the later the better."""
    return [
        DayCount(
            day=day,
            product_id=uuid7(),
            vendor_id=vendor_id,
            views=number - place,
            orders=1,
            units=1,
            sales_minor=(place + 1) * 100,
        )
        for place in range(number)
    ]


async def test_days_of_vendors_are_what_their_products_come_to_after_concurrent_counts(
    database: Database,
) -> None:
    chance = random.Random(20260314)
    vendors = [uuid7() for _ in range(3)]
    products = [(uuid7(), chance.choice(vendors)) for _ in range(14)]
    days = [today_in_bogota() - timedelta(days=back) for back in range(2)]

    def batch() -> list[DayCount]:
        return [
            DayCount(
                day=chance.choice(days),
                product_id=product_id,
                vendor_id=vendor_id,
                **{figure.value: chance.randrange(9) for figure in Figure},
            )
            for product_id, vendor_id in chance.sample(products, chance.randint(1, 10))
        ]

    batches = [[batch() for _ in range(6)] for _ in range(5)]

    async def write(mine: list[list[DayCount]]) -> None:
        for each in mine:
            await count(database, each)

    await asyncio.gather(*(write(mine) for mine in batches))

    assert await disagreeing(database) == []
    counts = [each for mine in batches for some in mine for each in some]
    for vendor_id in (*vendors, EVERYBODY):
        told = [each for each in counts if vendor_id in {each.vendor_id, EVERYBODY}]
        names = [figure.value for figure in Figure]
        expected = {name: sum(asdict(each)[name] for each in told) for name in names}
        rows = len({(each.day, each.product_id) for each in told})
        assert await totals_of(database, vendor_id) == {"products": rows, **expected}


async def test_what_is_rolled_back_is_counted_nowhere(database: Database) -> None:
    await count(database, many(uuid7(), 2, today_in_bogota()))
    before = await totals_of(database, EVERYBODY)

    async def fail() -> None:
        async with database.transaction() as tx:
            await DayRepository(tx.connection).count(many(uuid7(), 3, today_in_bogota()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await totals_of(database, EVERYBODY) == before
    assert await disagreeing(database) == []


async def test_nothing_to_count_counts_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await DayRepository(tx.connection).count([])

    assert await totals_of(database, EVERYBODY) == dict.fromkeys(
        ("products", *(figure.value for figure in Figure)), 0
    )


async def test_the_doctor_finds_a_day_that_is_not_what_its_products_come_to(
    database: Database,
) -> None:
    vendor_id, today = uuid7(), today_in_bogota()
    await count(database, many(vendor_id, 2, today))
    async with database.read() as connection:
        assert await examine(connection) == []
    async with database.transaction() as tx:
        more = update(VendorDay).where(VendorDay.vendor_id == vendor_id).values(carts=1)
        await tx.connection.execute(more)
        nothing = dict.fromkeys((figure.value for figure in Figure), 0)
        lost = {"day": today - timedelta(days=1), "product_id": uuid7(), "vendor_id": vendor_id}
        await tx.connection.execute(insert(ProductDay), lost | nothing)

    yesterday = today - timedelta(days=1)
    found = await disagreeing(database)
    assert set(found) == {(vendor_id, today), (vendor_id, yesterday), (EVERYBODY, yesterday)}
    async with database.read() as connection:
        assert len(await examine(connection)) == 3


async def rank(database: Database) -> None:
    await rank_recent_days(RankRecentDays(), database=database)
    await rank_days(RankDays(), database=database)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers add up only a few rows, so that tests need not write twenty thousand."""
    monkeypatch.setattr(analytics, "MOST_READ", RANKED_FROM)


async def best(database: Database) -> list[tuple[Any, ...]]:
    columns = (
        BestProduct.vendor_id,
        BestProduct.span,
        BestProduct.figure,
        BestProduct.day,
        BestProduct.product_id,
    )
    async with database.read() as connection:
        rows = await connection.execute(select(*columns, BestProduct.amount).order_by(*columns))
        return [tuple(row) for row in rows]


@pytest.mark.usefixtures("short")
async def test_a_long_list_has_the_best_and_its_totals_count_all(
    build: Build, database: Database, as_user: AsUser, read: Read
) -> None:
    today = today_in_bogota()
    staff = await as_user(await build.user(UserType.ADMIN))
    counts = many(uuid7(), LISTED + 20, today)
    await count(database, counts)
    # What was not sold on a day still belongs to the figures of what is listed.
    last = counts[-1]
    yesterday = DayCount(
        day=today - timedelta(days=1),
        product_id=last.product_id,
        vendor_id=last.vendor_id,
        refunds_minor=last.sales_minor,
    )
    await count(database, [yesterday])
    unranked = await read(staff)
    await rank(database)

    found = await read(staff, per_page=100)

    assert (unranked["lists_all"], unranked["pagination"]["total"]) == (True, LISTED + 20)
    assert (found["lists_all"], found["pagination"]["total"]) == (False, LISTED)
    assert found["totals"] == unranked["totals"]
    assert found["totals"]["orders"] == LISTED + 20
    # It sold most, and all of it was given back.
    assert unranked["products"][0]["product_id"] == str(counts[-2].product_id)
    listed = found["products"]
    listed += (await read(staff, per_page=100, page=2))["products"]
    expected = [str(each.product_id) for each in reversed(counts[20:-1])] + [str(last.product_id)]
    assert [each["product_id"] for each in listed] == expected
    assert (listed[0]["sales"], listed[-1]["revenue"]) == ((LISTED + 19), 0)
    by_views = await read(staff, sort="-views")
    assert by_views["products"][0]["product_id"] == str(counts[0].product_id)
    # Only one was given back: the list goes on with others.
    by_refunds = await read(staff, sort="-refunds")
    assert by_refunds["products"][0]["product_id"] == str(last.product_id)
    assert by_refunds["pagination"]["total"] == LISTED + 1


@pytest.mark.usefixtures("short")
async def test_a_vendors_long_list_has_only_its_own_best(
    build: Build, database: Database, as_user: AsUser, read: Read
) -> None:
    vendor, today = await build.vendor(), today_in_bogota()
    mine = many(vendor.id, RANKED_FROM + 1, today)
    await count(database, mine + many(uuid7(), RANKED_FROM + 1, today))
    await rank(database)

    found = await read(await as_user(vendor.owner), per_page=100)

    ids = [str(each.product_id) for each in reversed(mine)]
    assert [each["product_id"] for each in found["products"]] == ids
    assert found["lists_all"] is False
    assert found["totals"]["orders"] == len(mine)


async def test_days_are_ranked_once_and_again_when_more_is_counted(
    database: Database, statements: list[str]
) -> None:
    vendor_id, today = uuid7(), today_in_bogota()
    old = today - timedelta(days=700)
    for day, number in ((today, RANKED_FROM), (old, RANKED_FROM - 1)):
        await count(database, many(vendor_id, number, day))
    await rank(database)
    first = await best(database)
    statements.clear()
    await rank(database)

    assert {each.split()[0] for each in statements} == {"SELECT"}
    assert await best(database) == first
    days = [each for each in first if each[1] is Span.DAY]
    # Views, orders, units and sales; the other day had too few products of a vendor.
    assert len(days) == 4 * (2 * RANKED_FROM + RANKED_FROM - 1)
    late = DayCount(day=old, product_id=uuid7(), vendor_id=vendor_id, sales_minor=1)
    await count(database, [late])
    await rank(database)
    ranked = {each[:4] for each in await best(database) if each[-2] == late.product_id}
    assert {each[:3] for each in ranked} == {
        (vendor_id, Span.DAY, Figure.SALES),
        (EVERYBODY, Span.DAY, Figure.SALES),
        (EVERYBODY, Span.MONTH, Figure.SALES),
    }


async def test_what_is_too_much_for_one_job_is_left_to_others(
    database: Database, monkeypatch: pytest.MonkeyPatch, run_jobs: Callable[[], Awaitable[int]]
) -> None:
    monkeypatch.setattr(ranking, "MOST_AT_ONCE", 2)
    days = [today_in_bogota() - timedelta(days=back) for back in range(100, 105)]
    for day in days:
        await count(database, many(uuid7(), 1, day))

    await rank_days(RankDays(), database=database)
    some = {each[3] for each in await best(database) if each[1] is Span.DAY}
    await run_jobs()

    assert 0 < len(some) < len(days)
    assert {each[3] for each in await best(database) if each[1] is Span.DAY} == set(days)


@pytest.mark.usefixtures("short")
async def test_what_sells_every_day_and_never_most_is_among_the_best(
    build: Build, database: Database, as_user: AsUser, read: Read
) -> None:
    first = (today_in_bogota() - timedelta(days=100)).replace(day=1)
    steady = DayCount(day=first, product_id=uuid7(), vendor_id=uuid7(), sales_minor=90)
    for after in range(5):
        of_day = first + timedelta(days=after)
        others = [replace(each, sales_minor=100) for each in many(uuid7(), LISTED, of_day)]
        await count(database, [*others, replace(steady, day=of_day)])
    await rank(database)
    staff = await as_user(await build.user(UserType.ADMIN))

    found = await read(
        staff,
        date_from=str(first + timedelta(days=1)),
        date_to=str(first + timedelta(days=4)),
    )

    assert found["lists_all"] is False
    best_one = found["products"][0]
    assert (best_one["product_id"], best_one["sales"]) == (str(steady.product_id), 3.6)


@pytest.mark.usefixtures("short")
async def test_more_products_take_no_more_statements_of_staff(
    build: Build, database: Database, as_user: AsUser, read: Read, statements: list[str]
) -> None:
    staff = await as_user(await build.user(UserType.ADMIN))
    taken = []
    for number in (LISTED, 2 * LISTED):
        await count(database, many(uuid7(), number, today_in_bogota()))
        await rank(database)
        statements.clear()
        await read(staff, per_page=100)
        taken.append(len(statements))

    assert taken[0] == taken[1] <= 6
