"""Calls to the outside: a real client against a real server, and never inside a transaction."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.db import Database, InsideTransaction
from tests.kernel.things import add, words

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
MOVED = (
    b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


@dataclass
class Server:
    """A server on a loopback port that counts its visitors; one path never answers."""

    url: str = ""
    seen: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        self.seen.append(path)
        if path == "/silent":
            await reader.read()
        else:
            writer.write(MOVED if path == "/moved" else OK)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A running server."""
    made = Server()
    async with await asyncio.start_server(made.answer, "127.0.0.1", 0) as listening:
        made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield made


async def test_outside_a_transaction_a_call_is_made(server: Server) -> None:
    async with network.client() as http:
        answer = await http.get(f"{server.url}/hello")
    assert (answer.status_code, answer.text, server.seen) == (200, "ok", ["/hello"])


async def test_inside_a_transaction_no_byte_leaves_and_nothing_is_written(
    server: Server, things: Database
) -> None:
    async def write_and_call() -> None:
        async with things.transaction() as tx:
            await add(tx, "lost")
            await http.get(f"{server.url}/hello")

    async with network.client() as http:
        with pytest.raises(InsideTransaction):
            await write_and_call()
        assert server.seen == []
        assert await words(things) == []
        await http.get(f"{server.url}/after")
    assert server.seen == ["/after"]


async def test_a_task_begun_in_a_transaction_may_not_call_either(
    server: Server, things: Database
) -> None:
    async with network.client() as http, things.transaction():
        call = asyncio.create_task(http.get(f"{server.url}/hello"))
        with pytest.raises(InsideTransaction):
            await call
    assert server.seen == []


async def test_a_transaction_elsewhere_does_not_forbid_a_call(
    server: Server, things: Database
) -> None:
    holds, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with things.transaction():
            holds.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await holds.wait()
    async with network.client() as http:
        assert (await http.get(f"{server.url}/hello")).text == "ok"
    done.set()
    await holder


async def test_redirects_are_not_followed(server: Server) -> None:
    async with network.client() as http:
        answer = await http.get(f"{server.url}/moved")
    assert (answer.status_code, server.seen) == (302, ["/moved"])


async def test_a_silent_provider_is_given_up(server: Server) -> None:
    async with network.client(total_seconds=0.1) as http:
        with pytest.raises(httpx2.TimeoutException):
            await http.get(f"{server.url}/silent")


async def test_proxies_of_the_environment_are_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with network.client() as http:
        assert (await http.get(f"{server.url}/hello")).text == "ok"


async def test_clients_check_certificates_and_share_what_they_trust() -> None:
    async with network.client(), network.client():
        trust = network._trust()  # noqa: SLF001  what no request to a real shop can show here
    assert trust is network._trust()  # noqa: SLF001
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)
