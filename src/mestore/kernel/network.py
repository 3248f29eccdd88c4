"""Calls to the outside: one kind of client, with time-outs, and never inside a transaction."""

import ssl
from functools import cache

import httpx2

from mestore.kernel.db import InsideTransaction, in_transaction


async def no_network_in_a_transaction(_: object) -> None:
    """A request hook: a slow provider must never hold our rows."""
    if in_transaction():
        raise InsideTransaction("a network call was made inside a database transaction")


@cache
def _trust() -> ssl.SSLContext:
    """Read the certificate authorities once: it takes longer than a request."""
    return httpx2.create_ssl_context(trust_env=False)


def client(*, connect_seconds: float = 5.0, total_seconds: float = 20.0) -> httpx2.AsyncClient:
    """Return a client for one provider: its own pool, its own time-outs, no redirects followed."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(total_seconds, connect=connect_seconds),
        limits=httpx2.Limits(max_connections=50, max_keepalive_connections=20),
        event_hooks={"request": [no_network_in_a_transaction]},
        verify=_trust(),
        trust_env=False,
    )
