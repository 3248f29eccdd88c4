"""The uvicorn server that simulators run in, able to hang up on a client."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

_Ends = tuple[object, object]
_open: dict[_Ends, asyncio.Transport] = {}


class HangUpProtocol(H11Protocol):
    """Remembers the transport of each connection, which ASGI does not hand to the app."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent
        super().connection_made(transport)
        _open[self.server, self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop((self.server, self.client), None)
        super().connection_lost(exc)


def hang_up(scope: MutableMapping[str, Any]) -> None:
    """Close the connection of this request without a single byte of answer."""
    transport = _open.get((scope["server"], scope["client"]))
    if transport is None:
        raise RuntimeError("Only an app started by simulators.server can hang up.")
    transport.abort()


def build(app: FastAPI, host: str, port: int, log_level: str = "info") -> uvicorn.Server:
    """Prepare the server; a hanging answer does not hold up its shutdown."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=HangUpProtocol,
            lifespan="on",
            log_level=log_level,
            # It would rewrite the client address that finds the connection.
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )
