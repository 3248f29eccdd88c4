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
from typing import Any, cast, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

CAPACITY_BYTES = 32 * 1024 * 1024

Address = tuple[str, bytes]
"""Path and query: what an answer is kept under."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An answer; nothing changes it when it is sent, so it is sent again as it is."""

    response: Response
    etag: str
    until: float
    tags: frozenset[str]


class ReadyBytes:
    """Finished answers by address. A touched tag drops every answer that carries it.

    With `seconds` of 0 nothing is kept or shared: every request is answered afresh.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._entries: OrderedDict[Address, _Entry] = OrderedDict()
        self._bytes = 0
        self._by_tag: defaultdict[str, set[Address]] = defaultdict(set)
        self._flights: dict[Address, asyncio.Future[_Entry | None]] = {}
        self._generation = 0

    def find(self, address: Address) -> _Entry | None:
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
        address = (request.scope["path"], request.scope["query_string"])
        entry = self.find(address)
        if entry is not None:
            return _respond(request, entry)
        if self.seconds <= 0:
            return self._finish(request, await make())[0]
        flight = self._flights.get(address)
        if flight is None:
            return await self._make(address, request, make)
        entry = await asyncio.shield(flight)
        return await make() if entry is None else _respond(request, entry)

    async def _make(
        self, address: Address, request: Request, make: Callable[[], Awaitable[Response]]
    ) -> Response:
        flight: asyncio.Future[_Entry | None] = asyncio.get_running_loop().create_future()
        self._flights[address] = flight
        entry: _Entry | None = None
        generation = self._generation
        try:
            response, entry = self._finish(request, await make())
            if entry is not None and generation == self._generation:
                self._keep(address, entry)
        finally:
            if self._flights.get(address) is flight:
                del self._flights[address]
            flight.set_result(entry)
        return response

    def _finish(self, request: Request, made: Response) -> tuple[Response, _Entry | None]:
        """Return a made answer as this request gets it, and what others may get."""
        if made.status_code != 200:
            return made, None
        # An answer's own ETag is the one that writes take in If-Match.
        headers = made.raw_headers
        etag = next((value.decode() for name, value in headers if name == b"etag"), None)
        if etag is None:
            # Of a long list's bytes: processors have SHA-1, and nobody gains by forging an ETag.
            etag = f'"{hashlib.sha1(made.body, usedforsecurity=False).hexdigest()}"'
            headers.append((b"etag", etag.encode()))
        headers.append((b"cache-control", _CACHE_CONTROL.encode()))
        tags = frozenset(getattr(request.state, "tags", ()))
        entry = _Entry(made, etag, time.monotonic() + self.seconds, tags)
        return _respond(request, entry), entry

    def _keep(self, address: Address, entry: _Entry) -> None:
        self._drop(address)
        self._entries[address] = entry
        self._bytes += len(entry.response.body)
        for tag in entry.tags:
            self._by_tag[tag].add(address)
        # The oldest come first: what is out of date goes, then what is too much.
        moment = time.monotonic()
        while self._entries:
            oldest, first = next(iter(self._entries.items()))
            if first.until >= moment and self._bytes <= CAPACITY_BYTES:
                break
            self._drop(oldest)

    def _drop(self, address: Address) -> None:
        entry = self._entries.pop(address, None)
        if entry is None:
            return
        self._bytes -= len(entry.response.body)
        for tag in entry.tags:
            addresses = self._by_tag.get(tag, set())
            addresses.discard(address)
            if not addresses:
                self._by_tag.pop(tag, None)


_CACHE_CONTROL = "public, max-age=0, must-revalidate"


def _knows(request: Request, etag: str) -> bool:
    """Say whether the caller has this answer: one tag, a list of them, weakened ones, or `*`."""
    known = request.headers.get("if-none-match")
    if known is None or known == etag:
        return known is not None
    return known.strip() == "*" or etag in {
        tag.strip().removeprefix("W/") for tag in known.split(",")
    }


def _respond(request: Request, entry: _Entry) -> Response:
    # Who watches answers learns what this one is about, also where no endpoint made it.
    request.state.tags = entry.tags
    if _knows(request, entry.etag):
        headers = {"etag": entry.etag, "cache-control": _CACHE_CONTROL}
        return Response(status_code=304, headers=headers)
    return entry.response


def _says_who(request: Request) -> bool:
    return "authorization" in request.headers or "x-api-key" in request.headers


def tag(request: Request, *tags: str) -> None:
    """Name what the answer being made depends on."""
    request.state.tags = frozenset(tags)


_CREDENTIALS = ("authorization", "x-api-key")


class HotRoute(APIRoute):
    """A public GET whose answers are ready bytes; who asks with credentials is answered afresh.

    An endpoint of nothing but the request and parts of its path is called straight away: FastAPI's
    way of finding arguments costs as much as such an endpoint. It knows no dependencies then, not
    even those of a router.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the ordinary handler, so that a hit never reaches it."""
        ordinary = _straight(self) or super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method != "GET" or _says_who(request):
                return await ordinary(request)
            cache = cast(ReadyBytes, request.app.state.ready_bytes)
            return await cache.serve(request, lambda: ordinary(request))

        return handler


def _straight(route: APIRoute) -> Callable[[Request], Coroutine[Any, Any, Response]] | None:
    """Return how to call an endpoint without FastAPI; None where it asks for more."""
    hints = get_type_hints(route.endpoint)
    is_plain = hints.pop("return", None) is Response and route.methods == {"GET"}
    requests = [name for name, hint in hints.items() if hint is Request]
    parts = route.dependant.path_params
    if not is_plain or route.dependencies or len(requests) + len(parts) != len(hints):
        return None
    endpoint = route.endpoint

    async def call(request: Request) -> Response:
        values: dict[str, Any] = dict.fromkeys(requests, request)
        for part in parts:
            given = request.path_params[part.name]
            values[part.name], errors = part.validate(given, loc=("path", part.name))
            if errors:
                raise RequestValidationError(errors)
        response: Response = await endpoint(**values)
        return response

    return call
