"""What lists ask for again and again, kept in process for seconds and dropped when it changes."""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

from mestore.kernel.remembered import Remembered

Value = TypeVar("Value")

SECONDS = 30.0
CAPACITY = 2_000


class Kept(Generic[Value]):
    """A bounded number of values by key, each fetched once for all who wait for it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: dict[Hashable, Remembered[Value]] = {}

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[Value]]) -> Value:
        """Return the value of `key`, fetched where it is unknown or old.

        `fetch` needs a connection of its own: who waits here must hold none.
        """
        kept = self._values.get(key)
        if kept is None:
            kept = self._values[key] = Remembered(fetch, seconds=self._seconds)
            if len(self._values) > CAPACITY:
                del self._values[next(iter(self._values))]
        return await kept.fresh()

    def drop(self) -> None:
        """Forget everything; what is being fetched now is not kept either."""
        self._values.clear()


class Totals:
    """How many rows each filter has, and which categories lie under each category.

    Counting a million rows costs more than reading a page of them. Other processes may be
    `seconds` behind.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.counts: Kept[int] = Kept(seconds)
        self.branches: Kept[tuple[UUID, ...]] = Kept(seconds)

    def touch(self, tags: Iterable[str]) -> None:
        """Forget what a change of the catalogue makes wrong; a listener of the database."""
        changed = set(tags)
        if "catalog" in changed:
            self.counts.drop()
        if "categories" in changed:
            self.branches.drop()
