"""Permissions: what a role gives, what is granted and revoked beyond it, and where it counts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from mestore.accounts.models import UserActivity, UserPermission
from mestore.accounts.types import (
    ROLE_PERMISSIONS,
    Caller,
    Override,
    Permission,
    UserType,
    effective,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.accounts.rows import rows
from tests.build import Build, BuiltUser
from tests.conftest import AsUser, MovedClock

BUYER, VENDOR, ADMIN, SUPERUSER = UserType
SOMEBODY = "01997d00-0000-7000-8000-000000000000"


def caller(role: UserType, *words: Permission) -> Caller:
    """A caller with these permissions and no others."""
    return Caller(uuid7(), role, "x@example.com", uuid7(), False, frozenset(words))


def line(answer: httpx2.Response, word: str) -> dict[str, Any]:
    """The line of one permission in a matrix."""
    found: dict[str, Any] = next(
        line for line in answer.json()["permissions"] if line["permission"] == word
    )
    return found


def test_roles_have_more_from_step_to_step() -> None:
    steps = [ROLE_PERMISSIONS[role] for role in UserType]
    assert steps[0] < steps[1] < steps[2] < steps[3]
    assert steps[3] == frozenset(Permission)
    assert steps[3] - steps[2] == {Permission.USERS_PERMISSIONS}


def test_overrides_add_to_a_role_and_take_from_it() -> None:
    overrides = [
        Override(Permission.PRODUCTS_APPROVE, True),
        Override(Permission.PRODUCTS_CREATE, False),
    ]
    found = effective(VENDOR, overrides)
    assert found == (ROLE_PERMISSIONS[VENDOR] | {Permission.PRODUCTS_APPROVE}) - {
        Permission.PRODUCTS_CREATE
    }


def test_nothing_is_taken_from_a_superuser() -> None:
    lost = [Override(word, False) for word in Permission]
    assert effective(SUPERUSER, lost) == frozenset(Permission)


def test_a_vendors_own_words_are_about_the_own_shop_and_granted_ones_about_all() -> None:
    vendor = caller(VENDOR, Permission.PRODUCTS_UPDATE, Permission.PRODUCTS_APPROVE)
    assert vendor.can(Permission.PRODUCTS_UPDATE)
    assert not vendor.oversees(Permission.PRODUCTS_UPDATE)
    assert vendor.oversees(Permission.PRODUCTS_APPROVE)
    assert caller(BUYER, Permission.PRODUCTS_UPDATE).oversees(Permission.PRODUCTS_UPDATE)
    assert caller(ADMIN, Permission.PRODUCTS_UPDATE).oversees(Permission.PRODUCTS_UPDATE)
    assert not caller(ADMIN).oversees(Permission.PRODUCTS_UPDATE)


# Who may call what, as the role alone decides it; 404 and 422 say that the door was open.
DOORS: list[tuple[str, str, object, tuple[int, int, int, int]]] = [
    ("GET", "/users", None, (403, 403, 200, 200)),
    ("POST", "/users", {}, (403, 403, 422, 422)),
    ("GET", "/users/analytics", None, (403, 403, 200, 200)),
    ("GET", "/users/export?format=csv&search=nobody", None, (422, 422, 200, 200)),
    ("GET", f"/users/{SOMEBODY}", None, (404, 404, 404, 404)),
    ("PUT", f"/users/{SOMEBODY}", {"first_name": "X"}, (404, 404, 404, 404)),
    ("DELETE", f"/users/{SOMEBODY}", None, (404, 404, 404, 404)),
    ("GET", f"/users/{SOMEBODY}/export", None, (404, 404, 404, 404)),
    ("GET", f"/users/{SOMEBODY}/activity", None, (404, 404, 404, 404)),
    ("GET", f"/users/{SOMEBODY}/permissions", None, (403, 403, 404, 404)),
    ("PUT", f"/users/{SOMEBODY}/permissions", {}, (403, 403, 403, 404)),
    ("POST", f"/users/{SOMEBODY}/suspend", {"reason": "x"}, (403, 403, 404, 404)),
    ("POST", f"/users/{SOMEBODY}/activate", None, (403, 403, 404, 404)),
    (
        "POST",
        "/users/bulk-update",
        {"ids": [SOMEBODY], "changes": {"is_active": True}},
        (403, 403, 200, 200),
    ),
    ("GET", "/auth/api-keys", None, (200, 200, 200, 200)),
    (
        "POST",
        "/auth/api-keys",
        {"name": "x", "permissions": ["products.view"]},
        (403, 201, 201, 201),
    ),
    ("GET", "/admin/vendors", None, (403, 403, 200, 200)),
    (
        "PUT",
        f"/admin/vendors/{SOMEBODY}/status",
        {"status": "SUSPENDED", "reason": "x"},
        (403, 403, 404, 404),
    ),
    (
        "PUT",
        f"/admin/products/{SOMEBODY}/status",
        {"status": "APPROVED"},
        (403, 403, 404, 404),
    ),
    ("POST", "/categories", {"name": "X"}, (403, 403, 201, 201)),
    ("DELETE", f"/categories/{SOMEBODY}", None, (403, 403, 404, 404)),
    ("PATCH", f"/products/{SOMEBODY}", {"name": "X"}, (403, 404, 404, 404)),
    ("DELETE", f"/products/{SOMEBODY}", None, (403, 404, 404, 404)),
    ("GET", f"/products/{SOMEBODY}/inventory", None, (403, 404, 404, 404)),
]


async def test_each_role_meets_its_own_answer_at_every_door(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    people = [await as_user(await build.user(role)) for role in UserType]
    for method, path, body, wanted in DOORS:
        met = []
        for headers in people:
            answer = await client.request(method, path, json=body, headers=headers)
            met.append(answer.status_code)
        assert (method, path, tuple(met)) == (method, path, wanted)
        assert (await client.request(method, path, json=body)).status_code in {401, 422}


async def test_a_granted_word_opens_a_door_until_it_expires(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, clock: MovedClock
) -> None:
    user = await build.user()
    theirs, boss = await as_user(user), await as_user(await build.user(SUPERUSER))
    path = f"/users/{user.id}/permissions"
    assert (
        await client.post("/categories", json={"name": "One"}, headers=theirs)
    ).status_code == 403

    until = (now() + timedelta(minutes=10)).isoformat()
    grant = [{"permission": "categories.manage", "expires_at": until}]
    answer = await client.put(path, json={"grant": grant}, headers=boss)
    assert answer.status_code == 200
    assert answer.json()["effective"] == ["categories.manage"]
    shown = line(answer, "categories.manage")
    assert (shown["allowed"], shown["source"], shown["by_role"]) == (True, "granted", False)
    assert shown["expires_at"].startswith(until[:19])

    made = await client.post("/categories", json={"name": "One"}, headers=theirs)
    assert made.status_code == 201
    clock.advance(timedelta(minutes=11))
    late = await client.post("/categories", json={"name": "Two"}, headers=theirs)
    assert late.status_code == 403
    matrix = await client.get(path, headers=boss)
    assert line(matrix, "categories.manage")["source"] == "none"


async def test_a_revoked_word_closes_a_door_and_a_reset_opens_it_again(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    admin = await build.user(ADMIN)
    theirs, boss = await as_user(admin), await as_user(await build.user(SUPERUSER))
    path = f"/users/{admin.id}/permissions"
    answer = await client.put(path, json={"revoke": ["users.view"]}, headers=boss)
    shown = line(answer, "users.view")
    assert (shown["allowed"], shown["source"], shown["by_role"]) == (False, "revoked", True)
    assert (await client.get("/users", headers=theirs)).status_code == 403
    assert (await client.get("/admin/vendors", headers=theirs)).status_code == 200

    await client.put(path, json={"reset": ["users.view"]}, headers=boss)
    assert (await client.get("/users", headers=theirs)).status_code == 200
    assert await rows(database, UserPermission) == []
    done = [row.details for row in await rows(database, UserActivity) if row.actor_id]
    assert [entry["revoke"] + entry["reset"] for entry in done] == [["users.view"]] * 2


async def test_what_the_role_gives_already_needs_no_row(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    vendor = await build.user(VENDOR)
    boss = await as_user(await build.user(SUPERUSER))
    body = {"grant": [{"permission": "products.create"}], "revoke": ["users.view"]}
    answer = await client.put(f"/users/{vendor.id}/permissions", json=body, headers=boss)
    assert line(answer, "products.create")["source"] == "role"
    assert line(answer, "users.view")["source"] == "none"
    assert await rows(database, UserPermission) == []


async def granting_admin(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> tuple[BuiltUser, dict[str, str]]:
    """An ADMIN who may change permissions and lacks payouts.approve."""
    admin, boss = await build.user(ADMIN), await as_user(await build.user(SUPERUSER))
    body = {"grant": [{"permission": "users.permissions"}], "revoke": ["payouts.approve"]}
    answer = await client.put(f"/users/{admin.id}/permissions", json=body, headers=boss)
    assert answer.status_code == 200
    return admin, await as_user(admin)


@pytest.mark.parametrize("change", ["grant", "revoke", "reset"])
async def test_nobody_passes_on_what_they_do_not_have(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database, change: str
) -> None:
    _, theirs = await granting_admin(client, build, as_user)
    before = await rows(database, UserPermission)
    buyer = await build.user()
    word: object = {"permission": "payouts.approve"} if change == "grant" else "payouts.approve"
    path = f"/users/{buyer.id}/permissions"
    answer = await client.put(path, json={change: [word]}, headers=theirs)
    assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_NOT_HELD")
    assert await rows(database, UserPermission) == before


async def test_nobody_changes_their_own_permissions_or_those_of_an_equal(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    admin, theirs = await granting_admin(client, build, as_user)
    boss = await build.user(SUPERUSER)
    other = await build.user(ADMIN)
    before = await rows(database, UserPermission)
    body = {"grant": [{"permission": "orders.view"}]}

    async def refused(user_id: UUID, headers: dict[str, str]) -> tuple[int, str]:
        answer = await client.put(f"/users/{user_id}/permissions", json=body, headers=headers)
        return answer.status_code, answer.json()["code"]

    assert await refused(admin.id, theirs) == (409, "NOT_ON_YOURSELF")
    assert await refused(other.id, theirs) == (403, "ROLE_TOO_HIGH")
    assert await refused(boss.id, theirs) == (403, "ROLE_TOO_HIGH")
    assert await refused(boss.id, await as_user(boss)) == (409, "NOT_ON_YOURSELF")
    assert await rows(database, UserPermission) == before


@pytest.mark.parametrize(
    "body",
    [
        {"grant": [{"permission": "everything"}]},
        {"grant": [{"permission": "orders.view"}], "revoke": ["orders.view"]},
        {"grant": [{"permission": "orders.view", "expires_at": "2020-01-01T00:00:00Z"}]},
        {"grant": [{"permission": "orders.view", "expires_at": "2090-01-01T00:00:00"}]},
    ],
)
async def test_a_senseless_change_is_refused(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    body: dict[str, Any],
) -> None:
    user, boss = await build.user(), await as_user(await build.user(SUPERUSER))
    answer = await client.put(f"/users/{user.id}/permissions", json=body, headers=boss)
    assert answer.status_code == 422
    assert await rows(database, UserPermission) == []


async def test_a_caller_with_many_overrides_is_still_checked_in_one_statement(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, statements: list[str]
) -> None:
    user = await build.user()
    boss = await as_user(await build.user(SUPERUSER))
    grants = [{"permission": word} for word in ("orders.view", "users.view", "vendors.view")]
    path = f"/users/{user.id}/permissions"
    assert (await client.put(path, json={"grant": grants}, headers=boss)).status_code == 200
    theirs = await as_user(user)
    statements.clear()
    assert (await client.get("/auth/api-keys", headers=theirs)).status_code == 200
    assert len(statements) == 2
