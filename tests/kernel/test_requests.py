"""Requests and the database: commits before answers, races, versions, a database that is away."""

import asyncio

import httpx2
import pytest

from mestore.kernel import db
from mestore.kernel.db import Database
from mestore.kernel.errors import Conflict, Forbidden, NotFound
from mestore.kernel.http import etag, refuses
from tests.kernel.things import words
from tests.kernel.web import PROBLEM, client_of, make_app, problem


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (None, 200),
        ('"7"', 200),
        ('W/"7"', 200),
        ("*", 200),
        ('"6", "7"', 200),
        ('"7.abcdef"', 200),
        ('"6"', 412),
        ("7", 412),
        ('"77"', 412),
        ("", 412),
    ],
)
async def test_a_write_with_an_old_etag_is_412(
    web: httpx2.AsyncClient, sent: str | None, status: int
) -> None:
    headers = {} if sent is None else {"If-Match": sent}
    answer = await web.get("/if-match/7", headers=headers)
    assert answer.status_code == status
    if status == 412:
        assert problem(answer, 412, "PRECONDITION_FAILED")["details"] == {"current": '"7"'}


def test_an_etag_changes_with_version_and_body() -> None:
    assert etag(7) == '"7"'
    assert etag(7, b"a").startswith('"7.')
    assert len({etag(7, b"a"), etag(7, b"b"), etag(8, b"a"), etag(7)}) == 4


async def test_what_was_written_is_committed_before_the_answer_leaves(
    writer: httpx2.AsyncClient, things: Database
) -> None:
    assert (await writer.post("/write/kept")).json() == "kept"
    assert await words(things) == ["kept"]


async def test_a_refused_or_broken_request_writes_nothing(
    writer: httpx2.AsyncClient, things: Database
) -> None:
    problem(await writer.post("/write/refused"), 409, "CONFLICT")
    problem(await writer.post("/write/broken"), 500, "INTERNAL_ERROR")
    assert await words(things) == []


async def test_a_commit_that_fails_is_no_success(
    writer: httpx2.AsyncClient, things: Database
) -> None:
    answer = await writer.post("/commit-fails")
    assert answer.status_code >= 500
    assert answer.headers["content-type"] == PROBLEM
    assert await words(things) == []


async def test_a_lost_race_is_409(writer: httpx2.AsyncClient, things: Database) -> None:
    answers = await asyncio.gather(*(writer.post("/write/once") for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "LOST_RACE")
            assert "test_things" not in answer.text
    assert await words(things) == ["once"]


async def test_a_database_without_a_connection_to_spare_is_503(
    engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "POOL_WAIT_SECONDS", 0.05)
    small = Database(engine_url, pool_size=1)
    app = make_app(small)
    holds, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with small.transaction():
            holds.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await holds.wait()
    async with client_of(app) as client:
        answer = await client.post("/write/lost")
    done.set()
    await holder
    await small.close()
    problem(answer, 503, "DATABASE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "2"


async def test_a_database_that_is_not_there_is_503() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    app = make_app(away)
    async with client_of(app) as client:
        answer = await client.post("/write/lost")
    await away.close()
    problem(answer, 503, "DATABASE_UNAVAILABLE")
    assert "127.0.0.1" not in answer.text


async def test_an_idempotency_key_claims_its_route_and_body(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/once?x=1", headers={"Idempotency-Key": "abc-123"}, content=b"{}")
    assert answer.text == "somebody POST /once|abc-123"
    assert answer.headers["idempotent-replayed"] == "true"
    without = await web.post("/once", content=b"{}")
    assert without.text == "none"
    assert "idempotent-replayed" not in without.headers


def test_refusals_are_in_the_api_document() -> None:
    assert refuses(NotFound, Conflict, Forbidden) == {
        404: {
            "description": "NOT_FOUND: There is no such thing, or none that the caller may see.",
            "content": {PROBLEM: {}},
        },
        409: {
            "description": "CONFLICT: "
            "The request is fine, but not in the state that things are in.",
            "content": {PROBLEM: {}},
        },
        403: {
            "description": "FORBIDDEN: The caller is known and may not do this.",
            "content": {PROBLEM: {}},
        },
    }
