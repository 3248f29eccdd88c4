"""Values that change slowly or cost much to fetch, kept in memory.

Written here because the cache libraries either forget a value that is out of date, or call the
source once for every caller who waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from mestore.kernel.errors import Unavailable

Value = TypeVar("Value")

CAPACITY = 2_000
PATIENCE = 0.1


class Remembered(Generic[Value]):
    """A value that is fetched once for all who wait for it, and kept for `seconds`."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Value]],
        *,
        seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: list[Value] = []
        self._until = 0.0
        self._flight: asyncio.Task[Value] | None = None

    async def fresh(self) -> Value:
        """Return the value, never older than its seconds; raises what fetching it raises."""
        if self._kept and self._monotonic() < self._until:
            return self._kept[0]
        if self._flight is None:
            self._flight = asyncio.create_task(self._refresh())
            self._flight.add_done_callback(_read_error)
        # Shielded: one caller who leaves must not take the value away from the others.
        return await asyncio.shield(self._flight)

    async def latest(self, *, within: float) -> Value:
        """Return the value, or the last one known where a fresh one fails or takes too long.

        Raises `Unavailable` where none is known.
        """
        try:
            async with asyncio.timeout(within):
                return await self.fresh()
        except (Unavailable, TimeoutError) as error:
            if self._kept:
                return self._kept[0]
            raise Unavailable from error

    def expire(self) -> None:
        """Let the next caller fetch a new value."""
        self._until = 0.0

    async def _refresh(self) -> Value:
        try:
            value = await self._fetch()
        finally:
            self._flight = None
        self._kept = [value]
        self._until = self._monotonic() + self._seconds
        return value


class Kept(Generic[Value]):
    """A bounded number of values by key, each fetched once for all who wait for it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: dict[Hashable, Remembered[Value]] = {}

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[Value]]) -> Value:
        """Return the value of `key`, fetched where it is unknown or old.

        Where fetching it again takes longer than `PATIENCE`, the last one will do meanwhile.
        `fetch` needs a connection of its own: who waits here must hold none.
        """
        kept = self._values.get(key)
        if kept is None:
            kept = self._values[key] = Remembered(fetch, seconds=self._seconds)
            if len(self._values) > CAPACITY:
                del self._values[next(iter(self._values))]
        try:
            return await kept.latest(within=PATIENCE)
        except Unavailable:
            return await kept.fresh()

    def expire(self) -> None:
        """Let every value be fetched again."""
        for kept in self._values.values():
            kept.expire()


def _read_error(flight: asyncio.Task[Value]) -> None:
    """Mark the exception of a flight as seen, also where everybody stopped waiting."""
    if not flight.cancelled():
        flight.exception()
