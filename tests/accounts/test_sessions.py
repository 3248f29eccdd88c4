"""Sessions: tokens rotate, a copy ends the session, and everybody manages only their own."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.models import RefreshToken, Session, User
from mestore.kernel.clock import Clock, now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.accounts.rows import PASSWORD, row, rows
from tests.build import Build, BuiltUser


async def signed_in(client: httpx2.AsyncClient, user: BuiltUser) -> dict[str, Any]:
    answer = await client.post("/auth/login", json={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 200
    given: dict[str, Any] = answer.json()
    return given


def bearer(given: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {given['access_token']}"}


async def refresh(
    client: httpx2.AsyncClient, given: dict[str, Any], path: str = "refresh"
) -> httpx2.Response:
    body = {"refresh_token": given["refresh_token"]}
    return await client.post(f"/auth/{path}", json=body)


async def works(client: httpx2.AsyncClient, given: dict[str, Any]) -> bool:
    """Say whether an access token works."""
    return (await client.get("/auth/me", headers=bearer(given))).status_code == 200


@pytest.mark.parametrize("path", ["refresh", "refresh-token"])
async def test_a_refresh_gives_new_tokens_of_the_same_session(
    client: httpx2.AsyncClient, database: Database, build: Build, path: str
) -> None:
    user = await build.user()
    first = await signed_in(client, user)
    answer = await refresh(client, first, path)

    assert answer.status_code == 200
    second = answer.json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (second["user_id"], second["expires_in"]) == (str(user.id), 3600)
    assert second["user"] == first["user"]
    assert await works(client, second)
    assert await works(client, first)
    spent = {token.spent_at is None for token in await rows(database, RefreshToken)}
    assert spent == {True, False}
    assert len(await rows(database, Session)) == 1


async def test_a_refresh_prolongs_the_session_and_notes_the_device(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = await signed_in(client, await build.user())
    before = await row(database, Session)
    monkeypatch.setattr(Clock, "offset", timedelta(days=6))
    body = {"refresh_token": given["refresh_token"]}
    await client.post("/auth/refresh", json=body, headers={"User-Agent": "Sample browser"})
    after = await row(database, Session)
    assert after.user_agent == "Sample browser"
    assert after.created_at == before.created_at
    assert after.last_seen - before.last_seen >= timedelta(days=6)
    assert after.expires_at - before.expires_at >= timedelta(days=6)


async def test_a_spent_refresh_token_ends_the_session(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    user = await build.user()
    first = await signed_in(client, user)
    elsewhere = await signed_in(client, user)
    second = (await refresh(client, first)).json()

    reused = await refresh(client, first)
    assert (reused.status_code, reused.json()["code"]) == (401, "INVALID_REFRESH_TOKEN")
    assert not await works(client, first)
    assert not await works(client, second)
    assert (await refresh(client, second)).status_code == 401
    assert await works(client, elsewhere)
    ended = [session.ended_at is not None for session in await rows(database, Session)]
    assert ended == [True, False]


async def test_of_parallel_refreshes_one_wins_and_the_copy_ends_the_session(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    given = await signed_in(client, await build.user())
    answers = await asyncio.gather(*(refresh(client, given) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert not await works(client, winner)
    assert (await refresh(client, winner)).status_code == 401
    assert len(await rows(database, RefreshToken)) == 2
    assert (await row(database, Session)).ended_at is not None


async def test_a_refresh_token_lasts_seven_days(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = await signed_in(client, await build.user())
    monkeypatch.setattr(Clock, "offset", timedelta(days=7, minutes=1))
    assert (await refresh(client, given)).status_code == 401
    assert (await row(database, RefreshToken)).spent_at is None


@pytest.mark.parametrize("token", ["unknown", "x" * 200, "ñ"])
async def test_an_unknown_refresh_token_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    answer = await client.post("/auth/refresh", json={"refresh_token": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_REFRESH_TOKEN")


@pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refresh_token": None}, []])
async def test_a_malformed_refresh_is_422(client: httpx2.AsyncClient, body: object) -> None:
    assert (await client.post("/auth/refresh", json=body)).status_code == 422


async def test_an_access_token_does_not_refresh(client: httpx2.AsyncClient, build: Build) -> None:
    given = await signed_in(client, await build.user())
    body = {"refresh_token": given["access_token"][:200]}
    assert (await client.post("/auth/refresh", json=body)).status_code == 401


async def test_a_suspended_user_refreshes_nothing(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    given = await signed_in(client, await build.user())
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(is_active=False))
    assert (await refresh(client, given)).status_code == 401
    assert not await works(client, given)
    assert (await row(database, RefreshToken)).spent_at is None


async def test_logging_out_ends_this_session_only(client: httpx2.AsyncClient, build: Build) -> None:
    user = await build.user()
    here, elsewhere = await signed_in(client, user), await signed_in(client, user)
    answer = await client.post("/auth/logout", headers=bearer(here))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert not await works(client, here)
    assert (await refresh(client, here)).status_code == 401
    assert await works(client, elsewhere)
    assert (await client.post("/auth/logout", headers=bearer(here))).status_code == 401


async def test_one_sees_ones_own_open_sessions_newest_first(
    client: httpx2.AsyncClient, build: Build
) -> None:
    user = await build.user()
    await signed_in(client, await build.user())
    first, second, third = [await signed_in(client, user) for _ in range(3)]
    await client.post("/auth/logout", headers=bearer(second))

    answer = await client.get("/auth/sessions", headers=bearer(first))
    assert answer.status_code == 200
    sessions = answer.json()["sessions"]
    assert [session["current"] for session in sessions] == [False, True]
    assert set(sessions[0]) == {
        "id",
        "ip_address",
        "user_agent",
        "created_at",
        "last_seen",
        "current",
    }
    assert sessions[0]["ip_address"] == "127.0.0.1"
    assert sessions[0]["user_agent"] == client.headers["user-agent"]
    assert sessions[0]["created_at"] > sessions[1]["created_at"]
    assert await works(client, third)


async def test_one_ends_one_of_ones_own_sessions(client: httpx2.AsyncClient, build: Build) -> None:
    user = await build.user()
    here, elsewhere = await signed_in(client, user), await signed_in(client, user)
    listed = (await client.get("/auth/sessions", headers=bearer(here))).json()["sessions"]
    other = next(session["id"] for session in listed if not session["current"])

    answer = await client.delete(f"/auth/sessions/{other}", headers=bearer(here))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert not await works(client, elsewhere)
    assert await works(client, here)
    again = await client.delete(f"/auth/sessions/{other}", headers=bearer(here))
    assert (again.status_code, again.json()["code"]) == (404, "SESSION_NOT_FOUND")


async def test_other_peoples_sessions_are_not_found_and_go_on(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    mine = await signed_in(client, await build.user())
    theirs = await signed_in(client, await build.user())
    listed = (await client.get("/auth/sessions", headers=bearer(theirs))).json()["sessions"]
    for session_id in (listed[0]["id"], str(uuid7()), "7", "not-a-uuid"):
        answer = await client.delete(f"/auth/sessions/{session_id}", headers=bearer(mine))
        assert answer.status_code == 404
    assert await works(client, theirs)
    assert [session.ended_at for session in await rows(database, Session)] == [None, None]


@pytest.mark.parametrize(
    ("body", "ended", "here_goes_on"),
    [
        ({"keep_current": True}, 2, True),
        ({"keep_current": False}, 3, False),
        ({}, 3, False),
        (None, 3, False),
    ],
)
async def test_one_ends_all_ones_own_sessions(
    client: httpx2.AsyncClient,
    build: Build,
    body: dict[str, bool] | None,
    ended: int,
    here_goes_on: bool,
) -> None:
    user = await build.user()
    here, *others = [await signed_in(client, user) for _ in range(3)]
    stranger = await signed_in(client, await build.user())
    answer = await client.post("/auth/sessions/revoke-all", json=body, headers=bearer(here))
    assert (answer.status_code, answer.json()) == (200, {"success": True, "ended": ended})
    assert [await works(client, other) for other in others] == [False, False]
    assert await works(client, here) is here_goes_on
    assert await works(client, stranger)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/logout"),
        ("GET", "/auth/sessions"),
        ("DELETE", f"/auth/sessions/{UUID(int=7)}"),
        ("POST", "/auth/sessions/revoke-all"),
        ("GET", "/auth/me"),
        ("PUT", "/auth/me"),
    ],
)
async def test_without_a_token_nothing_of_this_is_possible(
    client: httpx2.AsyncClient, database: Database, build: Build, method: str, path: str
) -> None:
    await signed_in(client, await build.user())
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await row(database, Session)).ended_at is None


async def test_a_session_that_expired_ends_its_access_token_too(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    given = await signed_in(client, await build.user())
    async with database.transaction() as tx:
        await tx.connection.execute(update(Session).values(expires_at=now()))
    assert not await works(client, given)
