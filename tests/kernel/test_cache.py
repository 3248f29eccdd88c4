"""Ready bytes over a real ASGI app: what is kept, what is shared, what is dropped."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Path, Request, Response

from mestore.kernel import cache, problems
from mestore.kernel.cache import HotRoute, ReadyBytes, tag
from mestore.kernel.db import Database

Name = Annotated[str, Path(pattern="^[a-z]+$", max_length=5)]


class Shop:
    """An app with hot routes that counts how often it really answers."""

    def __init__(self, seconds: float) -> None:
        self.ready_bytes = ReadyBytes(seconds)
        self.made = 0
        self.open = asyncio.Event()
        self.open.set()
        router = APIRouter(route_class=HotRoute)
        router.get("/things/{name}")(self.show)
        router.get("/named/{name}")(self.name)
        self.app = FastAPI()
        problems.install(self.app)
        self.app.state.ready_bytes = self.ready_bytes
        self.app.include_router(router)
        transport = httpx2.ASGITransport(self.app)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://test")

    async def show(self, request: Request, name: str, size: int = 1) -> Response:
        """Answer how often things were shown."""
        self.made += 1
        made = self.made
        await self.open.wait()
        tag(request, f"thing:{name}")
        if name == "nothing":
            return Response("nothing", status_code=404)
        return Response(f"{name} {made} {'x' * size}", media_type="text/plain")

    async def name(self, name: Name) -> Response:
        """Answer the name."""
        return Response(name)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Ask for a path."""
        return await self.client.get(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop(60)
    async with shop.client:
        yield shop


@pytest.fixture
async def uncached() -> AsyncIterator[Shop]:
    shop = Shop(0)
    async with shop.client:
        yield shop


async def test_an_answer_is_made_once_and_sent_again_as_it_was(shop: Shop) -> None:
    first, second = await shop.get("/things/a"), await shop.get("/things/a")
    assert shop.made == 1
    assert (second.status_code, second.content) == (200, b"a 1 x")
    assert second.headers == first.headers
    assert second.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert second.headers["content-type"] == "text/plain; charset=utf-8"


async def test_another_query_is_another_answer(shop: Shop) -> None:
    await shop.get("/things/a?size=1")
    answer = await shop.get("/things/a?size=2")
    assert (shop.made, answer.content) == (2, b"a 2 xx")


async def test_who_has_the_answer_already_gets_304_with_its_etag(shop: Shop) -> None:
    etag = (await shop.get("/things/a")).headers["etag"]
    answer = await shop.get("/things/a", if_none_match=etag)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert (await shop.get("/things/a", if_none_match='"other"')).status_code == 200


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ("{}", 304),
        ("W/{}", 304),
        ('"other", {}', 304),
        ('W/"other" , W/{},"third"', 304),
        ("*", 304),
        ('"other", W/"third"', 200),
        ("", 200),
    ],
)
async def test_several_tags_and_weakened_ones_are_compared(
    shop: Shop, known: str, status: int
) -> None:
    etag = (await shop.get("/things/a")).headers["etag"]
    answer = await shop.get("/things/a", if_none_match=known.format(etag))
    assert (answer.status_code, answer.content) == (status, b"" if status == 304 else b"a 1 x")


async def test_where_making_an_answer_fails_each_who_waits_makes_their_own(shop: Shop) -> None:
    shop.open.clear()
    waiting = [asyncio.create_task(shop.get("/things/nothing")) for _ in range(4)]
    await asyncio.sleep(0.01)
    shop.open.set()
    assert {(await task).status_code for task in waiting} == {404}
    assert shop.made == 4


async def test_who_goes_away_while_making_an_answer_leaves_no_one_waiting(shop: Shop) -> None:
    shop.open.clear()
    maker = asyncio.create_task(shop.get("/things/a"))
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(shop.get("/things/a"))
    await asyncio.sleep(0.01)
    maker.cancel()
    shop.open.set()
    async with asyncio.timeout(30):
        assert (await waiting).content == b"a 2 x"


async def test_a_commit_drops_what_it_touched(shop: Shop, database: Database) -> None:
    database.touch_listeners.append(shop.ready_bytes.touch)
    await shop.get("/things/a")
    async with database.transaction() as tx:
        tx.touch("thing:a")
        assert (await shop.get("/things/a")).content == b"a 1 x"
    assert (await shop.get("/things/a")).content == b"a 2 x"


@pytest.mark.parametrize("name", ["authorization", "x_api_key"])
async def test_who_shows_credentials_is_answered_afresh_and_alone(shop: Shop, name: str) -> None:
    assert (await shop.get("/things/a", **{name: "secret"})).content == b"a 1 x"
    assert (await shop.get("/things/a")).content == b"a 2 x"
    assert (await shop.get("/things/a", **{name: "secret"})).content == b"a 3 x"
    assert (await shop.get("/things/a")).content == b"a 2 x"


async def test_many_who_ask_at_once_wait_for_one_answer(shop: Shop) -> None:
    shop.open.clear()
    waiting = [asyncio.create_task(shop.get("/things/a")) for _ in range(5)]
    await asyncio.sleep(0.01)
    shop.open.set()
    assert {(await task).content for task in waiting} == {b"a 1 x"}


async def test_a_touched_tag_drops_its_answers_and_no_others(shop: Shop) -> None:
    await shop.get("/things/a")
    await shop.get("/things/b")
    shop.ready_bytes.touch(["thing:a"])
    assert (await shop.get("/things/a")).content == b"a 3 x"
    assert (await shop.get("/things/b")).content == b"b 2 x"


async def test_an_answer_begun_before_a_change_is_not_kept(shop: Shop) -> None:
    shop.open.clear()
    early = asyncio.create_task(shop.get("/things/a"))
    await asyncio.sleep(0.01)
    shop.ready_bytes.touch(["thing:a"])
    late = asyncio.create_task(shop.get("/things/a"))
    await asyncio.sleep(0.01)
    shop.open.set()
    assert (await early).content == b"a 1 x"
    assert (await late).content == b"a 2 x"
    assert (await shop.get("/things/a")).content == b"a 2 x"


async def test_a_refusal_is_not_kept(shop: Shop) -> None:
    for _ in range(2):
        assert (await shop.get("/things/nothing")).status_code == 404
    assert shop.made == 2


async def test_the_oldest_answers_go_where_there_are_too_many_bytes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "CAPACITY_BYTES", 250)
    for name in ("a", "b", "c"):
        await shop.get(f"/things/{name}?size=100")
    assert (await shop.get("/things/c?size=100")).content.startswith(b"c 3 ")
    assert (await shop.get("/things/a?size=100")).content.startswith(b"a 4 ")


async def test_an_answer_larger_than_the_cache_is_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "CAPACITY_BYTES", 50)
    await shop.get("/things/a?size=100")
    assert (await shop.get("/things/a?size=100")).content.startswith(b"a 2 ")


async def test_without_seconds_every_request_is_answered_afresh(uncached: Shop) -> None:
    uncached.open.clear()
    waiting = [asyncio.create_task(uncached.get("/things/a")) for _ in range(3)]
    await asyncio.sleep(0.01)
    uncached.open.set()
    assert {(await task).content for task in waiting} == {b"a 1 x", b"a 2 x", b"a 3 x"}


async def test_without_seconds_a_known_answer_is_still_304(uncached: Shop) -> None:
    etag = (await uncached.get("/things/a")).headers["etag"]
    uncached.made = 0  # the answer counts, so that it would be another one
    assert (await uncached.get("/things/a", if_none_match=etag)).status_code == 304


async def test_a_part_of_the_path_is_checked_as_the_endpoint_declares_it(shop: Shop) -> None:
    assert (await shop.get("/named/abc")).content == b"abc"
    for path in ("/named/ABC", "/named/abcdef", "/named/a%00"):
        refused = await shop.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
