"""The periodic work of insights."""

from dataclasses import dataclass

from mestore.insights.service.counting import purge_days
from mestore.insights.service.ranking import RECENT, rank_before, rank_recent
from mestore.insights.service.recommend import InsightService
from mestore.kernel.db import Database, Tx
from mestore.kernel.messages import Task


@dataclass(frozen=True, slots=True)
class RecomputeInsights(Task):
    """Count anew what is bought together and what sells."""


@dataclass(frozen=True, slots=True)
class PurgeProductDays(Task):
    """Forget how products did long ago."""


@dataclass(frozen=True, slots=True)
class RankRecentDays(Task):
    """Find the best products of today and yesterday anew."""


@dataclass(frozen=True, slots=True)
class RankDays(Task):
    """Find the best products of older days and months that have none, or were counted on since."""

    back: int = RECENT


async def recompute_insights(tx: Tx, _: RecomputeInsights) -> None:
    """Count anew what is bought together and what sells."""
    await InsightService(tx).recompute()


async def purge_product_days(tx: Tx, _: PurgeProductDays) -> None:
    """Forget how products did long ago."""
    await purge_days(tx)


async def rank_recent_days(_: RankRecentDays, *, database: Database) -> None:
    """Find the best products of today and yesterday anew."""
    await rank_recent(database)


async def rank_days(task: RankDays, *, database: Database) -> None:
    """Find the best products of older days and months; leave what is too much to another job."""
    back = await rank_before(database, task.back)
    if back is not None:
        async with database.transaction() as tx:
            tx.enqueue(RankDays(back))
