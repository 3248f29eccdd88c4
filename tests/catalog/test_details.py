"""One product: by id or slug, to whom, with its variants and pictures."""

import httpx2
import pytest

from mestore.accounts.types import UserType
from tests.build import Build
from tests.catalog.bodies import code
from tests.conftest import AsUser

NOWHERE = "01990000-0000-7000-8000-000000000000"
PLACES = ("", "/variants", "/images")


@pytest.mark.parametrize("place", PLACES)
async def test_a_public_product_is_found_by_id_and_slug(
    client: httpx2.AsyncClient, build: Build, place: str
) -> None:
    product = await build.product()
    by_id = await client.get(f"/products/{product.id}{place}")
    by_slug = await client.get(f"/products/{product.slug}{place}")
    in_capitals = await client.get(f"/products/{str(product.id).upper()}{place}")
    assert by_id.status_code == 200
    assert by_id.json() == by_slug.json() == in_capitals.json()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["no-hay", NOWHERE, "%00", "a%20b", "ñ", "x" * 201, "1"])
async def test_what_is_not_there_is_404(client: httpx2.AsyncClient, place: str, key: str) -> None:
    answer = await client.get(f"/products/{key}{place}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("place", PLACES)
async def test_a_product_that_is_not_public_is_its_vendors_and_staffs(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, place: str
) -> None:
    product = await build.product(approved=False)
    path = f"/products/{product.id}{place}"
    assert code(await client.get(path)) == (404, "PRODUCT_NOT_FOUND")
    for stranger in (await build.user(), (await build.vendor()).owner):
        answer = await client.get(path, headers=await as_user(stranger))
        assert code(answer) == (404, "PRODUCT_NOT_FOUND")
    for insider in (product.vendor.owner, await build.user(UserType.ADMIN)):
        answer = await client.get(path, headers=await as_user(insider))
        assert answer.status_code == 200


async def test_what_it_cost_is_its_vendors_and_staffs(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product()
    path = f"/products/{product.id}"
    assert "cost_price" not in (await client.get(path)).json()
    for stranger in (await build.user(), (await build.vendor()).owner):
        shown = (await client.get(path, headers=await as_user(stranger))).json()
        assert "cost_price" not in shown
        assert "rejection_reason" not in shown
    for insider in (product.vendor.owner, await build.user(UserType.SUPERUSER)):
        shown = (await client.get(path, headers=await as_user(insider))).json()
        assert shown["cost_price"] is None


async def test_a_bad_token_is_refused_also_where_none_is_needed(
    client: httpx2.AsyncClient, build: Build
) -> None:
    product = await build.product()
    headers = {"Authorization": "Bearer nonsense"}
    answer = await client.get(f"/products/{product.id}", headers=headers)
    assert code(answer) == (401, "INVALID_ACCESS_TOKEN")


async def test_stock_counts_every_variant_and_what_is_not_tracked_is_always_there(
    client: httpx2.AsyncClient, build: Build
) -> None:
    counted = await build.product(stock=2, variants=2)
    shown = (await client.get(f"/products/{counted.id}")).json()
    assert (shown["stock"], shown["in_stock"]) == (6, True)
    endless = await build.product(stock=0, track_inventory=False)
    shown = (await client.get(f"/products/{endless.id}")).json()
    assert (shown["stock"], shown["in_stock"]) == (0, True)
    variants = (await client.get(f"/products/{endless.id}/variants")).json()["variants"]
    assert [(variant["stock"], variant["in_stock"]) for variant in variants] == [(0, True)]
    listed = (await client.get("/products?in_stock=true")).json()["products"]
    assert {found["id"] for found in listed} == {str(counted.id), str(endless.id)}
