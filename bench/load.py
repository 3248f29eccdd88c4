"""The load: a closed loop of callers over keep-alive connections, in a process of its own.

The client is to cost next to nothing: prepared requests are written as they are, and of an answer
only its status and its length are read.
"""

import asyncio
import itertools
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import msgspec
import uvloop

_LENGTH = b"content-length: "
_HEAD_END = b"\r\n\r\n"


class Load(msgspec.Struct, frozen=True):
    """What is sent: every caller goes round its own part of `requests`, one after the other."""

    port: int
    callers: int
    seconds: float
    status: int
    requests: Sequence[str]
    lead_in_seconds: float = 0.3


class Found(msgspec.Struct, frozen=True):
    """What came back in the measured time; latencies in milliseconds."""

    answers: int
    seconds: float
    p50: float
    p95: float

    @property
    def per_second(self) -> float:
        """Return the answers of one second."""
        return self.answers / self.seconds


class WrongAnswer(Exception):
    """The server answered with another status than it was to."""


def get(path: str) -> str:
    """Return the request of a GET."""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n\r\n"


def post(path: str, body: bytes, token: str) -> str:
    """Return the request of a signed-in POST of JSON."""
    text = body.decode()
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n"
        f"authorization: Bearer {token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n{text}"
    )


def head_of(data: bytes) -> tuple[int, int] | None:
    """Return status and whole length of the answer that `data` begins; None while its head lacks.

    Both servers are uvicorn, which writes header names in lower case.
    """
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    at = data.find(_LENGTH, 0, end)
    if at < 0:
        raise WrongAnswer(f"an answer without its length: {data[:200]!r}")
    stop = data.find(b"\r\n", at)
    length = int(data[at + len(_LENGTH) : stop])
    return int(data[9:12]), end + len(_HEAD_END) + length


def quantile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that at least `part` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * part) - 1)]


class Caller(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again until `until`."""

    def __init__(self, requests: Iterator[bytes], status: int, since: float, until: float) -> None:
        self.requests = requests
        self.status = status
        self.since = since
        self.until = until
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begun = b""
        self.missing = 0
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count an answer's bytes down; after the last one send the next request."""
        if not self.missing:
            data = self.begun + data if self.begun else data
            head = head_of(data)
            if head is None:
                self.begun = data
                return
            self.begun = b""
            status, self.missing = head
            if status != self.status:
                self._fail(WrongAnswer(data[:2000].decode(errors="replace")))
                return
        self.missing -= len(data)
        if not self.missing:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail where the server hung up first."""
        if not self.done.done():
            self._fail(WrongAnswer(f"the server hung up: {error}"))

    def _send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(next(self.requests))

    def _next(self) -> None:
        moment = time.perf_counter()
        if self.sent >= self.since and moment <= self.until:
            self.latencies.append(moment - self.sent)
        if moment < self.until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)
            self.transport.close()

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
        self.transport.close()


def _same(caller: Caller) -> Caller:
    return caller


async def call(load: Load) -> Found:
    """Send the load and return what came back; raises `WrongAnswer`."""
    loop = asyncio.get_running_loop()
    since = time.perf_counter() + load.lead_in_seconds
    until = since + load.seconds
    ready = [request.encode() for request in load.requests]
    callers = []
    for index in range(load.callers):
        requests = itertools.cycle(ready[index :: load.callers] or ready)
        caller = Caller(requests, load.status, since, until)
        await loop.create_connection(partial(_same, caller), "127.0.0.1", load.port)
        callers.append(caller)
    await asyncio.gather(*(caller.done for caller in callers))
    latencies = [latency for caller in callers for latency in caller.latencies]
    if not latencies:
        raise WrongAnswer("nothing was answered in time")
    return Found(
        answers=len(latencies),
        seconds=load.seconds,
        p50=quantile(latencies, 0.5) * 1000,
        p95=quantile(latencies, 0.95) * 1000,
    )


def send(load: Load) -> Found:
    """Send the load from another process."""
    command = [sys.executable, "-m", "bench.load"]
    ran = subprocess.run(  # noqa: S603  our own module
        command, input=msgspec.json.encode(load), capture_output=True, check=False
    )
    if ran.returncode:
        raise WrongAnswer(ran.stderr.decode(errors="replace")[-3000:])
    return msgspec.json.decode(ran.stdout, type=Found)


def main() -> None:
    """Read a load from standard input, send it, write what was found."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(call(load))))


if __name__ == "__main__":
    main()
