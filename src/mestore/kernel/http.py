"""The edge of the program: what requests and answers go through, and what endpoints ask for."""

import hashlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import structlog
from fastapi import Depends, Header, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mestore.kernel import problems
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import BodyTooLarge, PreconditionFailed, Refusal
from mestore.kernel.idempotency import Answer, Once
from mestore.kernel.paging import PageRequest

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_AFTER_VERSION = re.compile(r'\.[^"]*')
Headers = tuple[tuple[bytes, bytes], ...]
Observe = Callable[[Scope, int, float], None]
"""Is told of every answered request: its scope, the status, and how many seconds it took."""

_SECURITY_HEADERS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_STRICT_TRANSPORT: Headers = ((b"strict-transport-security", b"max-age=31536000"),)
_NOTHING_ALLOWED = b"default-src 'none'; frame-ancestors 'none'"
_NO_STORE = (b"cache-control", b"no-store")
_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"session-id"})


@dataclass(frozen=True, slots=True)
class EdgeChoices:
    """What the edge is told by who wires it.

    Pages under `pages` get a content security policy of their own; of what lies under `private`
    no answer is ever stored by a cache. POSTs whose whole path fits one of `uploads` may have a
    body of its number of bytes.
    """

    is_https: bool = False
    pages: Mapping[str, bytes] = field(default_factory=dict)
    private: str = "/api/v1/auth"
    observe: Observe | None = None
    uploads: tuple[tuple[re.Pattern[str], int], ...] = ()


class Edge:
    """Gives every request an id, a language and a size limit; every answer its security headers.

    A pure ASGI middleware: the usual function middlewares cost more than a cached answer.
    """

    def __init__(
        self, app: ASGIApp, *, body_limit: int, choices: EdgeChoices | None = None
    ) -> None:
        self.app = app
        self.body_limit = body_limit
        self.choices = choices or EdgeChoices()
        always = _SECURITY_HEADERS + (_STRICT_TRANSPORT if self.choices.is_https else ())
        self.headers = _with_policy(always, _NOTHING_ALLOWED)
        self.pages = {path: _with_policy(always, csp) for path, csp in self.choices.pages.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope["path"] = path.rstrip("/") or "/"
        headers = self.pages.get(path, self.headers)
        sent = _Sender(send, _remember_caller(scope), headers, self._is_private(scope))
        started = time.perf_counter()
        try:
            await self.app(scope, self._limited(scope, receive), sent)
        except Exception as error:
            if sent.status:
                raise
            await problems.respond(problems.refusal_of(error))(scope, receive, sent)
        finally:
            if self.choices.observe is not None and sent.status:
                self.choices.observe(scope, sent.status, time.perf_counter() - started)

    def _is_private(self, scope: Scope) -> bool:
        if scope["path"].startswith(self.choices.private):
            return True
        return not _CREDENTIALS.isdisjoint([name for name, _ in scope["headers"]])

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        announced = _header(scope, b"content-length")
        if announced is None and scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            return receive
        limit = self._limit_of(scope)
        is_too_long = announced is not None and not _is_within(limit, announced)
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if is_too_long or total > limit:
                raise BodyTooLarge(limit_bytes=limit)
            return message

        return counted

    def _limit_of(self, scope: Scope) -> int:
        if scope["method"] == "POST":
            for path, limit in self.choices.uploads:
                if path.fullmatch(scope["path"]):
                    return max(limit, self.body_limit)
        return self.body_limit


def _is_within(limit: int, announced: str) -> bool:
    is_number = announced.isascii() and announced.isdigit()
    return is_number and int(announced) <= limit


class _Sender:
    """Sends on, adding the headers that every answer carries."""

    def __init__(self, send: Send, request_id: str, headers: Headers, is_private: bool) -> None:
        self.send = send
        self.request_id = request_id.encode()
        self.headers = headers
        self.is_private = is_private
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message["headers"]
            if self.is_private:
                given = [pair for pair in given if pair[0] != b"cache-control"]
                given.append(_NO_STORE)
            message["headers"] = [*given, (b"x-request-id", self.request_id), *self.headers]
        await self.send(message)


def _with_policy(headers: Headers, policy: bytes) -> Headers:
    return (*headers, (b"content-security-policy", policy))


def _remember_caller(scope: Scope) -> str:
    given = _header(scope, b"x-request-id")
    request_id = given if given and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    problems.request_id.set(request_id)
    spoken = _header(scope, b"accept-language") or ""
    problems.language.set("es" if spoken.lower().startswith("es") else "en")
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return cast(bytes, value).decode("latin-1")
    return None


# Dependencies are async even where nothing waits: FastAPI runs plain functions in a thread.
async def database(request: Request) -> Database:
    """Return the database of the running program."""
    return cast(Database, request.app.state.database)


Db = Annotated[Database, Depends(database)]


async def transaction(db: Db) -> AsyncIterator[Tx]:
    """Open the transaction of one request."""
    async with db.transaction() as tx:
        yield tx


# scope="function" commits before the answer leaves: a 201 is never a lie.
InTx = Annotated[Tx, Depends(transaction, scope="function")]


async def page_request(
    page: Annotated[int, "1-based page"] = 1,
    per_page: int | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> PageRequest:
    """Read the paging parameters that every list takes; `limit` is another name of `per_page`."""
    return PageRequest.of(
        page=page, per_page=limit if per_page is None else per_page, cursor=cursor
    )


Paging = Annotated[PageRequest, Depends(page_request)]

IdempotencyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$"),
]


async def once_of(request: Request, key: str | None, principal: str) -> Once | None:
    """Return the claim that this request makes on its idempotency key, if it sent one."""
    if key is None:
        return None
    route = f"{request.method} {request.url.path}"
    return Once.of(principal=principal, route=route, key=key, body=await request.body())


def answered(answer: Answer) -> Response:
    """Return a stored or fresh answer as it goes out."""
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else None
    return Response(answer.body, answer.status, headers, answer.media_type)


def client_ip(request: Request) -> str:
    """Return the caller's address, as the server or its trusted proxy gives it."""
    return request.client.host if request.client else "unknown"


def etag(version: object, body: bytes | None = None) -> str:
    """Return the ETag of a thing at `version`.

    With a `body` it also changes with what the version does not count, such as stock:
    `If-None-Match` compares all of it, `If-Match` the version before the dot.
    """
    if body is None:
        return f'"{version}"'
    return f'"{version}.{hashlib.blake2b(body, digest_size=9).hexdigest()}"'


def check_if_match(request: Request, current: str) -> None:
    """Refuse a write whose `If-Match` names another version than the current one."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    tags = (tag.strip().removeprefix("W/") for tag in wanted.split(","))
    if current not in [_AFTER_VERSION.sub("", tag) for tag in tags]:
        raise PreconditionFailed(current=current)


def refuses(*kinds: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of an endpoint: its refusals, in the API document."""
    documented: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = documented.setdefault(kind.status, {"description": "", "content": {}})
        words = f"{kind.code}: {(kind.__doc__ or '').strip().splitlines()[0]}"
        entry["description"] = "; ".join(filter(None, [entry["description"], words]))
        entry["content"] = {problems.PROBLEM_TYPE: {}}
    return documented
