"""Signing in: who gets in, who is locked out, and what strangers can learn from the answers."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import bcrypt
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from mestore.accounts.events import SignedIn
from mestore.accounts.models import RefreshToken, Session, SignInFailure, User
from mestore.accounts.types import SignInPolicy, UserType
from mestore.kernel.clock import Clock, now
from mestore.kernel.db import Database
from tests.accounts.rows import PASSWORD, hear, heard, row, rows
from tests.build import Build

WRONG = "Wrong-pass-1"


async def login(
    client: httpx2.AsyncClient, email: str, password: str = PASSWORD, *, path: str = "login"
) -> httpx2.Response:
    return await client.post(f"/auth/{path}", json={"email": email, "password": password})


def problem(answer: httpx2.Response) -> dict[str, object]:
    """Return a problem document without what differs by request."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def test_the_right_password_opens_a_session(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    user = await build.user()
    answer = await login(client, user.email.upper())

    assert answer.status_code == 200
    given = answer.json()
    assert given["user_id"] == str(user.id)
    assert given["token_type"] == "bearer"
    assert given["expires_in"] == 3600
    assert given["requires_mfa"] is False
    assert given["user"]["email"] == user.email
    assert given["user"]["last_login"] is not None
    session = await row(database, Session)
    assert (session.user_id, session.ip_address) == (user.id, "127.0.0.1")
    assert session.user_agent == client.headers["user-agent"]
    assert session.expires_at - session.created_at == timedelta(days=7)


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ana@example.com"},
        {"password": PASSWORD},
        {"email": "nobody", "password": PASSWORD},
        {"email": "ana@example.com", "password": 12345678},
        {"email": "ana@example.com", "password": PASSWORD, "extra": 1},
        [],
    ],
)
async def test_malformed_credentials_are_422(client: httpx2.AsyncClient, body: object) -> None:
    assert (await client.post("/auth/login", json=body)).status_code == 422


async def test_nobody_can_tell_an_unknown_account_from_a_wrong_password(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    buyer = await build.user()
    refused = [
        await login(client, buyer.email, WRONG),
        await login(client, "nobody@example.com"),
        await login(client, buyer.email, path="admin-login"),
        await login(client, "nobody@example.com", path="admin-login"),
    ]
    assert [answer.status_code for answer in refused] == [401] * 4
    assert problem(refused[0])["code"] == "INVALID_CREDENTIALS"
    assert all(problem(answer) == problem(refused[0]) for answer in refused)
    assert {answer.headers["www-authenticate"] for answer in refused} == {"Bearer"}
    assert await rows(database, Session) == []


async def test_an_unknown_account_takes_the_time_of_a_known_one(
    client: httpx2.AsyncClient, build: Build
) -> None:
    users = [await build.user() for _ in range(6)]

    async def seconds(email: str, path: str) -> float:
        began = time.process_time()
        assert (await login(client, email, WRONG, path=path)).status_code == 401
        return time.process_time() - began

    # Of the processor, in turn, and the least of each: what else the machine does must not count.
    known, unknown, of_wrong_role = (
        min(times)
        for times in zip(
            *[
                (
                    await seconds(user.email, "login"),
                    await seconds("nobody@example.com", "login"),
                    await seconds(user.email, "admin-login"),
                )
                for user in users
            ],
            strict=True,
        )
    )
    assert 0.5 < unknown / known < 2
    assert 0.5 < of_wrong_role / known < 2


@pytest.mark.parametrize("user_type", [UserType.ADMIN, UserType.SUPERUSER])
async def test_staff_sign_in_at_both_doors(
    client: httpx2.AsyncClient, build: Build, user_type: UserType
) -> None:
    admin = await build.user(user_type)
    for path in ("login", "admin-login"):
        answer = await login(client, admin.email, path=path)
        assert (answer.status_code, answer.json()["user"]["user_type"]) == (200, user_type)


@pytest.mark.parametrize("user_type", [UserType.BUYER, UserType.VENDOR])
async def test_others_do_not_sign_in_as_staff_and_are_not_locked_by_trying(
    client: httpx2.AsyncClient, database: Database, build: Build, user_type: UserType
) -> None:
    user = await build.user(user_type)
    for _ in range(6):
        assert (await login(client, user.email, path="admin-login")).status_code == 401
    stored = await row(database, User)
    assert (stored.failed_logins, stored.locked_until, stored.last_login) == (0, None, None)
    assert await rows(database, Session) == []


async def test_five_failures_lock_the_account_for_half_an_hour(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = await build.user()
    for _ in range(5):
        assert (await login(client, user.email, WRONG)).status_code == 401

    for password in (WRONG, PASSWORD):
        locked = await login(client, user.email, password)
        assert (locked.status_code, locked.json()["code"]) == (423, "ACCOUNT_LOCKED")
        assert 1790 <= int(locked.headers["retry-after"]) <= 1800
    assert await rows(database, Session) == []

    monkeypatch.setattr(Clock, "offset", timedelta(minutes=29))
    assert (await login(client, user.email)).status_code == 423
    monkeypatch.setattr(Clock, "offset", timedelta(minutes=31))
    assert (await login(client, user.email, WRONG)).status_code == 401
    assert (await row(database, User)).failed_logins == 1
    assert (await login(client, user.email)).status_code == 200
    stored = await row(database, User)
    assert (stored.failed_logins, stored.locked_until) == (0, None)


async def test_a_success_forgets_the_failures(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    user = await build.user()
    for _ in range(2):
        for _ in range(4):
            assert (await login(client, user.email, WRONG)).status_code == 401
        assert (await row(database, User)).failed_logins == 4
        assert (await login(client, user.email)).status_code == 200
        assert (await row(database, User)).failed_logins == 0


async def test_an_unknown_account_never_locks(client: httpx2.AsyncClient) -> None:
    answers = [await login(client, "nobody@example.com", WRONG) for _ in range(7)]
    assert {answer.status_code for answer in answers} == {401}


async def test_twenty_parallel_guesses_are_five_failures_and_a_lock(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    user = await build.user()
    answers = await asyncio.gather(*(login(client, user.email, WRONG) for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(423)) == (5, 15)
    stored = await row(database, User)
    assert stored.failed_logins == 0
    assert stored.locked_until > now() + timedelta(minutes=29)


async def test_the_right_password_among_parallel_guesses_does_not_get_past_the_lock(
    client: httpx2.AsyncClient, app: FastAPI, database: Database, build: Build
) -> None:
    user = await build.user()
    verify = app.state.passwords.verify
    guessed = asyncio.Event()

    async def hold_the_right_one(password: str, stored: str | None) -> tuple[bool, str | None]:
        found: tuple[bool, str | None] = await verify(password, stored)
        if password == PASSWORD:
            await guessed.wait()
        return found

    app.state.passwords.verify = hold_the_right_one
    right = asyncio.create_task(login(client, user.email))
    while not any(
        answer.status_code == 423
        for answer in [await login(client, user.email, WRONG) for _ in range(6)]
    ):
        pass
    guessed.set()
    answer = await right
    assert (answer.status_code, answer.json()["code"]) == (423, "ACCOUNT_LOCKED")
    assert await rows(database, Session) == []
    assert (await row(database, User)).last_login is None


async def test_a_suspended_account_says_so_only_to_who_knows_the_password(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    user = await build.user(is_active=False)
    assert (await login(client, user.email, WRONG)).status_code == 401
    answer = await login(client, user.email)
    assert (answer.status_code, answer.json()["code"]) == (403, "ACCOUNT_SUSPENDED")
    assert await rows(database, Session) == []
    assert (await row(database, User)).last_login is None


async def test_an_address_that_fails_over_many_accounts_is_blocked(
    client: httpx2.AsyncClient,
    app: FastAPI,
    database: Database,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy: SignInPolicy = app.state.sign_in_policy
    app.state.sign_in_policy = replace(policy, failures_to_block=3)
    user = await build.user()
    for number in range(3):
        assert (await login(client, f"nobody{number}@example.com")).status_code == 401

    blocked = await login(client, user.email)
    assert (blocked.status_code, blocked.json()["code"]) == (429, "ADDRESS_BLOCKED")
    assert blocked.headers["retry-after"] == "900"
    assert await rows(database, Session) == []
    assert len(await rows(database, SignInFailure)) == 3

    elsewhere = httpx2.ASGITransport(app, client=("203.0.113.9", 1))
    async with httpx2.AsyncClient(transport=elsewhere, base_url=client.base_url) as other:
        assert (await login(other, user.email)).status_code == 200

    monkeypatch.setattr(Clock, "offset", timedelta(minutes=16))
    assert (await login(client, user.email, WRONG)).status_code == 401
    assert len(await rows(database, SignInFailure)) == 1
    assert (await login(client, user.email)).status_code == 200


async def test_an_old_hash_is_replaced_at_the_next_sign_in(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    user = await build.user()
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(password_hash=old))

    assert (await login(client, user.email, WRONG)).status_code == 401
    assert (await row(database, User)).password_hash == old
    assert (await login(client, user.email)).status_code == 200
    assert (await row(database, User)).password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await login(client, user.email)).status_code == 200


async def test_a_guests_session_comes_along(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    hear(database, SignedIn)
    user = await build.user()
    await login(client, user.email)
    assert await heard(database) == []
    body = {"email": user.email, "password": PASSWORD}
    await client.post("/auth/login", json=body, headers={"Session-ID": "guest-0001"})
    assert await heard(database) == [
        ("SignedIn", {"user_id": str(user.id), "guest_session": "guest-0001"})
    ]


async def test_a_failed_sign_in_publishes_nothing(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    hear(database, SignedIn)
    user = await build.user()
    body = {"email": user.email, "password": WRONG}
    await client.post("/auth/login", json=body, headers={"Session-ID": "guest-0001"})
    assert await heard(database) == []


async def test_refresh_tokens_are_stored_by_digest_only(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    user = await build.user()
    given = (await login(client, user.email)).json()["refresh_token"]
    stored = await row(database, RefreshToken)
    assert stored.digest != given
    assert stored.spent_at is None
