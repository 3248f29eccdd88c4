"""API keys: a part of what their owner may do, never more, and nothing about the account itself."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from mestore.accounts.models import ApiKey, User
from mestore.accounts.types import UserType
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from tests.accounts.rows import row, rows
from tests.build import Build, BuiltUser
from tests.conftest import AsUser, MovedClock

BUYER, VENDOR, ADMIN, SUPERUSER = UserType
SOMEBODY = "01997d00-0000-7000-8000-000000000000"


async def make_key(
    client: httpx2.AsyncClient, headers: dict[str, str], *words: str, **more: object
) -> dict[str, Any]:
    """Make a key with these permissions; what was answered."""
    body = {"name": "ERP", "permissions": list(words), **more}
    answer = await client.post("/auth/api-keys", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def bearer(made: dict[str, Any]) -> dict[str, str]:
    """The headers that send a key."""
    return {"Authorization": f"Bearer {made['key']}"}


async def test_a_key_is_shown_once_and_kept_as_a_digest(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user(await build.user(VENDOR))
    made = await make_key(client, headers, "products.view", "orders.view", "products.view")
    assert made["key"].startswith(f"{made['prefix']}_")
    assert made["permissions"] == ["orders.view", "products.view"]
    listed = (await client.get("/auth/api-keys", headers=headers)).json()["api_keys"]
    assert listed == [{name: value for name, value in made.items() if name != "key"}]
    stored = await row(database, ApiKey)
    secret = made["key"].removeprefix(f"{made['prefix']}_")
    assert secret not in repr(stored)
    assert len(secret) == 43


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
async def test_a_key_opens_what_it_may_and_nothing_else(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, header: str
) -> None:
    vendor = await build.vendor()
    product = await build.product(vendor=vendor, approved=False)
    other = await build.product(approved=False)
    made = await make_key(client, await as_user(vendor.owner), "products.view", "inventory.update")
    sent = {header: made["key"] if header == "X-API-Key" else f"Bearer {made['key']}"}
    own = await client.get("/products/my-products", headers=sent)
    assert [item["id"] for item in own.json()["products"]] == [str(product.id)]
    assert (await client.get(f"/products/{product.id}", headers=sent)).status_code == 200
    assert (await client.get(f"/products/{other.id}", headers=sent)).status_code == 404
    adjust = {"delta": 1, "reason": "counted"}
    stock = f"/products/{product.id}/inventory"
    assert (await client.post(f"{stock}/adjust", json=adjust, headers=sent)).status_code == 200
    assert (await client.get(stock, headers=sent)).status_code == 403
    patch = await client.patch(f"/products/{product.id}", json={"name": "X"}, headers=sent)
    assert (patch.status_code, patch.json()["code"]) == (403, "FORBIDDEN")
    assert (await client.delete(f"/products/{product.id}", headers=sent)).status_code == 403
    assert (await client.get("/orders", headers=sent)).status_code == 403
    reader = await make_key(client, await as_user(vendor.owner), "orders.view")
    assert (await client.get("/orders", headers=bearer(reader))).status_code == 200


async def test_what_a_key_sees_is_not_kept_for_others(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    product = await build.product(vendor=vendor, approved=False)
    made = await make_key(client, await as_user(vendor.owner), "products.view")
    sent = {"X-API-Key": made["key"]}
    assert (await client.get(f"/products/{product.id}", headers=sent)).status_code == 200
    assert (await client.get(f"/products/{product.id}")).status_code == 404


PEOPLE_ONLY = [
    ("GET", "/auth/me", None),
    ("PUT", "/auth/me", {"bio": "x"}),
    ("GET", "/auth/sessions", None),
    ("POST", "/auth/sessions/revoke-all", {}),
    ("POST", "/auth/logout", None),
    ("GET", "/auth/api-keys", None),
    ("POST", "/auth/api-keys", {"name": "x", "permissions": ["users.view"]}),
    ("DELETE", f"/auth/api-keys/{SOMEBODY}", None),
    ("POST", "/auth/mfa/enable", None),
    ("POST", "/auth/mfa/disable", {"password": "x", "code": "123456"}),
    ("GET", "/auth/mfa/backup-codes", None),
    ("POST", "/auth/send-verification-email", None),
    ("GET", "/users/{own}", None),
    ("PUT", "/users/{own}", {"email": "thief@example.com"}),
    ("DELETE", "/users/{own}", None),
    ("GET", f"/users/{SOMEBODY}/permissions", None),
    ("PUT", f"/users/{SOMEBODY}/permissions", {}),
    ("GET", "/users/{own}/export", None),
    ("GET", "/users/export?mine=true", None),
    ("GET", "/carts/current", None),
]


async def test_no_key_reaches_the_security_of_an_account(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    boss = await build.user(SUPERUSER)
    words = ("users.view", "users.update", "users.delete", "users.permissions", "orders.view")
    made = await make_key(client, await as_user(boss), *words)
    before = await rows(database, User)
    for method, path, body in PEOPLE_ONLY:
        wanted = path.replace("{own}", str(boss.id))
        for sent in (bearer(made), {"X-API-Key": made["key"]}):
            answer = await client.request(method, wanted, json=body, headers=sent)
            if answer.status_code == 404 and path == "/carts/current":
                continue
            assert (path, answer.status_code, answer.json()["code"]) == (
                path,
                403,
                "API_KEY_NOT_ALLOWED",
            )
    assert await rows(database, User) == before
    assert (await client.get("/users", headers=bearer(made))).status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        "msk_",
        "msk_x_y",
        f"msk_{'0' * 32}_secret",
        f"msk_{'g' * 32}_secret",
        "pk_live_x",
        "",
    ],
)
async def test_a_key_that_is_none_of_ours_is_401(client: httpx2.AsyncClient, key: str) -> None:
    for sent in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        for path in ("/users", "/auth/me", "/products/my-products", "/orders"):
            assert (await client.get(path, headers=sent)).status_code == 401


async def test_a_right_id_with_a_wrong_secret_is_401(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    made = await make_key(client, await as_user(await build.user(ADMIN)), "users.view")
    wrong = {"X-API-Key": made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B")}
    answer = await client.get("/users", headers=wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_API_KEY")


async def stops(
    client: httpx2.AsyncClient, user: BuiltUser, boss: dict[str, str], how: str, key_id: str
) -> None:
    """Make a key stop in one of several ways."""
    if how == "suspended":
        await client.post(f"/users/{user.id}/suspend", json={"reason": "x"}, headers=boss)
    elif how == "erased":
        await client.delete(f"/users/{user.id}", headers=boss)


@pytest.mark.parametrize("how", ["suspended", "erased"])
async def test_the_keys_of_a_user_who_is_out_stop_at_once(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, how: str
) -> None:
    admin, boss = await build.user(ADMIN), await as_user(await build.user(SUPERUSER))
    made = await make_key(client, await as_user(admin), "users.view")
    assert (await client.get("/users", headers=bearer(made))).status_code == 200
    await stops(client, admin, boss, how, made["id"])
    assert (await client.get("/users", headers=bearer(made))).status_code == 401


async def test_a_revoked_or_expired_key_stops_and_is_listed_no_more(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, clock: MovedClock
) -> None:
    headers = await as_user(await build.user(ADMIN))
    until = (now() + timedelta(minutes=5)).isoformat()
    first = await make_key(client, headers, "users.view")
    second = await make_key(client, headers, "users.view", expires_at=until)
    stranger = await as_user(await build.user(ADMIN))
    path = f"/auth/api-keys/{first['id']}"
    assert (await client.delete(path, headers=stranger)).status_code == 404
    assert (await client.get("/users", headers=bearer(first))).status_code == 200
    assert (await client.delete(path, headers=headers)).status_code == 200
    assert (await client.delete(path, headers=headers)).status_code == 404
    assert (await client.get("/users", headers=bearer(first))).status_code == 401
    assert (await client.get("/users", headers=bearer(second))).status_code == 200
    clock.advance(timedelta(minutes=6))
    assert (await client.get("/users", headers=bearer(second))).status_code == 401
    assert (await client.get("/auth/api-keys", headers=headers)).json() == {"api_keys": []}


async def test_a_key_loses_what_its_owner_loses(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    admin, boss = await build.user(ADMIN), await as_user(await build.user(SUPERUSER))
    made = await make_key(client, await as_user(admin), "users.view", "vendors.view")
    path = f"/users/{admin.id}/permissions"
    await client.put(path, json={"revoke": ["users.view"]}, headers=boss)
    assert (await client.get("/users", headers=bearer(made))).status_code == 403
    assert (await client.get("/admin/vendors", headers=bearer(made))).status_code == 200


async def test_a_key_takes_one_statement_and_notes_its_use_once_a_minute(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    statements: list[str],
    clock: MovedClock,
) -> None:
    made = await make_key(client, await as_user(await build.user(VENDOR)), "products.view")

    async def count() -> int:
        statements.clear()
        await client.get("/products/my-products", headers=bearer(made))
        return sum(not sent.startswith(("BEGIN", "COMMIT")) for sent in statements)

    counts = [await count(), await count()]
    assert counts[0] - counts[1] == 1
    first = (await row(database, ApiKey)).last_used_at
    clock.advance(timedelta(seconds=61))
    assert await count() == counts[0]
    assert (await row(database, ApiKey)).last_used_at - first >= timedelta(seconds=60)
    statements.clear()
    assert (await client.get("/auth/me", headers=bearer(made))).status_code == 403
    assert len(statements) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"permissions": []}, 422),
        ({"permissions": ["everything"]}, 422),
        ({"permissions": ["products.view"], "name": ""}, 422),
        ({"permissions": ["products.view"], "expires_at": "2020-01-01T00:00:00Z"}, 422),
        ({"permissions": ["products.view", "users.view"]}, 403),
    ],
)
async def test_a_key_that_cannot_be_is_not_made(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    body: dict[str, Any],
    status: int,
) -> None:
    headers = await as_user(await build.user(VENDOR))
    answer = await client.post("/auth/api-keys", json={"name": "x"} | body, headers=headers)
    assert answer.status_code == status
    assert await rows(database, ApiKey) == []


async def test_nobody_has_more_than_twenty_keys(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user(await build.user(VENDOR))
    for _ in range(20):
        await make_key(client, headers, "products.view")
    body = {"name": "x", "permissions": ["products.view"]}
    answer = await client.post("/auth/api-keys", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "TOO_MANY_API_KEYS")
    assert len(await rows(database, ApiKey)) == 20
