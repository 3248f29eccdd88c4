"""What lists ask for again and again, kept in process for seconds and dropped when it changes."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar
from uuid import UUID

from mestore.kernel.errors import Unavailable
from mestore.kernel.remembered import Remembered

Value = TypeVar("Value")

SECONDS = 30.0
CAPACITY = 2_000
PATIENCE = 0.1


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


class Totals:
    """How many rows each filter has, and which categories lie under each category.

    Counting a million rows costs more than reading a page of them. Processes that did not make
    a change themselves may be `seconds` behind it.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.counts: Kept[int] = Kept(seconds)
        self.in_categories: Kept[Mapping[UUID, int]] = Kept(seconds)
        self.branches: Kept[tuple[UUID, ...]] = Kept(seconds)

    def touch(self, tags: Iterable[str]) -> None:
        """Let go of what a change of the catalogue makes wrong; a listener of the database."""
        changed = set(tags)
        if "catalog" in changed:
            self.counts.expire()
            self.in_categories.expire()
        if "categories" in changed:
            self.branches.expire()
