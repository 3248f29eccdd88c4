"""Many products at once, addresses that go on, and the prices that products really had."""

from datetime import timedelta
from uuid import uuid4

import httpx2

from tests.build import Build
from tests.catalog.bodies import code, fields, offered
from tests.conftest import AsUser


async def test_bulk_update_answers_for_each_product(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    one = await offered(client, headers)
    two = await offered(client, headers, sku="PIN-2")
    foreign, unknown = await build.product(), str(uuid4())
    body = {
        "products": [
            {"id": two["id"], "price": 90},
            {"id": one["id"], "sku": "PIN-2"},
            {"id": str(foreign.id), "price": 1},
            {"id": unknown, "price": 1},
        ]
    }
    answer = await client.put("/products/bulk-update", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [each["id"] for each in shown["results"]] == [each["id"] for each in body["products"]]
    assert [each["code"] for each in shown["results"]] == [
        None,
        "SKU_TAKEN",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_NOT_FOUND",
    ]
    assert shown["results"][1]["detail"] == "The SKU PIN-2 is in use. Choose another one."
    assert (shown["done"], shown["failed"], shown["success"]) == (1, 3, False)
    assert (await client.get(f"/products/{two['id']}")).json()["price"] == 90
    atomic = {"atomic": True, "products": [{"id": two["id"], "price": 5}, body["products"][1]]}
    refused = await client.post("/products/bulk-update", headers=headers, json=atomic)
    assert code(refused) == (409, "SKU_TAKEN")
    assert (await client.get(f"/products/{two['id']}")).json()["price"] == 90


async def test_two_changes_of_one_product_are_refused_and_none_is_lost(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    twice = [{"id": product["id"], "price": 90}, {"id": product["id"], "name": "Otra"}]
    answer = await client.put("/products/bulk-update", headers=headers, json={"products": twice})
    assert fields(answer) == ["products"]
    path = f"/products/{product['id']}"
    assert (await client.get(path, headers=headers)).json() == product


async def test_bulk_delete_deletes_ones_own(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    one, foreign = await offered(client, headers), await build.product()
    body = {"ids": [one["id"], str(foreign.id)]}
    answer = await client.post("/products/bulk-delete", headers=headers, json=body)
    assert [each["success"] for each in answer.json()["results"]] == [True, False]
    assert (await client.get(f"/products/{one['id']}")).status_code == 404
    assert (await client.get(f"/products/{foreign.id}")).status_code == 200


async def test_an_old_address_leads_to_the_new_one(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    other = await offered(client, headers, sku="PIN-2")
    path = f"/products/{product['id']}"
    for slug in ("primera", "segunda", "primera", "tercera"):
        answer = await client.patch(path, headers=headers, json={"slug": slug})
        assert (answer.status_code, answer.json()["slug"]) == (200, slug), answer.text
    for old in (product["slug"], "primera", "segunda"):
        answer = await client.get(f"/products/{old}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (
            308,
            "/api/v1/products/tercera",
        )
    for taken in (other["slug"], "my-products"):
        answer = await client.patch(path, headers=headers, json={"slug": taken})
        assert code(answer) == (409, "SLUG_TAKEN")


async def test_prices_are_kept_and_a_price_before_must_have_been_real(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, clock: object
) -> None:
    vendor = await build.vendor()
    product = await offered(client, await as_user(vendor.owner), price=1000)
    path = f"/products/{product['id']}"
    clock.advance(timedelta(days=40))  # type: ignore[attr-defined]
    headers = await as_user(vendor.owner)
    for price in (700, 800):
        answer = await client.patch(path, headers=headers, json={"price": price})
        assert answer.status_code == 200
        clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    history = (await client.get(f"{path}/price-history")).json()
    assert [each["price"] for each in history["prices"]] == [800, 700, 1000]
    assert (history["price"], history["lowest_30_days"]) == (800, 700)
    assert (history["prices"][0]["until"], history["prices"][1]["until"] is None) == (None, False)
    invented = await client.patch(path, headers=headers, json={"compare_at_price": 1001})
    assert code(invented) == (422, "COMPARE_AT_PRICE_NOT_REAL")
    real = await client.patch(path, headers=headers, json={"compare_at_price": 1000})
    assert real.status_code == 200
