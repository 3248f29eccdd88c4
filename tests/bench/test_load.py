"""The benchmark's client: what it reads of an answer, and a loop against a real socket."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.load import Load, WrongAnswer, call, get, head_of, post, quantile

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello"


def test_a_head_tells_status_and_length_of_the_whole_answer() -> None:
    assert head_of(ANSWER) == (200, len(ANSWER))
    assert head_of(ANSWER[:-3]) == (200, len(ANSWER))


def test_half_a_head_tells_nothing() -> None:
    assert head_of(ANSWER[:40]) is None


def test_an_answer_without_its_length_is_refused() -> None:
    with pytest.raises(WrongAnswer):
        head_of(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


@pytest.mark.parametrize(("part", "value"), [(0.5, 50), (0.95, 95), (1.0, 100), (0.001, 1)])
def test_a_quantile_is_a_measured_value(part: float, value: int) -> None:
    assert quantile(range(100, 0, -1), part) == value


def test_requests_are_complete() -> None:
    assert get("/a?b=c").startswith("GET /a?b=c HTTP/1.1\r\nhost: ")
    head, _, body = post("/a", '{"ñ":1}'.encode(), "token").partition("\r\n\r\n")
    assert body == '{"ñ":1}'
    assert "content-length: 8" in head
    assert "authorization: Bearer token" in head


class Echo:
    """A server that counts its requests and answers in two pieces."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.seen: set[bytes] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client hangs up."""
        try:
            while True:
                self.seen.add((await reader.readuntil(b"\r\n\r\n")).split()[1])
                writer.write(b"HTTP/1.1 %d X\r\ncontent-le" % self.status)
                await writer.drain()
                await asyncio.sleep(0)
                writer.write(b"ngth: 5\r\n\r\nhello")
        except asyncio.IncompleteReadError:
            writer.close()


@pytest.fixture
async def echo(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Echo, int]]:
    """A server and its port; its status is the fixture's parameter."""
    echo = Echo(request.param)
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    yield echo, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("echo", [200], indirect=True)
async def test_every_caller_goes_round_its_own_requests(echo: tuple[Echo, int]) -> None:
    server, port = echo
    paths = [f"/{number}" for number in range(7)]
    found = await call(Load(port, 3, 0.1, 200, [get(path) for path in paths], 0.01))
    assert server.seen == {path.encode() for path in paths}
    assert found.answers > 7
    assert found.per_second == found.answers / 0.1
    assert 0 < found.p50 <= found.p95


@pytest.mark.parametrize("echo", [500], indirect=True)
async def test_another_status_ends_the_run(echo: tuple[Echo, int]) -> None:
    with pytest.raises(WrongAnswer, match="500"):
        await call(Load(echo[1], 1, 0.1, 200, [get("/")], 0.01))
