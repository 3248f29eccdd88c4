"""Faults on demand: what a gateway does on a bad day, once or as often as asked.

A refused connection cannot be told from inside: `refuse` closes it before any answer.
To see a true connection refusal, stop the server.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.fault_book import FaultBook
from simulators.server import hang_up

Operation = Literal[
    "create", "fetch", "list", "merchant", "banks", "token", "void", "refund", "any"
]
Kind = Literal[
    "refuse",
    "timeout_after",
    "error_500_after",
    "half_json",
    "slow",
    "rate_limit",
    "error_500_before",
]
ROUTES: tuple[tuple[str, str, Operation], ...] = (
    ("POST", r"/v1/transactions", "create"),
    ("GET", r"/v1/transactions", "list"),
    ("GET", r"/v1/transactions/[^/]+", "fetch"),
    ("POST", r"/v1/transactions/[^/]+/void", "void"),
    ("POST", r"/v1/refunds", "refund"),
    ("GET", r"/v1/merchants/[^/]+", "merchant"),
    ("GET", r"/v1/pse/financial_institutions", "banks"),
    ("POST", r"/v1/tokens/[^/]+", "token"),
)


class Fault(BaseModel):
    """What goes wrong, with which operation, how many times and for how long."""

    model_config = ConfigDict(extra="forbid")

    operation: Operation
    fault: Kind
    times: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(ge=0)] = 60.0


def operation_of(method: str, path: str) -> Operation | None:
    """Name what a request asks for; None for what never fails."""
    for route_method, pattern, operation in ROUTES:
        if method == route_method and re.fullmatch(pattern, path):
            return operation
    return None


class FaultMiddleware:
    """Lets the faults of the book befall the API, and nothing else."""

    def __init__(self, app: ASGIApp, book: FaultBook[Fault]) -> None:
        self.app = app
        self.book = book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless a fault is due."""
        operation = None
        if scope["type"] == "http":
            operation = operation_of(scope["method"], scope["path"])
        fault = self.book.take(operation) if operation else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        # Read at once: a client that gives up must not take its request back.
        body = await _read(receive)
        call = _Call(self.app, self.book, scope, body, receive, send, fault.seconds)
        await _BEHAVIOURS[fault.fault](call)


@dataclass(frozen=True, slots=True)
class _Call:
    """One request with a fault, and the few things a fault does with it."""

    app: ASGIApp
    book: FaultBook[Fault]
    scope: Scope
    body: bytes
    receive: Receive
    send: Send
    seconds: float

    async def process(self) -> list[Message]:
        """Let the app do its work and keep what it would answer."""
        answer: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def keep(message: Message) -> None:
            answer.append(message)

        await self.app(self.scope, receive, keep)
        return answer

    async def answer(self, messages: list[Message]) -> None:
        """Send what was kept."""
        for message in messages:
            await self.send(message)

    async def reply(self, status: int, kind: str, headers: dict[str, str] | None = None) -> None:
        """Answer something the app never said."""
        body = {"error": {"type": kind, "reason": "Fallo provocado en el simulador"}}
        response = JSONResponse(body, status, headers)
        await response(self.scope, self.receive, self.send)


async def _refuse(call: _Call) -> None:
    hang_up(call.scope)
    # Returning before the server noticed would make it complain and answer a 500.
    await call.receive()


async def _timeout_after(call: _Call) -> None:
    answer = await call.process()
    await call.book.hang(call.seconds)
    await call.answer(answer)


async def _error_500_after(call: _Call) -> None:
    await call.process()
    await call.reply(500, "INTERNAL_SERVER_ERROR")


async def _error_500_before(call: _Call) -> None:
    await call.reply(500, "INTERNAL_SERVER_ERROR")


async def _half_json(call: _Call) -> None:
    messages = await call.process()
    whole = b"".join(message.get("body", b"") for message in messages)
    half = whole[: len(whole) // 2]
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(half))]
    await call.send({**messages[0], "headers": headers})
    await call.send({"type": "http.response.body", "body": half})


async def _slow(call: _Call) -> None:
    await call.book.hang(call.seconds)
    await call.answer(await call.process())


async def _rate_limit(call: _Call) -> None:
    await call.reply(429, "RATE_LIMIT_ERROR", {"Retry-After": str(round(call.seconds))})


_BEHAVIOURS: dict[Kind, Callable[[_Call], Awaitable[None]]] = {
    "refuse": _refuse,
    "timeout_after": _timeout_after,
    "error_500_after": _error_500_after,
    "error_500_before": _error_500_before,
    "half_json": _half_json,
    "slow": _slow,
    "rate_limit": _rate_limit,
}


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
