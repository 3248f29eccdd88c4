"""What is looked for, gathered in memory and written in batches, off the path of the search."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from mestore.kernel.clock import now, today_in_bogota
from mestore.kernel.db import Tx
from mestore.kernel.flushing import Gathering
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


class SearchLog(Gathering[Noted]):
    """The searches of this process that are not written yet."""

    what = "searches"
    most = MOST_WAITING
    every_seconds = EVERY_SECONDS

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
            noted = Noted(user_id, text, filters, results, relaxed, now(), today_in_bogota())
            self.waiting.append(noted)

    async def write(self, tx: Tx, batch: Sequence[Noted]) -> None:
        """Write counts by day and text, and publish `Searched` of who was signed in."""
        counted: dict[tuple[date, str], tuple[int, Noted]] = {}
        for noted in batch:
            if text := loggable(noted.text):
                before, _ = counted.get((noted.day, text), (0, noted))
                counted[noted.day, text] = (before + 1, noted)
            if noted.user_id is not None:
                tx.publish(
                    Searched(
                        noted.user_id,
                        noted.text,
                        noted.filters,
                        noted.results,
                        noted.at.isoformat(),
                    )
                )
        repository = LogRepository(tx.connection)
        for (day, text), (more, noted) in sorted(counted.items(), key=lambda each: each[0]):
            await repository.count(day, text, more, noted.results, noted.relaxed)


async def purge_searches(tx: Tx) -> int:
    """Forget texts older than `KEPT`."""
    return await LogRepository(tx.connection).purge(today_in_bogota() - KEPT)


def loggable(text: str) -> str | None:
    """Return a text as it is counted: folded words; None for what may be about a person."""
    if _PERSONAL.search(text):
        return None
    return " ".join(analysis.folded(word) for word in analysis.words(text))[:LONGEST] or None
