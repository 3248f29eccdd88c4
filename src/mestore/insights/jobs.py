"""The periodic work of insights."""

from dataclasses import dataclass

from mestore.insights.service import InsightService
from mestore.kernel.db import Tx
from mestore.kernel.messages import Task


@dataclass(frozen=True, slots=True)
class RecomputeInsights(Task):
    """Count anew what is bought together and what sells."""


async def recompute_insights(tx: Tx, _: RecomputeInsights) -> None:
    """Count anew what is bought together and what sells."""
    await InsightService(tx).recompute()
