"""Vectors in a Chroma server, as it really answers."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.db import Database, InsideTransaction
from mestore.search.adapters.chroma_server import ChromaServer
from mestore.search.errors import VectorsUnavailable
from tests.contracts.vector_store import EAST, NORTH, VectorStoreContract
from tests.search.answering import answering


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with network.client() as client:
        yield client


@pytest.fixture
async def store(
    http: httpx2.AsyncClient, chroma_url: str, prefix: str
) -> AsyncIterator[ChromaServer]:
    store = ChromaServer(http, chroma_url, prefix)
    yield store
    await store.keep_only([])


@pytest.fixture
def neighbour(http: httpx2.AsyncClient, chroma_url: str, prefix: str) -> ChromaServer:
    return ChromaServer(http, chroma_url, f"{prefix}-b")


class TestChromaServer(VectorStoreContract):
    """Chroma's server."""


async def test_a_collection_that_another_process_made_anew_is_found_again(
    store: ChromaServer, http: httpx2.AsyncClient, chroma_url: str, prefix: str
) -> None:
    other = ChromaServer(http, chroma_url, prefix)
    await store.write("m.1", [EAST], [])
    await other.keep_only([])
    await other.write("m.1", [NORTH], [])
    assert await store.count("m.1") == 1
    assert [near.number for near in await store.nearest("m.1", (0.0, 1.0), 5)] == [2]


async def test_nobody_listening_is_no_bug(http: httpx2.AsyncClient) -> None:
    store = ChromaServer(http, "http://127.0.0.1:9", "t")
    for asking in (
        store.nearest("m.1", (1.0,), 5),
        store.digests("m.1", [1]),
        store.write("m.1", [EAST], []),
        store.count("m.1"),
        store.keep_only([]),
    ):
        with pytest.raises(VectorsUnavailable):
            await asking


@pytest.mark.parametrize("answer", [(500, "{}"), (200, "<html>"), (200, "[]"), (404, "{}")])
async def test_an_answer_of_something_else_is_no_bug(
    http: httpx2.AsyncClient, answer: tuple[int, str]
) -> None:
    with answering(lambda _: answer) as (url, _):
        store = ChromaServer(http, url, "t")
        with pytest.raises(VectorsUnavailable):
            await store.nearest("m.1", (1.0,), 5)
        with pytest.raises(VectorsUnavailable):
            await store.write("m.1", [EAST], [1])


async def test_the_token_is_sent_where_there_is_one(http: httpx2.AsyncClient) -> None:
    with answering(lambda _: (404, "{}")) as (url, asked):
        assert await ChromaServer(http, url, "t", "a token").count("m.1") == 0
        assert await ChromaServer(http, url, "t").count("m.1") == 0
    assert [each.headers.get("Authorization") for each in asked] == ["Bearer a token", None]


async def test_chroma_is_not_asked_inside_a_transaction(
    store: ChromaServer, database: Database
) -> None:
    async with database.transaction():
        with pytest.raises(InsideTransaction):
            await store.count("m.1")
