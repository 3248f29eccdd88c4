"""Ranking: what was best on a day and in a month, so that a long list need not count everything."""

from datetime import date, timedelta

from mestore.insights.repository.ranks import RankRepository
from mestore.insights.types.days import KEPT, Period, Span
from mestore.insights.views.ranks import best_of, changed
from mestore.kernel.clock import today_in_bogota
from mestore.kernel.db import Database

RECENT = 2
"""Days that are ranked often: today and yesterday."""
MOST_AT_ONCE = 500
"""Days and months of vendors after which a job leaves the rest to another one."""


async def rank_recent(database: Database) -> None:
    """Rank today and yesterday again, for whom something was counted since."""
    today = today_in_bogota()
    for back in range(RECENT):
        day = today - timedelta(days=back)
        await _rank(database, Span.DAY, Period(day, day))


async def rank_before(database: Database, back: int) -> int | None:
    """Rank the days so many days ago and before, and their months, that were counted on since.

    Returns how far back another job has to go on, if one has.
    """
    today, ranked = today_in_bogota(), 0
    while back <= KEPT.days:
        day = today - timedelta(days=back)
        ranked += await _rank(database, Span.DAY, Period(day, day))
        if day.day == 1:
            ranked += await _rank(database, Span.MONTH, _month(day))
        back += 1
        if ranked >= MOST_AT_ONCE:
            return back
    return None


def _month(first: date) -> Period:
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


async def _rank(database: Database, span: Span, period: Period) -> int:
    async with database.read() as connection:
        found = await changed(connection, span, period)
    for each in found:
        # Read outside the transaction that writes: what is counted meanwhile is ranked next time.
        async with database.read() as connection:
            best = await best_of(connection, each)
        async with database.transaction() as tx:
            await RankRepository(tx.connection).replace(each, best)
    return len(found)
