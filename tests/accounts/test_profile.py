"""One's own profile: read with its version, changed field by field."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.models import Consent, User
from mestore.accounts.types import PAGE_FIELDS
from mestore.kernel.db import Database
from tests.accounts.rows import person, row, rows
from tests.build import Build

Headers = dict[str, str]


@pytest.fixture
async def me(client: httpx2.AsyncClient, database: Database) -> Headers:
    """The headers of a registered user with verified e-mail and phone."""
    answer = await client.post("/auth/register", json=person(phone="3001234567"))
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(email_verified=True, phone_verified=True))
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_the_profile_has_the_fields_of_the_contract_and_no_hash(
    client: httpx2.AsyncClient, me: Headers
) -> None:
    answer = await client.get("/auth/me", headers=me)
    assert set(answer.json()) == {
        "id",
        "number",
        "email",
        "username",
        "first_name",
        "last_name",
        "phone",
        "company",
        "user_type",
        "is_active",
        "email_verified",
        "phone_verified",
        "mfa_enabled",
        "marketing_consent",
        "created_at",
        "last_login",
        *PAGE_FIELDS,
    }


async def test_only_what_is_sent_changes(
    client: httpx2.AsyncClient, me: Headers, database: Database
) -> None:
    before = (await client.get("/auth/me", headers=me)).json()
    changes = {"first_name": "Beatriz", "company": "Tienda", "username": "bea"}
    answer = await client.put("/auth/me", json=changes, headers=me)
    assert answer.status_code == 200
    assert answer.json() == before | changes
    assert (await client.get("/auth/me", headers=me)).json() == before | changes
    assert len(await rows(database, Consent)) == 1


async def test_nothing_sent_changes_nothing(
    client: httpx2.AsyncClient, me: Headers, database: Database
) -> None:
    before = await row(database, User)
    assert (await client.put("/auth/me", json={}, headers=me)).status_code == 200
    same = {"first_name": before.first_name, "email": before.email.upper()}
    assert (await client.put("/auth/me", json=same, headers=me)).status_code == 200
    assert await row(database, User) == before


async def test_null_empties_what_may_be_empty(
    client: httpx2.AsyncClient, me: Headers, database: Database
) -> None:
    await client.put("/auth/me", json={"username": "ana", "company": "x"}, headers=me)
    empty = {"username": None, "company": None, "phone": None}
    answer = await client.put("/auth/me", json=empty, headers=me)
    assert answer.status_code == 200
    stored = await row(database, User)
    assert (stored.username, stored.company, stored.phone) == (None, None, None)
    assert stored.phone_verified is False


async def test_a_changed_email_becomes_unverified_and_signs_in(
    client: httpx2.AsyncClient, me: Headers
) -> None:
    answer = await client.put("/auth/me", json={"email": "New@Example.com"}, headers=me)
    changed = answer.json()
    assert (changed["email"], changed["email_verified"]) == ("new@example.com", False)
    assert changed["phone_verified"] is True
    login = {"email": "new@example.com", "password": person()["password"]}
    assert (await client.post("/auth/login", json=login)).status_code == 200


async def test_a_changed_phone_becomes_unverified(client: httpx2.AsyncClient, me: Headers) -> None:
    same = await client.put("/auth/me", json={"phone": "300 123 4567"}, headers=me)
    assert same.json()["phone_verified"] is True
    changed = (await client.put("/auth/me", json={"phone": "3017654321"}, headers=me)).json()
    assert (changed["phone"], changed["phone_verified"]) == ("+573017654321", False)
    assert changed["email_verified"] is True


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"email": "BETO@example.com"}, "EMAIL_TAKEN"), ({"username": "beto"}, "USERNAME_TAKEN")],
)
async def test_what_another_account_has_is_refused(
    client: httpx2.AsyncClient,
    me: Headers,
    database: Database,
    changes: dict[str, str],
    code: str,
) -> None:
    await client.post("/auth/register", json=person(email="beto@example.com", username="beto"))
    before = await rows(database, User)
    answer = await client.put("/auth/me", json=changes | {"first_name": "X"}, headers=me)
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert await rows(database, User) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "x"},
        {"email": None},
        {"first_name": ""},
        {"first_name": None},
        {"last_name": None},
        {"phone": "123"},
        {"username": "a b"},
        {"marketing_consent": None},
        {"marketing_consent": "yes"},
        {"user_type": "ADMIN"},
        {"is_active": False},
        {"email_verified": True},
        {"password": "Other-pass-1"},
        {"number": 1},
    ],
)
async def test_malformed_changes_change_nothing(
    client: httpx2.AsyncClient, me: Headers, database: Database, changes: dict[str, Any]
) -> None:
    before = await row(database, User)
    answer = await client.put("/auth/me", json=changes | {"company": "X"}, headers=me)
    assert answer.status_code == 422
    assert await row(database, User) == before


async def test_each_change_of_mind_about_marketing_is_recorded(
    client: httpx2.AsyncClient, me: Headers, database: Database
) -> None:
    for wish in (True, True, False):
        answer = await client.put("/auth/me", json={"marketing_consent": wish}, headers=me)
        assert answer.json()["marketing_consent"] is wish
    recorded = [(each.document, each.is_given) for each in await rows(database, Consent)]
    assert recorded == [("terms", True), ("marketing", True), ("marketing", False)]


async def test_a_write_over_a_newer_version_is_refused(
    client: httpx2.AsyncClient, me: Headers, database: Database
) -> None:
    read = await client.get("/auth/me", headers=me)
    fresh = me | {"If-Match": read.headers["etag"]}
    written = await client.put("/auth/me", json={"first_name": "Bea"}, headers=fresh)
    assert written.status_code == 200
    assert written.headers["etag"] != read.headers["etag"]

    before = await row(database, User)
    stale = await client.put("/auth/me", json={"first_name": "Cris"}, headers=fresh)
    assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert await row(database, User) == before
    newer = me | {"If-Match": written.headers["etag"]}
    again = await client.put("/auth/me", json={"first_name": "Cris"}, headers=newer)
    assert again.status_code == 200


async def test_of_parallel_writes_over_one_version_one_wins(
    client: httpx2.AsyncClient, me: Headers, database: Database
) -> None:
    read = await client.get("/auth/me", headers=me)
    fresh = me | {"If-Match": read.headers["etag"]}
    answers = await asyncio.gather(
        *(
            client.put("/auth/me", json={"first_name": name}, headers=fresh)
            for name in ("Bea", "Cris", "Dora")
        )
    )
    winners = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(winners) == 1
    assert {answer.status_code for answer in answers} - {200} <= {409, 412}
    assert (await row(database, User)).first_name == winners[0]["first_name"]


async def test_a_profile_shows_only_its_own_user(
    client: httpx2.AsyncClient, me: Headers, build: Build
) -> None:
    await build.user(email="other@example.com")
    assert (await client.get("/auth/me", headers=me)).json()["email"] == "ana@example.com"
