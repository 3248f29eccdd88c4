"""Erasure: nothing says any more who somebody was, and what the law wants kept stays."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text, update

from mestore.accounts.models import Session, User
from mestore.accounts.types import UserType
from mestore.carts.models import Cart, CartItem
from mestore.catalog.models import Product
from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from mestore.operations.doctor import examine
from mestore.orders.models import Order, OrderItem, VendorOrder
from mestore.orders.types import OrderStatus
from mestore.vendors.models import Vendor
from mestore.vendors.types import VendorStatus
from tests.accounts.rows import rows
from tests.build import PASSWORD, Build, BuiltProduct, BuiltUser
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser, SignIn

BUYER, VENDOR, ADMIN, SUPERUSER = UserType
PERSON = {
    "email": "marisol@example.com",
    "password": PASSWORD,
    "first_name": "Marisol",
    "last_name": "Ejemplovich",
    "phone": "+573157654321",
    "company": "Marisol y Cia",
    "username": "marisol_e",
    "marketing_consent": True,
}
TRACES = ("marisol", "ejemplovich", "3157654321", "198.51.100.77", "a little about")
RunJobs = Callable[[], Awaitable[int]]


async def paid(till: Till, buyer: BuiltUser, product: BuiltProduct) -> int:
    """Place an order of one unit and have it paid; its id."""
    order = await till.place(product, owner=owner_of(buyer))
    await till.settle_approved(order)
    return order.id


def tables_of_accounts() -> list[str]:
    """The names of the room's tables."""
    return [
        mapper.local_table.name  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("mestore.accounts.")
    ]


async def traces_in(database: Database, tables: list[str]) -> list[str]:
    """Every row of these tables that still tells something of the person."""
    found = []
    async with database.read() as connection:
        for name in tables:
            query = text(f"SELECT * FROM {name}")  # noqa: S608  our own names
            for row in await connection.execute(query):
                words = repr(tuple(row)).lower()
                found += [f"{name}: {trace}" for trace in TRACES if trace in words]
    return found


async def test_erasure_leaves_no_trace_in_accounts_and_keeps_the_consents(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs
) -> None:
    made = await client.post("/auth/register", json=PERSON, headers={"User-Agent": "Marisol 1"})
    headers = {"Authorization": f"Bearer {made.json()['access_token']}"}
    user = made.json()["user"]
    page = {"bio": "A little about Marisol", "location": "Bogotá", "preferences": {"a": "marisol"}}
    assert (await client.put("/auth/me", json=page, headers=headers)).status_code == 200
    await client.post("/auth/send-verification-email", headers=headers)
    await client.post("/auth/forgot-password", json={"email": PERSON["email"]})
    await client.post("/auth/mfa/enable", headers=headers)
    await run_jobs()
    assert await traces_in(database, tables_of_accounts())

    answer = await client.delete(f"/users/{user['id']}", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert await traces_in(database, tables_of_accounts()) == []
    (row,) = await rows(database, User)
    assert row.email == f"deleted-{user['number']}@erased.invalid"
    assert (row.is_active, row.marketing_consent, row.erased_at is None) == (False, False, False)
    async with database.read() as connection:
        consents = (await connection.execute(text("SELECT document FROM consents"))).all()
    assert sorted(consent.document for consent in consents) == ["marketing", "terms"]
    assert all(session.ended_at for session in await rows(database, Session))

    assert (await client.get("/auth/me", headers=headers)).status_code == 401
    body = {"refresh_token": made.json()["refresh_token"]}
    assert (await client.post("/auth/refresh", json=body)).status_code == 401
    again = await client.post("/auth/register", json=PERSON)
    assert (again.status_code, again.json()["user_id"] == user["id"]) == (201, False)


async def test_every_table_that_names_a_user_is_emptied_or_known_to_stay() -> None:
    kept = {"users", "sessions", "consents"}
    named = {
        name for name in tables_of_accounts() if "user_id" in Base.metadata.tables[name].columns
    }
    assert named - kept == {
        "api_keys",
        "external_identities",
        "link_tokens",
        "mfa_backup_codes",
        "mfa_devices",
        "one_time_codes",
        "passkey_challenges",
        "passkeys",
        "pending_sign_ins",
        "user_activities",
        "user_permissions",
        "user_profiles",
    }


async def test_orders_and_ledger_stay_and_the_cart_goes(
    client: httpx2.AsyncClient,
    build: Build,
    till: Till,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
) -> None:
    buyer = await build.user()
    product = await build.product(stock=5)
    order = await paid(till, buyer, product)
    await build.cart(product, buyer=buyer)
    headers = await as_user(buyer)
    before = (await rows(database, Order), await rows(database, OrderItem))
    assert (await client.delete(f"/users/{buyer.id}", headers=headers)).status_code == 200
    await run_jobs()
    assert (await rows(database, Order), await rows(database, OrderItem)) == before
    assert before[0][0].id == order
    assert (await rows(database, Cart), await rows(database, CartItem)) == ([], [])
    async with database.read() as connection:
        assert await examine(connection) == []


async def test_a_vendor_with_open_orders_is_not_erased_and_one_without_closes_shop(
    client: httpx2.AsyncClient,
    build: Build,
    till: Till,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
) -> None:
    product = await build.product(stock=5)
    owner = product.vendor.owner
    await paid(till, await build.user(), product)
    headers = await as_user(owner)
    refused = await client.delete(f"/users/{owner.id}", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "OPEN_VENDOR_ORDERS")
    assert refused.json()["details"] == {"orders": 1}
    assert (await client.get("/auth/me", headers=headers)).status_code == 200

    async with database.transaction() as tx:
        await tx.connection.execute(update(VendorOrder).values(status=OrderStatus.DELIVERED))
    assert (await client.delete(f"/users/{owner.id}", headers=headers)).status_code == 200
    await run_jobs()
    (vendor,) = await rows(database, Vendor)
    assert (vendor.status, vendor.phone) == (VendorStatus.SUSPENDED, "")
    (row,) = await rows(database, Product)
    assert row.is_public is False


@pytest.mark.parametrize("role", [BUYER, VENDOR])
async def test_an_erased_user_cannot_be_acted_on_any_more(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database, role: UserType
) -> None:
    user, boss = await build.user(role), await as_user(await build.user(ADMIN))
    path = f"/users/{user.id}"
    assert (await client.delete(path, headers=boss)).status_code == 200
    before = await rows(database, User)
    answers = [
        await client.delete(path, headers=boss),
        await client.put(path, json={"first_name": "X"}, headers=boss),
        await client.post(f"{path}/activate", headers=boss),
        await client.post(f"{path}/suspend", json={"reason": "x"}, headers=boss),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
        (409, "ACCOUNT_ERASED")
    }
    assert await rows(database, User) == before
    shown = await client.get(path, headers=boss)
    assert (shown.json()["first_name"], shown.json()["phone"]) == ("Deleted", None)


async def test_an_admin_may_leave_and_a_superuser_only_by_another(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    admin, boss = await build.user(ADMIN), await build.user(SUPERUSER)
    answer = await client.delete(f"/users/{admin.id}", headers=await as_user(admin))
    assert answer.status_code == 200
    headers = await as_user(boss)
    last = await client.delete(f"/users/{boss.id}", headers=headers)
    assert (last.status_code, last.json()["code"]) == (409, "LAST_SUPERUSER")
    other = await build.user(SUPERUSER)
    self_ = await client.delete(f"/users/{boss.id}", headers=headers)
    assert (self_.status_code, self_.json()["code"]) == (409, "NOT_ON_YOURSELF")
    assert (await client.delete(f"/users/{other.id}", headers=headers)).status_code == 200
    async with database.read() as connection:
        alive = (await connection.execute(select(User.id).where(User.is_active))).scalars()
        assert list(alive) == [boss.id]


async def test_two_superusers_who_erase_each_other_leave_one(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    pair = [await build.user(SUPERUSER), await build.user(SUPERUSER)]
    headers = [await as_user(user) for user in pair]
    answers: list[Any] = await asyncio.gather(
        *(
            client.delete(f"/users/{target.id}", headers=actor)
            for actor, target in zip(headers, reversed(pair), strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sorted(answer.status_code for answer in answers)[1] in {401, 409}
    assert sum(row.is_active for row in await rows(database, User)) == 1


async def test_one_user_erased_twice_at_once_is_erased_once(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    user, boss = await build.user(), await as_user(await build.user(ADMIN))
    answers: list[Any] = await asyncio.gather(
        *(client.delete(f"/users/{user.id}", headers=boss) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_a_stranger_erases_nobody(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, sign_in: SignIn, database: Database
) -> None:
    user, other = await build.user(), await build.user(VENDOR)
    assert (
        await client.delete(f"/users/{user.id}", headers=await as_user(other))
    ).status_code == 404
    assert (await client.delete(f"/users/{user.id}")).status_code == 401
    assert (await client.get("/auth/me", headers=await sign_in(user.email))).status_code == 200
    assert all(row.erased_at is None for row in await rows(database, User))
