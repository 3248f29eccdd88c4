"""What is recommended beside a product, to a buyer, and where nobody has bought anything."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from mestore.checkout.types import Outside
from mestore.insights.jobs import RecomputeInsights, recompute_insights
from mestore.insights.service.recommend import OFTEN_ENOUGH
from mestore.kernel.db import Database
from mestore.orders.models import OrderItem
from tests.build import Build, BuiltProduct
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser
from tests.refunds.desk import ask_back, of_line

PATH = "/products/recommendations"


@pytest.fixture
def recompute(database: Database) -> Callable[[], Awaitable[None]]:
    """Runs the periodic job."""

    async def run() -> None:
        async with database.transaction() as tx:
            await recompute_insights(tx, RecomputeInsights())

    return run


async def read(client: httpx2.AsyncClient, **query: Any) -> dict[str, list[str]]:  # noqa: ANN401  any parameter
    answer = await client.get(PATH, **query)
    assert answer.status_code == 200, answer.text
    return {why: [each["id"] for each in found] for why, found in answer.json().items()}


def ids(*products: BuiltProduct) -> list[str]:
    return [str(product.id) for product in products]


async def test_what_is_bought_together_comes_in_order_of_how_often(
    client: httpx2.AsyncClient, build: Build, till: Till, recompute: Callable[[], Awaitable[None]]
) -> None:
    phone, case, charger, unpaid = [await build.product(stock=9) for _ in range(4)]
    for others in ((case,), (case, charger)):
        await till.settle_approved(await till.place(phone, *others))
    await till.place(phone, unpaid)
    await recompute()

    found = await read(client, params={"product_id": str(phone.id)})

    assert found["also_bought"] == ids(case, charger)
    assert str(phone.id) not in sum(found.values(), [])


async def test_similar_ones_are_of_the_category_and_near_in_price(
    client: httpx2.AsyncClient, build: Build
) -> None:
    category = await build.category()
    asked = await build.product(stock=1, category=category, price="10000")
    far = await build.product(stock=1, category=category, price="90000")
    near = await build.product(stock=1, category=category, price="11000")
    gone = await build.product(stock=0, category=category, price="10000")
    other = await build.product(stock=1, category=await build.category("Another"))

    found = await read(client, params={"product_id": str(asked.id)})

    assert found["similar"] == ids(near, far)
    assert found["popular"] == ids(other)
    assert str(gone.id) not in sum(found.values(), [])


async def test_a_buyer_is_shown_what_goes_with_what_they_bought(
    client: httpx2.AsyncClient,
    build: Build,
    till: Till,
    as_user: AsUser,
    recompute: Callable[[], Awaitable[None]],
) -> None:
    phone, case = [await build.product(stock=9) for _ in range(2)]
    await till.settle_approved(await till.place(phone, case))
    buyer = await build.user()
    await till.settle_approved(await till.place(phone, owner=owner_of(buyer)))
    await recompute()

    found = await read(client, headers=await as_user(buyer))

    assert found["personal"] == ids(case)
    assert found["popular"] == []
    assert (await read(client))["personal"] == []


async def test_a_shop_without_sales_still_shows_something(
    client: httpx2.AsyncClient, build: Build, recompute: Callable[[], Awaitable[None]]
) -> None:
    await recompute()
    assert await read(client) == {"also_bought": [], "similar": [], "personal": [], "popular": []}
    products = [await build.product(stock=1) for _ in range(3)]

    found = await read(client, params={"limit": 2})

    assert found["popular"] == ids(*reversed(products))[:2]


async def test_what_sold_most_is_popular(
    client: httpx2.AsyncClient, build: Build, till: Till, recompute: Callable[[], Awaitable[None]]
) -> None:
    few, many, none = [await build.product(stock=9) for _ in range(3)]
    await till.settle_approved(await till.place((few, 1), (many, 5)))
    await recompute()

    assert (await read(client))["popular"] == ids(many, few, none)


async def test_what_was_given_back_was_not_sold(
    client: httpx2.AsyncClient,
    build: Build,
    till: Till,
    outside: Outside,
    recompute: Callable[[], Awaitable[None]],
) -> None:
    kept, gone = [await build.product(stock=9) for _ in range(2)]
    order = await till.place((kept, 1), (gone, 5))
    await till.settle_approved(order)
    line = select(OrderItem.id).where(OrderItem.product_id == gone.id)
    async with till.database.read() as connection:
        item_id = (await connection.execute(line)).scalar_one()
    await ask_back(outside, order.id, of_line(item_id, 5))
    await recompute()

    assert (await read(client))["popular"] == ids(kept, gone)
    assert (await read(client, params={"product_id": str(kept.id)}))["also_bought"] == []


async def test_what_sold_out_leaves_its_place_to_what_sold_next(
    client: httpx2.AsyncClient, build: Build, till: Till, recompute: Callable[[], Awaitable[None]]
) -> None:
    gone = [await build.product(stock=9) for _ in range(OFTEN_ENOUGH + 1)]
    left, last = [await build.product(stock=9) for _ in range(2)]
    asked = await build.product(stock=9)
    await till.settle_approved(await till.place(*((each, 9) for each in gone), asked))
    await till.settle_approved(await till.place((left, 5), asked))
    await till.settle_approved(await till.place((last, 1), asked))
    await recompute()

    assert (await read(client, params={"limit": 1}))["popular"] == ids(left)
    beside = await read(client, params={"limit": 1, "product_id": str(asked.id)})
    assert len(beside["also_bought"]) == len(beside["popular"]) == 1


async def test_a_product_that_nobody_sees_has_none(
    client: httpx2.AsyncClient, build: Build
) -> None:
    hidden = await build.product(stock=1, approved=False)

    answer = await client.get(PATH, params={"product_id": str(hidden.id)})

    assert answer.status_code == 404
    assert (await client.get(PATH, params={"product_id": "x"})).status_code == 422
    assert (await client.get(PATH, params={"limit": 25})).status_code == 422


async def test_the_number_of_statements_does_not_grow(
    client: httpx2.AsyncClient,
    build: Build,
    till: Till,
    recompute: Callable[[], Awaitable[None]],
    statements: list[str],
) -> None:
    category = await build.category()
    asked = await build.product(stock=99, category=category)
    counts = []
    for size in (1, 10):
        for _ in range(size):
            other = await build.product(stock=9, category=category)
            await till.settle_approved(await till.place(asked, other))
        await recompute()
        statements.clear()
        await read(client, params={"product_id": str(asked.id)})
        counts.append(len(statements))

    assert counts[0] == counts[1]
