"""The HTTP clients of the providers: one each, closed together."""

from collections.abc import Awaitable, Callable

import httpx2

from mestore.kernel import network


class Clients:
    """Opens a client for each provider, with its own pool and time-outs."""

    def __init__(self) -> None:
        self.opened: list[httpx2.AsyncClient] = []
        self.closing: list[Callable[[], Awaitable[None]]] = []
        """What else is to be closed."""

    def open(self, *, total_seconds: float = 20.0) -> httpx2.AsyncClient:
        """Return a new client."""
        client = network.client(total_seconds=total_seconds)
        self.opened.append(client)
        return client

    async def close(self) -> None:
        """Close every client that was opened, and what else asked for it."""
        for client in self.opened:
            await client.aclose()
        for close in self.closing:
            await close()
