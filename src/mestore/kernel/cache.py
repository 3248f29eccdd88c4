"""Ready bytes: finished answers of public reads, kept for seconds and dropped when they change.

Written by hand because the libraries cache values, not answers: here a hit skips parsing, database
and encoding, and several misses at once make one query.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute

CAPACITY = 20_000


@dataclass(frozen=True, slots=True)
class _Entry:
    body: bytes
    media_type: str
    etag: str
    until: float
    tags: frozenset[str]


class ReadyBytes:
    """Finished answers by address. A touched tag drops every answer that carries it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._by_tag: defaultdict[str, set[str]] = defaultdict(set)
        self._flights: dict[str, asyncio.Future[_Entry | None]] = {}
        self._generation = 0

    def find(self, address: str) -> _Entry | None:
        """Return the fresh entry of `address`, if there is one."""
        entry = self._entries.get(address)
        if entry is None or entry.until < time.monotonic():
            return None
        return entry

    def touch(self, tags: Iterable[str]) -> None:
        """Drop what carries one of `tags`; answers being made now are not kept either."""
        self._generation += 1
        # Who asks from now on must not join an answer that was begun before the change.
        self._flights.clear()
        for tag in tags:
            for address in self._by_tag.pop(tag, ()):
                self._drop(address)

    async def serve(self, request: Request, make: Callable[[], Awaitable[Response]]) -> Response:
        """Answer from the cache, or make the answer once for all who wait for it."""
        address = f"{request.url.path}?{request.url.query}"
        entry = self.find(address)
        if entry is None:
            flight = self._flights.get(address)
            if flight is not None:
                entry = await asyncio.shield(flight)
                if entry is None:
                    return await make()
            else:
                return await self._make(address, request, make)
        return _respond(request, entry)

    async def _make(
        self, address: str, request: Request, make: Callable[[], Awaitable[Response]]
    ) -> Response:
        flight: asyncio.Future[_Entry | None] = asyncio.get_running_loop().create_future()
        self._flights[address] = flight
        entry: _Entry | None = None
        generation = self._generation
        try:
            response = await make()
            if response.status_code == 200:
                entry = self._entry(response, getattr(request.state, "tags", frozenset()))
                if generation == self._generation and self.seconds > 0:
                    self._keep(address, entry)
        finally:
            if self._flights.get(address) is flight:
                del self._flights[address]
            flight.set_result(entry)
        return response if entry is None else _respond(request, entry)

    def _entry(self, response: Response, tags: Iterable[str]) -> _Entry:
        body = cast(bytes, response.body)
        # An answer's own ETag is the one that writes take in If-Match.
        etag = response.headers.get("etag")
        etag = etag or f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        media_type = response.media_type or "application/json"
        until = time.monotonic() + self.seconds
        return _Entry(body, media_type, etag, until, frozenset(tags))

    def _keep(self, address: str, entry: _Entry) -> None:
        self._entries[address] = entry
        for tag in entry.tags:
            self._by_tag[tag].add(address)
        while len(self._entries) > CAPACITY:
            oldest = next(iter(self._entries))
            self._drop(oldest)

    def _drop(self, address: str) -> None:
        entry = self._entries.pop(address, None)
        for tag in entry.tags if entry else ():
            addresses = self._by_tag.get(tag, set())
            addresses.discard(address)
            if not addresses:
                self._by_tag.pop(tag, None)


def _respond(request: Request, entry: _Entry) -> Response:
    headers = {"etag": entry.etag, "cache-control": "public, max-age=0, must-revalidate"}
    if request.headers.get("if-none-match") == entry.etag:
        return Response(status_code=304, headers=headers)
    return Response(entry.body, headers=headers, media_type=entry.media_type)


def tag(request: Request, *tags: str) -> None:
    """Name what the answer being made depends on."""
    request.state.tags = frozenset(tags)


class HotRoute(APIRoute):
    """A public GET whose answers are ready bytes; who asks with credentials is answered afresh."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the ordinary handler, so that a hit never reaches it."""
        ordinary = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method != "GET" or "authorization" in request.headers:
                return await ordinary(request)
            cache = cast(ReadyBytes, request.app.state.ready_bytes)
            return await cache.serve(request, lambda: ordinary(request))

        return handler
