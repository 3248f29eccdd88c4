"""A shop: seen by everybody while it is open, changed by its owner and the operator."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.types import UserType
from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.vendors.models import Vendor
from mestore.vendors.types import VendorStatus
from tests.accounts.rows import row, rows
from tests.build import Build
from tests.conftest import AsUser
from tests.vendors.bodies import Headers, business, registered

PUBLIC = {
    "id",
    "business_name",
    "city",
    "primary_category",
    "description",
    "product_count",
    "avg_rating",
    "review_count",
    "member_since",
}


async def test_everybody_sees_the_public_profile_and_no_more(client: httpx2.AsyncClient) -> None:
    _, vendor_id = await registered(client)
    answer = await client.get(f"/vendors/{vendor_id}")
    assert answer.status_code == 200
    shown = answer.json()
    assert set(shown) == PUBLIC
    assert (shown["id"], shown["business_name"]) == (vendor_id, "Tienda de muestra")
    assert (shown["product_count"], shown["avg_rating"], shown["review_count"]) == (0, 0, 0)
    assert shown["member_since"].endswith("Z")


async def test_the_profile_counts_public_products_and_every_rating(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    first = await build.product(vendor=vendor)
    second = await build.product(vendor=vendor)
    hidden = await build.product(vendor=vendor, approved=False)
    deleted = await build.product(vendor=vendor)
    await build.product()
    async with database.transaction() as tx:
        for product, total, count in (
            (first, 9, 2),
            (second, 4, 1),
            (hidden, 1, 1),
            (deleted, 3, 2),
        ):
            rating = update(Product).where(Product.id == product.id)
            await tx.connection.execute(rating.values(rating_sum=total, rating_count=count))
    owner = await as_user(vendor.owner)
    assert (await client.delete(f"/products/{deleted.id}", headers=owner)).status_code == 204
    shown = (await client.get(f"/vendors/{vendor.id}")).json()
    assert (shown["product_count"], shown["review_count"], shown["avg_rating"]) == (2, 6, 2.83)


async def test_the_profile_is_one_statement_and_then_none(
    client: httpx2.AsyncClient, build: Build, statements: list[str]
) -> None:
    vendor = await build.vendor()
    await build.product(vendor=vendor)
    statements.clear()
    first = await client.get(f"/vendors/{vendor.id}")
    assert len(statements) == 1
    again = await client.get(f"/vendors/{vendor.id}")
    assert len(statements) == 1
    assert again.json() == first.json()
    unchanged = {"If-None-Match": first.headers["etag"]}
    assert (await client.get(f"/vendors/{vendor.id}", headers=unchanged)).status_code == 304


@pytest.mark.parametrize("vendor_id", ["01980000-0000-7000-8000-000000000000", "7", "not-a-uuid"])
async def test_an_unknown_shop_is_not_found(client: httpx2.AsyncClient, vendor_id: str) -> None:
    assert (await client.get(f"/vendors/{vendor_id}")).status_code == 404


@pytest.mark.parametrize("status", [VendorStatus.PENDING, VendorStatus.SUSPENDED])
async def test_a_shop_that_is_not_open_is_seen_by_its_owner_and_the_operator_only(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, status: VendorStatus
) -> None:
    vendor = await build.vendor(status=status)
    rival = await build.vendor()
    admin = await build.user(UserType.ADMIN)
    seen = [
        (await client.get(f"/vendors/{vendor.id}", headers=headers)).status_code
        for headers in (
            {},
            await as_user(rival.owner),
            await as_user(vendor.owner),
            await as_user(admin),
        )
    ]
    assert seen == [404, 404, 200, 200]
    assert (await client.get(f"/vendors/{vendor.id}")).status_code == 404


async def test_a_vendor_changes_its_own_shop_and_everybody_sees_it_at_once(
    client: httpx2.AsyncClient, database: Database
) -> None:
    me, vendor_id = await registered(client)
    assert (await client.get(f"/vendors/{vendor_id}")).json()["city"] == "Medellín"
    changes = {
        "business_name": "Otra tienda",
        "description": None,
        "phone": "601 234 5678",
        "city": "Cali",
    }
    answer = await client.put("/vendors/profile", json=changes, headers=me)

    assert (answer.status_code, answer.json()["success"]) == (200, True)
    shown = answer.json()["vendor"]
    assert (shown["business_name"], shown["description"]) == ("Otra tienda", None)
    assert (shown["phone"], shown["city"]) == ("+576012345678", "Cali")
    assert (shown["nit"], shown["department"]) == ("900123456-8", "Antioquia")
    assert set(shown) > PUBLIC
    public = (await client.get(f"/vendors/{vendor_id}")).json()
    assert (public["business_name"], public["city"]) == ("Otra tienda", "Cali")
    stored = await row(database, Vendor)
    assert stored.updated_at > stored.created_at


@pytest.mark.parametrize(
    "changes",
    [
        {"business_name": None},
        {"business_name": ""},
        {"phone": "123"},
        {"phone": None},
        {"city": None},
        {"city": "x" * 101},
        {"description": 7},
        {"nit": "900123456-8"},
        {"status": "APPROVED"},
        {"is_trusted": True},
        {"user_id": "01980000-0000-7000-8000-000000000000"},
    ],
)
async def test_malformed_changes_change_nothing(
    client: httpx2.AsyncClient, database: Database, changes: dict[str, Any]
) -> None:
    me, vendor_id = await registered(client)
    before = await row(database, Vendor)
    for path in ("/vendors/profile", f"/vendors/{vendor_id}"):
        answer = await client.put(path, json={"department": "X"} | changes, headers=me)
        assert answer.status_code == 422
    assert await row(database, Vendor) == before


async def callers(client: httpx2.AsyncClient, build: Build, as_user: AsUser) -> dict[str, Headers]:
    """Headers of everybody who does not own the shop."""
    return {
        "anonymous": {},
        "buyer": await as_user(await build.user()),
        "rival": (await registered(client, email="rival@example.com", nit=None))[0],
    }


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "UNAUTHORIZED"),
        ("buyer", 403, "NOT_YOUR_SHOP"),
        ("rival", 403, "NOT_YOUR_SHOP"),
    ],
)
async def test_nobody_else_changes_a_shop(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    who: str,
    status: int,
    code: str,
) -> None:
    _, vendor_id = await registered(client)
    headers = (await callers(client, build, as_user))[who]
    before = await rows(database, Vendor)
    answer = await client.put(f"/vendors/{vendor_id}", json={"city": "X"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(database, Vendor) == before


async def test_a_shop_that_is_not_open_is_not_found_by_who_would_change_it(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor(status=VendorStatus.PENDING)
    headers = await as_user(await build.user())
    before = await rows(database, Vendor)
    answer = await client.put(f"/vendors/{vendor.id}", json={"city": "X"}, headers=headers)
    assert answer.status_code == 404
    unknown = await client.put(f"/vendors/{uuid7()}", json={"city": "X"}, headers=headers)
    assert unknown.status_code == 404
    assert await rows(database, Vendor) == before


async def test_who_owns_no_shop_has_none_to_change(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    await registered(client)
    before = await rows(database, Vendor)
    for user_type in (UserType.BUYER, UserType.ADMIN):
        headers = await as_user(await build.user(user_type))
        answer = await client.put("/vendors/profile", json={"city": "X"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "NOT_A_VENDOR")
    assert (await client.put("/vendors/profile", json={"city": "X"})).status_code == 401
    assert await rows(database, Vendor) == before


async def test_owner_and_operator_change_a_shop_by_its_id(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    me, vendor_id = await registered(client)
    admin = await as_user(await build.user(UserType.ADMIN))
    for headers, city in ((me, "Cali"), (admin, "Pasto")):
        answer = await client.put(f"/vendors/{vendor_id}", json={"city": city}, headers=headers)
        assert (answer.status_code, answer.json()["vendor"]["city"]) == (200, city)


async def test_the_shop_of_the_registration_is_the_one_shown(client: httpx2.AsyncClient) -> None:
    given = (await client.post("/vendors/register", json=business())).json()["vendor"]
    shown = (await client.get(f"/vendors/{given['id']}")).json()
    assert shown == {name: given[name] for name in PUBLIC}
