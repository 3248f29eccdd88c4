"""Owners and staff edit products: versions, ownership, stock, deletion."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.catalog.models import Product
from mestore.kernel.db import Database
from tests.build import Build
from tests.catalog.bodies import Headers, code, fields, offer, offered
from tests.checkout.till import Till
from tests.conftest import AsUser


async def version(database: Database, product_id: str) -> int:
    async with database.read() as connection:
        query = select(Product.version).where(Product.id == UUID(product_id))
        return (await connection.execute(query)).scalar_one()


def without_stock(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "stock"}


async def test_a_patch_changes_what_it_names_and_nothing_else(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers, brand="Cóndor", tags=["a"], cost_price=1)
    answer = await client.patch(
        f"/products/{product['id']}", headers=headers, json={"price": 30000, "brand": None}
    )
    assert answer.status_code == 200
    changed = answer.json()
    assert answer.headers["etag"].startswith('"2.')
    assert changed.pop("updated_at") > product.pop("updated_at")
    assert changed == product | {"price": 30000, "brand": None}


async def test_a_put_replaces_everything_that_is_said(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(
        client, headers, brand="Cóndor", tags=["a"], weight=1, metadata={"a": 1}, stock=4
    )
    body = {"name": "Otra cosa", "sku": "PIN-002", "precio_venta": 99.99}
    answer = await client.put(f"/products/{product['id']}", headers=headers, json=body)
    assert answer.status_code == 200
    changed = answer.json()
    shown = {name: changed[name] for name in ("name", "sku", "price", "brand", "tags", "weight")}
    assert shown == {
        "name": "Otra cosa",
        "sku": "PIN-002",
        "price": 99.99,
        "brand": None,
        "tags": [],
        "weight": None,
    }
    assert (changed["metadata"], changed["stock"], changed["status"]) == ({}, 4, "APPROVED")
    # Addresses stay what they were when somebody linked to them.
    assert changed["slug"] == product["slug"]
    variants = (await client.get(f"/products/{product['id']}/variants")).json()["variants"]
    assert [variant["sku"] for variant in variants] == ["PIN-002"]


async def test_an_edit_can_name_the_product_by_its_slug(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    answer = await client.patch(f"/products/{product['slug']}", headers=headers, json={"price": 1})
    assert (answer.json()["id"], answer.json()["price"]) == (product["id"], 1)


async def test_a_stale_version_is_refused_and_changes_nothing(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    path = f"/products/{product['id']}"
    # The tag of an anonymous read fits as well: it names the same version.
    tag = (await client.get(path)).headers["etag"]
    first = await client.patch(path, headers=headers | {"If-Match": tag}, json={"price": 2})
    assert first.status_code == 200
    for send in (
        client.patch(path, headers=headers | {"If-Match": tag}, json={"price": 3}),
        client.put(path, headers=headers | {"If-Match": tag}, json=without_stock(offer(price=3))),
        client.delete(path, headers=headers | {"If-Match": tag}),
    ):
        assert code(await send) == (412, "PRECONDITION_FAILED")
    assert (await client.get(path)).json()["price"] == 2
    assert await version(database, product["id"]) == 2
    fresh = headers | {"If-Match": first.headers["etag"]}
    assert (await client.patch(path, headers=fresh, json={"price": 4})).status_code == 200


async def test_stock_changes_the_tag_but_not_the_version(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    path = f"/products/{product['id']}"
    before = (await client.get(path)).headers["etag"]
    adjusted = await client.post(
        f"{path}/inventory/adjust", headers=headers, json={"delta": 5, "reason": "conteo"}
    )
    assert adjusted.status_code == 200, adjusted.text
    unchanged = await client.get(path, headers={"If-None-Match": before})
    assert (unchanged.status_code, unchanged.json()["stock"]) == (200, 12)
    again = await client.get(path, headers={"If-None-Match": unchanged.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    answer = await client.patch(path, headers=headers | {"If-Match": before}, json={"price": 2})
    assert answer.status_code == 200


async def test_of_two_edits_of_one_version_one_wins(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    path = f"/products/{product['id']}"
    tag = (await client.get(path, headers=headers)).headers["etag"]

    async def edit(price: int) -> int:
        answer = await client.patch(
            path, headers=headers | {"If-Match": tag}, json={"price": price}
        )
        return answer.status_code

    assert sorted(await asyncio.gather(*map(edit, range(1, 9)))) == [200, *[412] * 7]
    assert await version(database, product["id"]) == 2


async def test_edits_without_a_version_all_count(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)

    async def edit(price: int) -> int:
        answer = await client.patch(
            f"/products/{product['id']}", headers=headers, json={"price": price}
        )
        return answer.status_code

    assert await asyncio.gather(*map(edit, range(1, 6))) == [200] * 5
    assert await version(database, product["id"]) == 6


async def writes(client: httpx2.AsyncClient, path: str, headers: Headers) -> list[httpx2.Response]:
    return [
        await client.put(path, headers=headers, json=offer(price=1)),
        await client.patch(path, headers=headers, json={"price": 1}),
        await client.delete(path, headers=headers),
    ]


async def test_another_vendors_product_is_not_there(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    product = await build.product()
    headers = await as_user((await build.vendor()).owner)
    for answer in await writes(client, f"/products/{product.id}", headers):
        assert code(answer) == (404, "PRODUCT_NOT_FOUND")
    assert await version(database, str(product.id)) == 1


async def test_buyers_and_strangers_edit_nothing(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    product = await build.product()
    path = f"/products/{product.id}"
    for answer in await writes(client, path, {}):
        assert code(answer) == (401, "UNAUTHORIZED")
    for answer in await writes(client, path, await as_user(await build.user())):
        assert code(answer) == (403, "FORBIDDEN")
    assert await version(database, str(product.id)) == 1


async def test_staff_edits_every_product(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product()
    headers = await as_user(await build.user(UserType.ADMIN))
    answer = await client.patch(
        f"/products/{product.id}", headers=headers, json={"is_featured": True}
    )
    assert answer.json()["is_featured"] is True
    listed = await client.get("/products?is_featured=true")
    assert [found["id"] for found in listed.json()["products"]] == [str(product.id)]


async def test_a_vendor_neither_features_nor_unfeatures(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    product = await build.product()
    path = f"/products/{product.id}"
    headers = await as_user(product.vendor.owner)
    answer = await client.patch(path, headers=headers, json={"is_featured": True})
    assert code(answer) == (403, "FEATURED_BY_STAFF")
    assert await version(database, str(product.id)) == 1
    staff = await as_user(await build.user(UserType.ADMIN))
    await client.patch(path, headers=staff, json={"is_featured": True})
    body = {"name": "Otra", "sku": product.sku, "price": 1}
    assert (await client.put(path, headers=headers, json=body)).json()["is_featured"] is True


async def test_stock_of_a_single_variant_is_set(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers, stock=None)
    path = f"/products/{product['id']}"
    assert (await client.patch(path, headers=headers, json={"stock": 9})).json()["stock"] == 9
    put = await client.put(path, headers=headers, json=offer(stock=2))
    assert put.json()["stock"] == 2
    variants = (await client.get(f"{path}/variants")).json()["variants"]
    assert await build.stock_of(UUID(variants[0]["id"])) == (2, 0)


async def test_stock_sent_back_as_it_was_shown_changes_nothing(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, till: Till
) -> None:
    product = await build.product(stock=10)
    headers = await as_user(product.vendor.owner)
    path = f"/products/{product.id}"
    await till.place(product)
    shown = (await client.get(path, headers=headers)).json()["stock"]
    assert shown == 9

    for body in ({"stock": shown}, {"stock": shown, "name": "Otra"}):
        answer = await client.patch(path, headers=headers, json=body)
        assert answer.json()["stock"] == shown
    assert await build.stock_of(product.variant_id) == (10, 1)


async def test_stock_at_several_places_is_not_one_number(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product(stock=7)
    headers = await as_user(product.vendor.owner)
    path = f"/products/{product.id}"
    await client.post("/inventory/locations", headers=headers, json={"name": "Bodega"})
    levels = {"levels": [{"location": "Bodega", "on_hand": 5}]}
    answer = await client.put(f"{path}/inventory", headers=headers, json=levels)
    assert answer.status_code == 200, answer.text

    assert (await client.patch(path, headers=headers, json={"stock": 12})).status_code == 200
    for stock in (0, 13):
        answer = await client.patch(path, headers=headers, json={"stock": stock})
        assert code(answer) == (409, "STOCK_IS_PER_PLACE")
    assert await build.stock_of(product.variant_id) == (12, 0)

    levels = {"levels": [{"location": "Bodega", "on_hand": 0}]}
    await client.put(f"{path}/inventory", headers=headers, json=levels)
    assert (await client.patch(path, headers=headers, json={"stock": 3})).json()["stock"] == 3
    assert await build.stock_of(product.variant_id) == (3, 0)


async def test_stock_of_several_variants_is_not_one_number(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    product = await build.product(variants=2, stock=3)
    headers = await as_user(product.vendor.owner)
    answer = await client.patch(
        f"/products/{product.id}", headers=headers, json={"stock": 9, "price": 1}
    )
    assert code(answer) == (409, "STOCK_IS_PER_VARIANT")
    assert await version(database, str(product.id)) == 1
    assert await build.stock_of(product.variant_id) == (3, 0)


async def test_a_sku_in_use_stays_where_it_is(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    await offered(client, headers, sku="1")
    second = await offered(client, headers, sku="2", variants=[{"sku": "2-A"}])
    path = f"/products/{second['id']}"
    for sku in ("1", "2-A"):
        answer = await client.patch(path, headers=headers, json={"sku": sku})
        assert code(answer) == (409, "SKU_TAKEN")
    assert await version(database, second["id"]) == 1
    assert (await client.get(path)).json()["sku"] == "2"


async def test_the_price_before_is_checked_against_what_is_there(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers, price=100, compare_at_price=150)
    path = f"/products/{product['id']}"
    for body in ({"price": 150}, {"compare_at_price": 100}):
        answer = await client.patch(path, headers=headers, json=body)
        assert code(answer) == (422, "COMPARE_AT_PRICE_TOO_LOW")
    assert await version(database, product["id"]) == 1
    both = {"price": 200, "compare_at_price": None}
    assert (await client.patch(path, headers=headers, json=both)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": None}, "name"),
        ({"price": None}, "price"),
        ({"tags": None}, "tags"),
        ({"is_visible": None}, "is_visible"),
        ({"stock": -1}, "stock"),
        ({"status": "SOLD"}, "status"),
        ({"variants": []}, "variants"),
        ({"id": 1}, "id"),
    ],
)
async def test_a_patch_of_nonsense_is_refused(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    body: dict[str, Any],
    field: str,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    answer = await client.patch(f"/products/{product.id}", headers=headers, json=body)
    assert fields(answer) == [field]
    assert await version(database, str(product.id)) == 1


async def test_a_hidden_product_leaves_the_public(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product()
    path = f"/products/{product.id}"
    headers = await as_user(product.vendor.owner)
    assert (await client.get(path)).status_code == 200
    await client.patch(path, headers=headers, json={"is_visible": False})
    assert (await client.get(path)).status_code == 404
    own = await client.get(path, headers=headers)
    assert (own.status_code, own.json()["status"]) == (200, "APPROVED")
    await client.patch(path, headers=headers, json={"is_visible": True})
    assert (await client.get(path)).status_code == 200


async def test_a_deleted_product_is_gone_for_everybody_and_frees_its_names(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    staff = await as_user(await build.user(UserType.ADMIN))
    product = await offered(client, headers)
    path = f"/products/{product['id']}"
    answer = await client.delete(path, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    for caller in ({}, headers, staff):
        assert (await client.get(path, headers=caller)).status_code == 404
        assert (await client.delete(path, headers=caller or headers)).status_code == 404
    assert (await client.get("/products/my-products", headers=headers)).json()["products"] == []
    again = await offered(client, headers)
    assert (again["sku"], again["slug"]) == (product["sku"], product["slug"])


@pytest.mark.parametrize("key", ["no-hay", "01990000-0000-7000-8000-000000000000", "%00", "a_b"])
async def test_what_is_not_there_cannot_be_edited(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, key: str
) -> None:
    headers = await as_user((await build.vendor()).owner)
    for answer in await writes(client, f"/products/{key}", headers):
        assert answer.status_code == 404
