"""A product's stock over HTTP: its vendor and staff read and change it, nobody else."""

import asyncio
from typing import Any

import httpx2
import msgspec
import pytest
from pydantic import BaseModel
from sqlalchemy import func, select

from mestore.accounts.types import UserType
from mestore.catalog.models import Product
from mestore.inventory.models import StockMovement
from mestore.inventory.schemas import InventoryOut, LevelOut
from mestore.inventory.service import InventoryService
from mestore.inventory.types import Demand
from mestore.inventory.views import InventoryView, LevelView
from mestore.kernel.db import Database
from tests.build import Build, BuiltProduct
from tests.conftest import SignIn


async def movements(database: Database) -> int:
    async with database.read() as connection:
        counted = await connection.execute(select(func.count()).select_from(StockMovement))
        return int(counted.scalar_one())


async def reserve(database: Database, product: BuiltProduct, units: int) -> None:
    async with database.transaction() as tx:
        demand = Demand(product.variant_id, product.id, units)
        await InventoryService(tx).reserve(1, [demand])


def at(product: BuiltProduct, path: str = "") -> str:
    return f"/products/{product.id}/inventory{path}"


def level(
    product: BuiltProduct, on_hand: int, reserved: int = 0, **other: object
) -> dict[str, Any]:
    return {
        "variant_id": str(product.variant_id),
        "sku": product.sku,
        "location": "Principal",
        "on_hand": on_hand,
        "reserved": reserved,
        "available": on_hand - reserved,
        **other,
    }


async def test_the_owner_and_staff_see_what_there_is(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    product = await build.product(stock=10)
    await reserve(database, product, 4)
    admin = await build.user(UserType.ADMIN)

    for email in (product.vendor.owner.email, admin.email):
        answer = await client.get(at(product), headers=await sign_in(email))
        assert answer.status_code == 200
        assert answer.json() == {
            "product_id": str(product.id),
            "levels": [level(product, 10, 4)],
            "low_stock_threshold": 5,
        }


async def test_nobody_else_reads_or_changes_it(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    product = await build.product(stock=10)
    buyer, rival = await build.user(), await build.vendor()
    callers = [
        ({}, 401),
        (await sign_in(buyer.email), 403),
        (await sign_in(rival.owner.email), 404),
    ]

    for headers, status in callers:
        answers = [
            await client.get(at(product), headers=headers),
            await client.put(at(product), json={"levels": [{"on_hand": 1}]}, headers=headers),
            await client.post(
                at(product, "/adjust"), json={"delta": 1, "reason": "mine"}, headers=headers
            ),
        ]
        assert [answer.status_code for answer in answers] == [status] * 3

    assert await build.stock_of(product.variant_id) == (10, 0)
    assert await movements(database) == 1


async def test_levels_and_threshold_are_set(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    product = await build.product(stock=10, variants=1)
    headers = await sign_in(product.vendor.owner.email)
    body = {
        "levels": [
            {"variant_id": str(product.variant_id), "on_hand": 3, "expected_on_hand": 10},
            {
                "variant_id": str(product.variant_ids[0]),
                "on_hand": 8,
                "location": " Bodega norte ",
            },
        ],
        "low_stock_threshold": 2,
    }

    answer = await client.put(at(product), json=body, headers=headers)

    other: dict[str, Any] = {"variant_id": str(product.variant_ids[0]), "sku": f"{product.sku}-1"}
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "product_id": str(product.id),
        "levels": [
            level(product, 3),
            level(product, 10, **other),
            level(product, 8, **other, location="Bodega norte"),
        ],
        "low_stock_threshold": 2,
    }
    assert (await client.get(at(product), headers=headers)).json() == answer.json()
    assert await movements(database) == 4
    async with database.read() as connection:
        version = await connection.execute(select(Product.version).where(Product.id == product.id))
        assert version.scalar_one() == 2


async def test_a_variant_that_never_had_stock_is_shown_empty_and_can_be_filled(
    client: httpx2.AsyncClient, build: Build, sign_in: SignIn
) -> None:
    vendor = await build.vendor()
    headers = await sign_in(vendor.owner.email)
    offer = {"sku": "NEW-1", "name": "A new product", "price": 1000}
    made = (await client.post("/products", json=offer, headers=headers)).json()
    path = f"/products/{made['id']}/inventory"

    empty = (await client.get(path, headers=headers)).json()["levels"]
    filled = await client.put(path, json={"levels": [{"on_hand": 6}]}, headers=headers)

    assert [(line["location"], line["on_hand"]) for line in empty] == [("Principal", 0)]
    assert [line["available"] for line in filled.json()["levels"]] == [6]


async def test_a_stale_expectation_and_what_orders_hold_are_conflicts(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    product = await build.product(stock=10)
    await reserve(database, product, 4)
    headers = await sign_in(product.vendor.owner.email)

    stale = {"levels": [{"on_hand": 20, "expected_on_hand": 9}]}
    answers = [
        await client.put(at(product), json=stale, headers=headers),
        await client.put(at(product), json={"levels": [{"on_hand": 3}]}, headers=headers),
        await client.post(
            at(product, "/adjust"), json={"delta": -7, "reason": "lost"}, headers=headers
        ),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "LEVEL_MOVED"),
        (409, "BELOW_RESERVED"),
        (409, "BELOW_RESERVED"),
    ]
    assert await build.stock_of(product.variant_id) == (10, 4)


async def test_an_adjustment_happens_once_per_key(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    product = await build.product(stock=10)
    headers = await sign_in(product.vendor.owner.email)
    keyed = {**headers, "Idempotency-Key": "count-2026-11"}
    body = {"delta": -2, "reason": "Broken in the warehouse"}

    answers = await asyncio.gather(
        *(client.post(at(product, "/adjust"), json=body, headers=keyed) for _ in range(5))
    )
    other = await client.post(at(product, "/adjust"), json={**body, "delta": -3}, headers=keyed)

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["levels"] == [level(product, 8)]
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await build.stock_of(product.variant_id) == (8, 0)


async def test_the_variant_must_be_named_where_there_is_a_choice(
    client: httpx2.AsyncClient, build: Build, sign_in: SignIn
) -> None:
    product, foreign = await build.product(variants=1), await build.product()
    headers = await sign_in(product.vendor.owner.email)
    unnamed = {"delta": 1, "reason": "found"}

    for body, status, code in (
        (unnamed, 422, "VARIANT_REQUIRED"),
        ({**unnamed, "variant_id": str(foreign.variant_id)}, 404, "VARIANT_NOT_FOUND"),
    ):
        answer = await client.post(at(product, "/adjust"), json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    assert await build.stock_of(foreign.variant_id) == (10, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"levels": []},
        {"levels": [{"on_hand": -1}]},
        {"levels": [{"on_hand": "5"}]},
        {"levels": [{"on_hand": 5, "reserved": 1}]},
        {"levels": [{"on_hand": 10_000_001}]},
        {"levels": [{"on_hand": 1}, {"on_hand": 2}]},
        {"levels": [{"on_hand": 1, "location": "a\u0000b"}]},
        {"levels": [{"on_hand": 1, "location": " "}]},
        {"low_stock_threshold": -1},
    ],
)
async def test_levels_that_make_no_sense_are_refused(
    client: httpx2.AsyncClient, build: Build, sign_in: SignIn, body: dict[str, object]
) -> None:
    product = await build.product(stock=10)
    headers = await sign_in(product.vendor.owner.email)

    answer = await client.put(at(product), json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert await build.stock_of(product.variant_id) == (10, 0)


async def test_one_level_is_named_once_also_where_its_variant_or_place_is_left_out(
    client: httpx2.AsyncClient, build: Build, sign_in: SignIn
) -> None:
    product = await build.product(stock=10)
    headers = await sign_in(product.vendor.owner.email)
    twice = [{"on_hand": 5}, {"on_hand": 9, "variant_id": str(product.variant_id)}]

    answer = await client.put(at(product), json={"levels": twice}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "LEVEL_NAMED_TWICE")
    assert await build.stock_of(product.variant_id) == (10, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"delta": 0, "reason": "nothing"},
        {"delta": 1},
        {"delta": 1, "reason": ""},
        {"delta": 1, "reason": "x" * 201},
        {"delta": 1.5, "reason": "half"},
        {"delta": 10_000_001, "reason": "many"},
    ],
)
async def test_adjustments_that_make_no_sense_are_refused(
    client: httpx2.AsyncClient, build: Build, sign_in: SignIn, body: dict[str, object]
) -> None:
    product = await build.product(stock=10)
    headers = await sign_in(product.vendor.owner.email)

    answer = await client.post(at(product, "/adjust"), json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert await build.stock_of(product.variant_id) == (10, 0)


async def test_an_id_that_names_nothing_is_not_found(
    client: httpx2.AsyncClient, build: Build, sign_in: SignIn
) -> None:
    headers = await sign_in((await build.vendor()).owner.email)

    for product_id in ("nothing", "01890000-0000-7000-8000-000000000000"):
        path = f"/products/{product_id}/inventory"
        answers = [
            await client.get(path, headers=headers),
            await client.put(path, json={"low_stock_threshold": 1}, headers=headers),
            await client.post(
                f"{path}/adjust", json={"delta": 1, "reason": "found"}, headers=headers
            ),
        ]
        assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize("variants", [0, 9, 49])
async def test_reading_takes_two_statements_for_any_number_of_levels(
    client: httpx2.AsyncClient,
    build: Build,
    sign_in: SignIn,
    statements: list[str],
    variants: int,
) -> None:
    product = await build.product(variants=variants)
    headers = await sign_in(product.vendor.owner.email)

    statements.clear()
    answer = await client.get(at(product), headers=headers)

    assert len(answer.json()["levels"]) == variants + 1
    # One more says who is calling.
    assert len(statements) == 3


@pytest.mark.parametrize(
    ("struct", "schema"), [(InventoryView, InventoryOut), (LevelView, LevelOut)]
)
def test_what_is_sent_is_what_is_documented(
    struct: type[msgspec.Struct], schema: type[BaseModel]
) -> None:
    assert list(struct.__struct_fields__) == list(schema.model_fields)
