"""Requests straight into the ASGI app, byte for byte: also those that no HTTP client would send."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

JSON = "application/json"
PROBLEM = "application/problem+json"
PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `error` is what the program raised instead of answering."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: str = ""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:  # noqa: ANN401  any JSON
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; the path is as on the wire, percent-encoded and with its query."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        shown = [(name.decode("latin-1"), value[:60]) for name, value in self.headers]
        return f"{self.method} {self.target[:200]} {shown} {self.body[:300]!r}"

    async def of(self, app: FastAPI) -> Answer:
        """Send it to the app."""
        path, _, query = self.target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"test"), *self.headers],
            "client": ("127.0.0.1", 50_000),
            "server": ("test", 80),
        }
        waiting = [{"type": "http.request", "body": self.body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:  # noqa: ANN401  an ASGI message
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401  an ASGI message
            sent.append(message)

        try:
            await app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  a bug is an answer too, a bad one
            return Answer(599, {}, b"", repr(error))
        headers = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], headers, body)


def ask(
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    body: Any = None,  # noqa: ANN401  any JSON
) -> Ask:
    """Return an ordinary request to the API with a JSON body."""
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    packed = b""
    if body is not None:
        packed = json.dumps(body).encode()
        raw += [
            (b"content-type", JSON.encode()),
            (b"content-length", str(len(packed)).encode()),
        ]
    return Ask(method, target, tuple(raw), packed)
