"""What is looked for, gathered in memory and written in batches, off the path of the search."""

import re
from collections import deque
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from mestore.kernel.clock import now, today_in_bogota
from mestore.kernel.db import Database, Tx
from mestore.kernel.flushing import keep_flushing
from mestore.search import analysis
from mestore.search.events import Searched
from mestore.search.repository.log import LogRepository

EVERY_SECONDS = 1.0
MOST_WAITING = 1_000
"""What does not fit is forgotten: a log must not cost memory."""
LONGEST = 60
KEPT = timedelta(days=180)
_PERSONAL = re.compile(r"@|\d{5,}|(?:\d[\s.-]?){7,}")


@dataclass(frozen=True, slots=True)
class Noted:
    """One search of a first page: by whom where known, for what, and what came of it."""

    user_id: UUID | None
    text: str
    filters: dict[str, object]
    results: int
    relaxed: str | None
    at: datetime
    day: date


class SearchLog:
    """The searches of this process that are not written yet."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: deque[Noted] = deque(maxlen=MOST_WAITING)

    def note(
        self,
        text: str,
        filters: dict[str, object],
        results: int,
        relaxed: str | None,
        user_id: UUID | None = None,
    ) -> None:
        """Remember a search; nothing is awaited."""
        if text.strip() or user_id is not None:
            looked = Noted(user_id, text, filters, results, relaxed, now(), today_in_bogota())
            self.waiting.append(looked)

    async def run(self) -> None:
        """Write every second until cancelled, and then once more."""
        await keep_flushing("searches", self.flush, EVERY_SECONDS)

    async def flush(self) -> None:
        """Write what waits: counts by day and text, and `Searched` of who was signed in."""
        batch = [self.waiting.popleft() for _ in range(len(self.waiting))]
        if not batch:
            return
        try:
            async with self.database.transaction() as tx:
                await _write(tx, batch)
        except BaseException:
            self.waiting.extendleft(reversed(batch))
            raise


async def purge_searches(tx: Tx) -> int:
    """Forget texts older than `KEPT`."""
    return await LogRepository(tx.connection).purge(today_in_bogota() - KEPT)


def loggable(text: str) -> str | None:
    """Return a text as it is counted: folded words; None for what may be about a person."""
    if _PERSONAL.search(text):
        return None
    return " ".join(analysis.folded(word) for word in analysis.words(text))[:LONGEST] or None


async def _write(tx: Tx, batch: list[Noted]) -> None:
    counted: dict[tuple[date, str], tuple[int, Noted]] = {}
    for looked in batch:
        if text := loggable(looked.text):
            before, _ = counted.get((looked.day, text), (0, looked))
            counted[looked.day, text] = (before + 1, looked)
        if looked.user_id is not None:
            tx.publish(
                Searched(
                    looked.user_id,
                    looked.text,
                    looked.filters,
                    looked.results,
                    looked.at.isoformat(),
                )
            )
    repository = LogRepository(tx.connection)
    for (day, text), (more, looked) in sorted(counted.items(), key=lambda each: each[0]):
        await repository.count(day, text, more, looked.results, looked.relaxed)
