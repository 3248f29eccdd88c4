"""What a cart does not take: unknown goods, too many units or lines, nonsense."""

import httpx2
import pytest

from mestore.kernel.db import Database
from tests.build import Build
from tests.carts.calls import GUEST, add, cart, quantities, rows


async def test_more_than_is_free_is_refused_with_what_is(
    client: httpx2.AsyncClient, build: Build
) -> None:
    product = await build.product(stock=5)
    await add(client, product, 3)

    refused = await add(client, product, 3)
    item_id = (await cart(client))["items"][0]["id"]
    raised = await client.put(f"/cart/items/{item_id}", json={"quantity": 6}, headers=GUEST)

    for answer in (refused, raised):
        assert (answer.status_code, answer.json()["code"]) == (409, "INSUFFICIENT_STOCK")
        assert answer.json()["details"]["lines"] == [
            {"variant_id": str(product.variant_id), "requested": 6, "available": 5}
        ]
    assert quantities(await cart(client)) == {str(product.id): 3}


async def test_only_products_on_sale_can_be_added(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    pending, other = await build.product(approved=False), await build.product()
    unknown = {"product_id": "01890000-0000-7000-8000-000000000000"}
    foreign = {"product_id": str(other.id), "variant_id": str(pending.variant_id)}

    answers = [await add(client, pending)]
    for body in (unknown, foreign):
        answers.append(await client.post("/cart/items", json=body, headers=GUEST))

    assert [answer.status_code for answer in answers] == [404] * 3
    assert {answer.json()["code"] for answer in answers} == {"PRODUCT_NOT_ON_SALE"}
    assert await rows(database) == (0, 0)


async def test_a_product_with_a_choice_needs_the_variant(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    product = await build.product(variants=2)

    refused = await add(client, product)
    await add(client, product, variant_id=str(product.variant_ids[0]))
    shown = (await add(client, product, variant_id=str(product.variant_ids[1]))).json()["cart"]

    assert (refused.status_code, refused.json()["code"]) == (422, "VARIANT_REQUIRED")
    assert [item["variant_id"] for item in shown["items"]] == [
        str(variant_id) for variant_id in product.variant_ids
    ]


async def test_a_line_takes_a_thousand_units_sums_included(
    client: httpx2.AsyncClient, build: Build
) -> None:
    product = await build.product(stock=5000)
    await add(client, product, 600)

    refused = await add(client, product, 401)

    assert (refused.status_code, refused.json()["code"]) == (422, "QUANTITY_TOO_LARGE")
    assert quantities((await add(client, product, 400)).json()["cart"]) == {str(product.id): 1000}


async def test_a_cart_takes_a_hundred_lines(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    product = await build.product(variants=100)
    for variant_id in product.variant_ids:
        answer = await add(client, product, variant_id=str(variant_id))
        assert answer.status_code == 201

    refused = await add(client, product, variant_id=str(product.variant_id))
    grown = await add(client, product, variant_id=str(product.variant_ids[0]))

    assert (refused.status_code, refused.json()["code"]) == (409, "CART_FULL")
    assert grown.status_code == 201
    assert await rows(database) == (1, 100)


@pytest.mark.parametrize(
    "body",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1001},
        {"quantity": 1.5},
        {"quantity": "2"},
        {"quantity": True},
        {"quantity": None},
        {},
        {"quantity": 1, "price": 1},
    ],
)
async def test_a_quantity_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, build: Build, body: dict[str, object]
) -> None:
    item_id = (await add(client, await build.product(), 2)).json()["cart"]["items"][0]["id"]

    answer = await client.put(f"/cart/items/{item_id}", json=body, headers=GUEST)

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert (await cart(client))["items"][0]["quantity"] == 2


@pytest.mark.parametrize("item_id", ["x", "0", "-1", "1.5", str(2**63), str(10**30), "999999"])
async def test_a_line_that_is_not_there_is_not_found(
    client: httpx2.AsyncClient, build: Build, item_id: str
) -> None:
    await add(client, await build.product())

    changed = await client.put(f"/cart/items/{item_id}", json={"quantity": 1}, headers=GUEST)
    removed = await client.delete(f"/cart/items/{item_id}", headers=GUEST)

    assert (changed.status_code, removed.status_code) == (404, 404)
    assert (await cart(client))["item_count"] == 1
