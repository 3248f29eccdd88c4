"""How products did: what is counted, once, on which day, for whom to see."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.bootstrap import App
from mestore.carts.events import AddedToCart
from mestore.checkout.types import Outside
from mestore.insights.jobs import PurgeProductDays, purge_product_days
from mestore.insights.models import ProductDay
from mestore.insights.repository.days import DayRepository
from mestore.insights.service.counting import MOST_SEEN, CountingService
from mestore.insights.types.days import KEPT, DayCount
from mestore.kernel.clock import now, today_in_bogota
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.build import Build, BuiltProduct
from tests.carts.calls import add
from tests.checkout.till import Till
from tests.conftest import AsUser, MovedClock
from tests.insights.conftest import Read
from tests.refunds.desk import ask_back, of_line

RunJobs = Callable[[], Awaitable[int]]


def guest(name: str) -> dict[str, str]:
    return {"Session-ID": f"guest-{name}-00000001"}


async def look(
    client: httpx2.AsyncClient, product: BuiltProduct, headers: dict[str, str] | None = None
) -> None:
    answer = await client.get(f"/products/{product.id}", headers=headers)
    assert answer.status_code in {200, 304}, answer.text


async def views(program: App, product: BuiltProduct) -> int:
    await program.visit_log.flush()
    async with program.database.read() as connection:
        query = select(ProductDay.views).where(ProductDay.product_id == product.id)
        return sum((await connection.execute(query)).scalars())


async def put_day(
    database: Database,
    product: BuiltProduct,
    day: date,
    *,
    views: int = 0,
    orders: int = 0,
    sales_minor: int = 0,
) -> None:
    count = DayCount(
        day=day,
        product_id=product.id,
        vendor_id=product.vendor.id,
        views=views,
        orders=orders,
        sales_minor=sales_minor,
    )
    async with database.transaction() as tx:
        await DayRepository(tx.connection).count([count])


async def test_a_sale_is_counted_from_the_first_look_to_the_refund(
    client: httpx2.AsyncClient,
    build: Build,
    program: App,
    till: Till,
    outside: Outside,
    run_jobs: RunJobs,
    as_user: AsUser,
    read: Read,
) -> None:
    product = await build.product(stock=9, price="10000")
    for name in ("one", "two", "three", "four"):
        await look(client, product, guest(name))
    await program.visit_log.flush()
    await add(client, product, 2, guest("one"))
    order = await till.place((product, 2))
    await till.settle_approved(order)
    await run_jobs()
    owner = await as_user(product.vendor.owner)
    before = (await read(owner))["products"]
    await ask_back(outside, order.id, of_line(order.lines[0].id))
    await run_jobs()

    found = await read(owner)

    assert before[0] == {
        "product_id": str(product.id),
        "vendor_id": str(product.vendor.id),
        "name": before[0]["name"],
        "sku": product.sku,
        "slug": product.slug,
        "is_deleted": False,
        "views": 4,
        "carts": 1,
        "orders": 1,
        "units": 2,
        "refunded_units": 0,
        "sales": 23800,
        "refunds": 0,
        "revenue": 23800,
        "conversion": 25,
    }
    changed = {"refunded_units": 1, "refunds": 11900, "revenue": 11900}
    assert found["products"] == [before[0] | changed]
    (of_all,) = found["products"]
    assert found["totals"] == {name: of_all[name] for name in found["totals"]}
    assert found["pagination"]["total"] == 1

    assert (await client.delete(f"/products/{product.id}", headers=owner)).status_code == 204
    assert (await read(owner))["products"] == [of_all | {"is_deleted": True}]
    today = today_in_bogota()
    days = {"date_from": str(today - timedelta(days=29)), "date_to": str(today)}
    assert (found["period"], found["currency"]) == (days, "COP")


async def test_a_line_that_grows_and_an_order_count_once(
    build: Build,
    till: Till,
    run_jobs: RunJobs,
    as_user: AsUser,
    read: Read,
    client: httpx2.AsyncClient,
) -> None:
    product = await build.product(stock=9)
    for _ in range(3):
        await add(client, product)
    await till.settle_approved(await till.place(product))
    await run_jobs()
    assert await run_jobs() == 0

    totals = (await read(await as_user(product.vendor.owner)))["totals"]

    assert (totals["carts"], totals["orders"], totals["units"]) == (1, 1, 1)


async def test_an_unpaid_order_is_no_sale(
    build: Build, till: Till, run_jobs: RunJobs, as_user: AsUser, read: Read
) -> None:
    product = await build.product(stock=9)
    await till.place(product)
    await run_jobs()

    assert (await read(await as_user(product.vendor.owner)))["products"] == []


async def test_the_same_visitor_counts_once_an_hour_also_from_the_cache(
    client: httpx2.AsyncClient, build: Build, program: App, clock: MovedClock
) -> None:
    product = await build.product()
    for _ in range(3):
        await look(client, product, guest("one"))
    await client.get(f"/products/{product.slug}", headers=guest("one"))
    assert await views(program, product) == 1
    await look(client, product, guest("two"))
    await look(client, product)
    await look(client, product)
    assert await views(program, product) == 3
    clock.advance(timedelta(minutes=61))
    await look(client, product, guest("one"))

    assert await views(program, product) == 4


async def test_its_vendor_staff_and_robots_are_no_visitors(
    client: httpx2.AsyncClient, build: Build, program: App, as_user: AsUser
) -> None:
    product = await build.product()
    for user in (product.vendor.owner, await build.user(UserType.ADMIN)):
        await look(client, product, await as_user(user))
    await look(client, product, {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    await client.get(f"/products/{product.id}/variants", headers=guest("one"))
    await client.get(f"/products/{uuid7()}", headers=guest("one"))
    assert await views(program, product) == 0

    await look(client, product, await as_user(await build.user()))
    await look(client, product, await as_user((await build.vendor()).owner))

    assert await views(program, product) == 2


async def test_nothing_that_tells_who_a_visitor_is_stays_in_memory(
    client: httpx2.AsyncClient, build: Build, program: App
) -> None:
    await look(client, await build.product(), guest("secret"))

    kept = repr(vars(program.visit_log))

    assert "guest-secret" not in kept
    assert "127.0.0.1" not in kept


async def test_visitors_are_forgotten_before_they_cost_memory(build: Build, program: App) -> None:
    product = await build.product()
    ids = (str(product.id), str(product.vendor.id))
    for number in range(MOST_SEEN + 10):
        program.visit_log.note(*ids, str(number).encode())

    assert len(program.visit_log._seen) == MOST_SEEN
    assert await views(program, product) == MOST_SEEN + 10


async def test_visits_wait_for_a_database_that_is_away(
    client: httpx2.AsyncClient,
    build: Build,
    program: App,
    database: Database,
    database_away: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product = await build.product()
    await look(client, product, guest("one"))
    monkeypatch.setattr(program.visit_log, "database", database_away)
    with pytest.raises(ConnectionRefusedError):
        await program.visit_log.flush()
    await look(client, product, guest("two"))
    monkeypatch.setattr(program.visit_log, "database", database)

    assert await views(program, product) == 2


async def test_workers_that_count_the_same_products_lose_nothing(
    build: Build, program: App, database: Database, clock: MovedClock
) -> None:
    products = [await build.product() for _ in range(3)]
    async with database.transaction() as tx:
        for product in products * 8:
            tx.publish(AddedToCart(product.id, product.vendor.id, now().isoformat()))
    workers = [program.worker() for _ in range(3)]

    while sum(await asyncio.gather(*(worker.run_due() for worker in workers))):
        # Who collided with another one tries again a moment later.
        clock.advance(timedelta(minutes=1))

    async with database.read() as connection:
        rows = (await connection.execute(select(ProductDay.product_id, ProductDay.carts))).all()
    assert {tuple(row) for row in rows} == {(product.id, 8) for product in products}


async def test_days_are_those_of_bogota_and_both_are_included(
    build: Build, database: Database, as_user: AsUser, read: Read
) -> None:
    product = await build.product()
    for day in (1, 2, 3, 4):
        await put_day(database, product, date(2026, 3, day), views=10**day)
    owner = await as_user(product.vendor.owner)

    found = await read(owner, date_from="2026-03-02", date_to="2026-03-03")

    assert found["totals"]["views"] == 1100
    evening = (now() - timedelta(days=3)).replace(hour=3, minute=30)
    async with database.transaction() as tx:
        await CountingService(tx).note_cart(product.id, product.vendor.id, evening)
    day_before = str((evening - timedelta(days=1)).date())
    found = await read(owner, date_from=day_before, date_to=day_before)
    assert found["totals"]["carts"] == 1


async def test_products_come_in_the_order_asked_for_and_in_pages(
    build: Build, database: Database, as_user: AsUser, read: Read
) -> None:
    vendor, today = await build.vendor(), today_in_bogota()
    products = [await build.product(vendor=vendor) for _ in range(5)]
    for number, product in enumerate(products):
        sales, views = (5 - number) * 100, number * number * 10
        await put_day(database, product, today, views=views, orders=number, sales_minor=sales)
    owner = await as_user(vendor.owner)

    def places(found: dict[str, Any]) -> list[int]:
        ids = [str(product.id) for product in products]
        return [ids.index(each["product_id"]) for each in found["products"]]

    assert places(await read(owner)) == [0, 1, 2, 3, 4]
    assert places(await read(owner, sort="revenue")) == [4, 3, 2, 1, 0]
    assert places(await read(owner, sort="-views")) == [4, 3, 2, 1, 0]
    # One in ten, in twenty, in thirty, in forty; nobody looked at the first one.
    by_conversion = await read(owner, sort="-conversion")
    assert places(by_conversion) == [1, 2, 3, 4, 0]
    assert [each["conversion"] for each in by_conversion["products"]] == [10, 5, 3.33, 2.5, None]
    behind = await read(owner, page=9)
    assert (behind["products"], behind["pagination"]["total"]) == ([], 5)
    for sort in ("-conversion", "-revenue", "units"):
        found = await read(owner, sort=sort, per_page=2)
        walked = places(found)
        while cursor := found["pagination"]["next"]:
            found = await read(owner, sort=sort, per_page=2, cursor=cursor)
            walked += places(found)
        assert sorted(walked) == [0, 1, 2, 3, 4]
        assert walked == places(await read(owner, sort=sort))


async def test_a_vendor_sees_its_own_and_staff_everybodys(
    client: httpx2.AsyncClient, build: Build, database: Database, as_user: AsUser, read: Read
) -> None:
    mine, other = await build.product(), await build.product()
    for product in (mine, other):
        await put_day(database, product, today_in_bogota(), views=1)
    owner = await as_user(mine.vendor.owner)
    admin = await as_user(await build.user(UserType.ADMIN))

    assert [each["product_id"] for each in (await read(owner))["products"]] == [str(mine.id)]
    assert (await read(admin))["totals"]["views"] == 2
    of_one = await read(admin, vendor_id=str(other.vendor.id))
    assert [each["product_id"] for each in of_one["products"]] == [str(other.id)]
    for headers, vendor_id in ((owner, other.vendor.id), (admin, uuid7())):
        query = {"vendor_id": str(vendor_id)}
        answer = await client.get("/products/analytics", headers=headers, params=query)
        assert (answer.status_code, answer.json()["code"]) == (404, "VENDOR_NOT_FOUND")
    buyer = await as_user(await build.user())
    assert (await client.get("/products/analytics", headers=buyer)).status_code == 403
    assert (await client.get("/products/analytics")).status_code == 401


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("date_from=2026-03-02&date_to=2026-03-01", "PERIOD_TOO_LONG"),
        ("date_from=2025-01-01&date_to=2026-01-02", "PERIOD_TOO_LONG"),
        ("date_from=2025-01-01&date_to=2026-01-01", None),
        ("date_from=2026-03-02T00:00:00Z", "VALIDATION_FAILED"),
        ("date_to=0001-01-01", "VALIDATION_FAILED"),
        ("sort=price", "UNKNOWN_SORT"),
        ("per_page=101", "INVALID_PAGE"),
    ],
)
async def test_periods_are_bounded(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, query: str, code: str | None
) -> None:
    headers = await as_user(await build.user(UserType.ADMIN))
    answer = await client.get(f"/products/analytics?{query}", headers=headers)
    assert answer.json().get("code") == code
    assert answer.status_code == (422 if code else 200)


async def test_more_products_take_no_more_statements(
    build: Build, database: Database, as_user: AsUser, read: Read, statements: list[str]
) -> None:
    vendor, today = await build.vendor(), today_in_bogota()
    owner = await as_user(vendor.owner)
    taken = []
    for number in (1, 20):
        for _ in range(number):
            await put_day(database, await build.product(vendor=vendor), today, views=1)
        statements.clear()
        await read(owner, per_page=100)
        taken.append(len(statements))

    assert taken[0] == taken[1] <= 5


async def test_old_days_are_forgotten(build: Build, database: Database) -> None:
    product, today = await build.product(), today_in_bogota()
    for day in (today - KEPT - timedelta(days=1), today - KEPT, today):
        await put_day(database, product, day, views=1)

    async with database.transaction() as tx:
        await purge_product_days(tx, PurgeProductDays())

    async with database.read() as connection:
        days = list((await connection.execute(select(ProductDay.day))).scalars())
    assert sorted(days) == [today - KEPT, today]
