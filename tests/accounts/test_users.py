"""Users as operators run them: lists, creation, changes, suspension, many at once, counts."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import insert, update

from mestore.accounts.events import PasswordResetRequested, UserInvited, UserSuspended
from mestore.accounts.models import Consent, Session, User
from mestore.accounts.schemas.users import ActivityOut, ApiKeyOut, PermissionOut, UserAnalyticsOut
from mestore.accounts.types import UserType
from mestore.accounts.views import ActivityView, ApiKeyView, PermissionLine, UserAnalytics
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.accounts.rows import hear, heard, rows
from tests.build import PASSWORD, Build, BuiltUser, hash_of
from tests.conftest import AsUser, MovedClock, SignIn

BUYER, VENDOR, ADMIN, SUPERUSER = UserType


async def names(client: httpx2.AsyncClient, headers: dict[str, str], query: str) -> list[str]:
    """The e-mails of a list."""
    answer = await client.get(f"/users?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [user["email"] for user in answer.json()["users"]]


def test_hot_shapes_are_the_documented_ones() -> None:
    for struct, schema in (
        (ActivityView, ActivityOut),
        (ApiKeyView, ApiKeyOut),
        (PermissionLine, PermissionOut),
        (UserAnalytics, UserAnalyticsOut),
    ):
        assert struct.__struct_fields__ == tuple(schema.model_fields)


async def test_operators_search_filter_and_sort_users(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    boss = await build.user(ADMIN, email="boss@example.com")
    anna = await build.user(email="anna@example.com")
    await build.user(VENDOR, email="100%_real@example.com", is_active=False)
    headers = await as_user(boss)
    async with database.transaction() as tx:
        named = update(User).where(User.id == anna.id)
        await tx.connection.execute(named.values(first_name="Ánna", last_name="Lopez Sample"))
    assert await names(client, headers, "sort=email") == [
        "100%_real@example.com",
        "anna@example.com",
        "boss@example.com",
    ]
    assert await names(client, headers, "role=VENDOR") == ["100%_real@example.com"]
    assert await names(client, headers, "is_active=false") == ["100%_real@example.com"]
    assert await names(client, headers, "search=lopez%20SAMPLE") == ["anna@example.com"]
    assert await names(client, headers, "search=0%25_r") == ["100%_real@example.com"]
    assert await names(client, headers, "search=x%25y") == []
    assert (await client.get("/users?sort=password_hash", headers=headers)).status_code == 422
    assert (await client.get("/users?search=%00", headers=headers)).status_code == 422


@pytest.mark.parametrize("sort", ["created_at", "-email", "last_login", "-last_login"])
async def test_a_cursor_walks_through_all_users_once(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, sign_in: SignIn, sort: str
) -> None:
    headers = await as_user(await build.user(ADMIN))
    for _ in range(4):
        await build.user()
    await sign_in((await build.user()).email)
    seen: list[str] = []
    path = f"/users?sort={sort}&per_page=2"
    while True:
        page = (await client.get(path, headers=headers)).json()
        seen += [user["email"] for user in page["users"]]
        assert page["pagination"]["total"] == 6
        if page["pagination"]["next"] is None:
            break
        path = f"/users?sort={sort}&per_page=2&cursor={page['pagination']['next']}"
    assert len(seen) == len(set(seen)) == 6


async def test_a_page_of_users_takes_three_statements(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, statements: list[str]
) -> None:
    headers = await as_user(await build.user(ADMIN))
    statements.clear()
    await client.get("/users", headers=headers)
    assert len(statements) == 3


NEW = {"email": "New@Example.com", "first_name": "Nora", "last_name": "Sample"}


async def test_a_user_is_added_with_a_password_and_can_sign_in(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, sign_in: SignIn
) -> None:
    boss = await as_user(await build.user(ADMIN))
    body = NEW | {"user_type": "VENDOR", "password": PASSWORD}
    answer = await client.post("/users", json=body, headers=boss)
    assert answer.status_code == 201
    user = answer.json()
    assert answer.headers["location"] == f"/api/v1/users/{user['id']}"
    assert (user["email"], user["user_type"]) == ("new@example.com", "VENDOR")
    assert "password_hash" not in user
    assert (await client.get("/auth/me", headers=await sign_in("new@example.com"))).json()[
        "id"
    ] == user["id"]
    again = await client.post("/users", json=body, headers=boss)
    assert (again.status_code, again.json()["code"]) == (409, "EMAIL_TAKEN")


async def test_a_user_without_a_password_is_invited_and_cannot_sign_in_yet(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    hear(database, UserInvited, PasswordResetRequested)
    boss = await as_user(await build.user(ADMIN))
    answer = await client.post("/users", json=NEW, headers=boss)
    assert answer.status_code == 201
    sent = await heard(database)
    assert [(name, payload["user_id"]) for name, payload in sent] == [
        ("UserInvited", answer.json()["id"]),
        ("PasswordResetRequested", answer.json()["id"]),
    ]
    for password in ("!", PASSWORD):
        body = {"email": "new@example.com", "password": password}
        assert (await client.post("/auth/login", json=body)).status_code == 401


@pytest.mark.parametrize(
    ("actor", "wanted", "status"),
    [
        (ADMIN, "BUYER", 201),
        (ADMIN, "VENDOR", 201),
        (ADMIN, "ADMIN", 403),
        (ADMIN, "SUPERUSER", 403),
        (SUPERUSER, "ADMIN", 201),
        (SUPERUSER, "SUPERUSER", 403),
    ],
)
async def test_only_roles_below_ones_own_are_given(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    actor: UserType,
    wanted: str,
    status: int,
) -> None:
    headers = await as_user(await build.user(actor))
    answer = await client.post("/users", json=NEW | {"user_type": wanted}, headers=headers)
    assert answer.status_code == status
    assert len(await rows(database, User)) == (2 if status == 201 else 1)


async def test_users_see_themselves_operators_see_all_and_strangers_nobody(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    user, other = await build.user(), await build.user(VENDOR)
    admin = await as_user(await build.user(ADMIN))
    for suffix in ("", "/activity"):
        path = f"/users/{user.id}{suffix}"
        assert (await client.get(path, headers=await as_user(user))).status_code == 200
        assert (await client.get(path, headers=admin)).status_code == 200
        assert (await client.get(path, headers=await as_user(other))).status_code == 404
        missing = await client.get(f"/users/{uuid4()}{suffix}", headers=admin)
        assert missing.status_code == 404
    assert (await client.get("/users/7", headers=admin)).status_code == 404


PAGE: dict[str, Any] = {
    "avatar_url": "https://example.com/me.png",
    "bio": "Sells samples.\nAnd more.",
    "website": "https://example.com",
    "location": "Bogotá",
    "timezone": "America/Bogota",
    "language": "es-CO",
    "preferences": {"theme": "dark", "mails": [1, 2.5, None, {"ñ": True}]},
}


@pytest.mark.parametrize("path", ["/auth/me", "/users/{id}"])
async def test_a_personal_page_is_written_and_shown(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, path: str
) -> None:
    user = await build.user()
    headers, path = await as_user(user), path.replace("{id}", str(user.id))
    empty = (await client.get(path, headers=headers)).json()
    assert {name: empty[name] for name in PAGE} == dict.fromkeys(PAGE) | {"preferences": {}}
    answer = await client.put(path, json=PAGE, headers=headers)
    assert answer.status_code == 200, answer.text
    shown = await client.get(path, headers=headers)
    assert shown.json() == answer.json() == empty | PAGE
    assert shown.headers["etag"] == answer.headers["etag"]
    part = await client.put(path, json={"bio": None, "first_name": "Eva"}, headers=headers)
    assert part.json() == empty | PAGE | {"bio": None, "first_name": "Eva"}
    login = await client.post("/auth/login", json={"email": user.email, "password": PASSWORD})
    assert set(PAGE) & set(login.json()["user"]) == set()


@pytest.mark.parametrize(
    "body",
    [
        {"avatar_url": "javascript:alert(1)"},
        {"website": "example"},
        {"timezone": "Bogota"},
        {"language": "español"},
        {"bio": "a\x00b"},
        {"bio": "x" * 2001},
        {"preferences": {"a": "x" * 9000}},
        {"preferences": {"a": "\x00"}},
        {"preferences": []},
        {"preferences": None},
        {"user_type": "ADMIN"},
        {"is_active": True},
    ],
)
async def test_a_field_that_cannot_be_is_refused(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, body: dict[str, Any]
) -> None:
    user = await build.user()
    headers = await as_user(user)
    before = (await client.get("/auth/me", headers=headers)).json()
    assert (await client.put(f"/users/{user.id}", json=body, headers=headers)).status_code == 422
    assert (await client.get("/auth/me", headers=headers)).json() == before


async def test_an_old_copy_of_a_user_is_not_written_over_a_newer_one(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    user = await build.user()
    headers, path = await as_user(user), f"/users/{user.id}"
    old = (await client.get(path, headers=headers)).headers["etag"]
    first = await client.put(path, json={"bio": "1"}, headers=headers | {"If-Match": old})
    assert first.status_code == 200
    second = await client.put(path, json={"bio": "2"}, headers=headers | {"If-Match": old})
    assert second.status_code == 412
    assert (await client.get(path, headers=headers)).json()["bio"] == "1"


async def try_all(
    client: httpx2.AsyncClient, headers: dict[str, str], target: BuiltUser
) -> set[tuple[int, str]]:
    """Everything that an operator can do to a user; the answers."""
    path = f"/users/{target.id}"
    answers = [
        await client.put(path, json={"first_name": "X"}, headers=headers),
        await client.post(f"{path}/suspend", json={"reason": "x"}, headers=headers),
        await client.post(f"{path}/activate", headers=headers),
        await client.delete(path, headers=headers),
    ]
    return {(answer.status_code, answer.json().get("code")) for answer in answers}


async def test_an_admin_cannot_touch_admins_or_superusers(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user(await build.user(ADMIN))
    others = [await build.user(ADMIN), await build.user(SUPERUSER)]
    before = await rows(database, User)
    for other in others:
        assert await try_all(client, headers, other) == {(403, "ROLE_TOO_HIGH")}
    assert await rows(database, User) == before


async def test_a_suspended_user_is_out_at_once_until_activated(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, sign_in: SignIn, database: Database
) -> None:
    hear(database, UserSuspended)
    user = await build.user()
    theirs, boss = await as_user(user), await as_user(await build.user(ADMIN))
    path = f"/users/{user.id}"
    assert (await client.post(f"{path}/suspend", json={}, headers=boss)).status_code == 422
    answer = await client.post(f"{path}/suspend", json={"reason": "fraud"}, headers=boss)
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    again = await client.post(f"{path}/suspend", json={"reason": "again"}, headers=boss)
    assert again.status_code == 200
    assert await heard(database) == [
        ("UserSuspended", {"user_id": str(user.id), "reason": "fraud"})
    ]
    assert (await client.get("/auth/me", headers=theirs)).status_code == 401
    ended = [row for row in await rows(database, Session) if row.user_id == user.id]
    assert all(row.ended_at is not None for row in ended)
    body = {"email": user.email, "password": PASSWORD}
    assert (await client.post("/auth/login", json=body)).status_code == 403
    answer = await client.post(f"{path}/activate", headers=boss)
    assert (answer.status_code, answer.json()["is_active"]) == (200, True)
    assert (await client.get("/auth/me", headers=theirs)).status_code == 401
    assert (await client.get("/auth/me", headers=await sign_in(user.email))).status_code == 200


async def test_activating_unlocks_an_account_that_was_guessed_at(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    user, boss = await build.user(), await as_user(await build.user(ADMIN))
    wrong, right = ({"email": user.email, "password": word} for word in ("Wrong1234", PASSWORD))
    for _ in range(5):
        assert (await client.post("/auth/login", json=wrong)).status_code == 401
    assert (await client.post("/auth/login", json=right)).status_code == 423
    assert (await client.post(f"/users/{user.id}/activate", headers=boss)).status_code == 200
    assert (await client.post("/auth/login", json=right)).status_code == 200
    assert [row.locked_until for row in await rows(database, User)] == [None, None]


async def test_nobody_suspends_themselves(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    await build.user(SUPERUSER)
    for role in (ADMIN, SUPERUSER):
        user = await build.user(role)
        answer = await client.post(
            f"/users/{user.id}/suspend", json={"reason": "x"}, headers=await as_user(user)
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "NOT_ON_YOURSELF")
    assert all(row.is_active for row in await rows(database, User))


async def test_two_superusers_who_suspend_each_other_leave_one(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    pair = [await build.user(SUPERUSER), await build.user(SUPERUSER)]
    headers = [await as_user(user) for user in pair]
    answers = await asyncio.gather(
        *(
            client.post(f"/users/{target.id}/suspend", json={"reason": "x"}, headers=actor)
            for actor, target in zip(headers, reversed(pair), strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sum(row.is_active for row in await rows(database, User)) == 1


async def test_a_bulk_update_answers_for_every_user(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    actor = await build.user(ADMIN)
    headers = await as_user(actor)
    good, equal, missing = await build.user(), await build.user(ADMIN), uuid4()
    ids = [str(missing), str(good.id), str(equal.id), str(actor.id)]
    changes = {"is_active": False, "marketing_consent": True, "language": "en"}
    body: dict[str, Any] = {"ids": ids, "changes": changes}
    before = await rows(database, User)

    strict = await client.post(
        "/users/bulk-update", json=body | {"all_or_nothing": True}, headers=headers
    )
    assert (strict.status_code, strict.json()["code"]) == (409, "BULK_UPDATE_REFUSED")
    assert [result["id"] for result in strict.json()["details"]["results"]] == ids
    assert await rows(database, User) == before

    answer = await client.post("/users/bulk-update", json=body, headers=headers)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(result["id"], result["code"]) for result in results] == [
        (ids[0], "USER_NOT_FOUND"),
        (ids[1], None),
        (ids[2], "ROLE_TOO_HIGH"),
        (ids[3], "NOT_ON_YOURSELF"),
    ]
    assert (answer.json()["success"], answer.json()["updated"]) == (False, 1)
    shown = (await client.get(f"/users/{good.id}", headers=headers)).json()
    assert {name: shown[name] for name in changes} == changes
    after = {row.id: row for row in await rows(database, User)}
    assert after[actor.id].marketing_consent is False
    (consent,) = await rows(database, Consent)
    assert (consent.user_id, consent.is_given) == (good.id, True)


@pytest.mark.parametrize(
    "body",
    [
        {"ids": [], "changes": {"is_active": True}},
        {"ids": [str(uuid7()) for _ in range(101)], "changes": {"is_active": True}},
        {"ids": ["01997d00-0000-7000-8000-000000000000"] * 2, "changes": {"is_active": True}},
        {"ids": ["01997d00-0000-7000-8000-000000000000"], "changes": {}},
        {"ids": ["01997d00-0000-7000-8000-000000000000"], "changes": {"user_type": "ADMIN"}},
    ],
    ids=["none", "too many", "twice", "no change", "role"],
)
async def test_a_senseless_bulk_update_is_refused(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, body: dict[str, Any]
) -> None:
    headers = await as_user(await build.user(ADMIN))
    assert (await client.post("/users/bulk-update", json=body, headers=headers)).status_code == 422


async def test_activities_tell_what_happened_newest_first(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, sign_in: SignIn
) -> None:
    user, admin = await build.user(), await build.user(ADMIN)
    boss, theirs = await as_user(admin), await sign_in(user.email)
    await client.put("/auth/me", json={"bio": "x"}, headers=theirs)
    await client.post("/auth/logout", headers=theirs)
    await client.post(f"/users/{user.id}/suspend", json={"reason": "why"}, headers=boss)
    answer = await client.get(f"/users/{user.id}/activity?per_page=3", headers=boss)
    body = answer.json()
    assert [entry["action"] for entry in body["activities"]] == [
        "suspended",
        "logout",
        "profile_changed",
    ]
    assert body["activities"][0]["details"] == {"reason": "why"}
    assert body["activities"][0]["actor_id"] == str(admin.id)
    assert body["activities"][2]["details"] == {"fields": ["bio"]}
    more = f"/users/{user.id}/activity?per_page=3&cursor={body['pagination']['next']}"
    rest = (await client.get(more, headers=boss)).json()["activities"]
    assert [entry["action"] for entry in rest] == ["login"]
    assert rest[0]["ip_address"] == "127.0.0.1"


async def test_analytics_count_by_day_in_bogota_by_role_and_returning(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database, clock: MovedClock
) -> None:
    headers = await as_user(await build.user(ADMIN))
    made = [await build.user(), await build.user(VENDOR), await build.user(is_active=False)]
    # 03:00 UTC on 11 March is still 10 March in Bogotá.
    moments = ["2026-03-11T03:00:00Z", "2026-03-11T12:00:00Z", "2026-03-05T12:00:00Z"]
    async with database.transaction() as tx:
        for user, moment in zip(made, moments, strict=True):
            at = now().fromisoformat(moment)
            change = update(User).where(User.id == user.id)
            signed_in = now().fromisoformat("2026-03-11T15:00:00Z")
            login = signed_in if user is made[2] else None
            await tx.connection.execute(change.values(created_at=at, last_login=login))
    answer = await client.get("/users/analytics?from=2026-03-10&to=2026-03-12", headers=headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["sign_ups"] == [
        {"date": "2026-03-10", "count": 1},
        {"date": "2026-03-11", "count": 1},
    ]
    assert (body["total"], body["active"], body["new"], body["signed_in"]) == (4, 3, 2, 1)
    assert body["by_type"][1] == {"user_type": "VENDOR", "total": 1, "active": 1, "new": 1}
    assert body["retention"] == {"signed_up_before": 0, "came_back": 0, "percent": 0.0}
    wider = await client.get("/users/analytics?from=2026-03-07&to=2026-03-12", headers=headers)
    assert wider.json()["retention"] == {"signed_up_before": 1, "came_back": 1, "percent": 100.0}
    for query in ("from=2026-03-12&to=2026-03-10", "from=2020-01-01&to=2026-01-01", "from=soon"):
        refused = await client.get(f"/users/analytics?{query}", headers=headers)
        assert refused.status_code == 422


async def test_five_thousand_users_are_listed_page_by_page(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user(await build.user(ADMIN))
    await add_many(database, 5_000)
    page = (await client.get("/users?per_page=100&page=50", headers=headers)).json()
    assert len(page["users"]) == 100
    assert page["pagination"]["total"] == 5_001


async def add_many(database: Database, count: int) -> None:
    """Write this many users in one statement."""
    moment, password_hash = now() - timedelta(days=1), hash_of(PASSWORD)
    users = [
        {
            "id": uuid7(),
            "email": f"many{serial}@example.com",
            "password_hash": password_hash,
            "first_name": "=SUM(A1)",
            "last_name": "@sample",
            "phone": "+573001234567",
            "user_type": BUYER,
            "is_active": True,
            "email_verified": False,
            "phone_verified": False,
            "mfa_enabled": False,
            "marketing_consent": False,
            "failed_logins": 0,
            "created_at": moment,
            "updated_at": moment,
        }
        for serial in range(count)
    ]
    async with database.transaction() as tx:
        await tx.connection.execute(insert(User), users)
