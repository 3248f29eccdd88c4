"""What lists ask for again and again, kept in process for seconds and dropped when it changes."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from mestore.kernel.remembered import Kept

SECONDS = 30.0


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
