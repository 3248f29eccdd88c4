"""How popular products are: told by the room that counts sales, kept for ranking."""

from collections.abc import Mapping
from uuid import UUID

from mestore.kernel.db import Tx
from mestore.search.repository.popularity import PopularityRepository
from mestore.search.service.index import popularity
from mestore.search.types import RefreshProducts

A_JOB = 100


class PopularityService:
    """Takes units sold lately; products that rank otherwise by them are indexed anew by jobs."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.sold = PopularityRepository(tx.connection)

    async def replace(self, units: Mapping[UUID, int]) -> None:
        """Make `units` (product: units sold lately) all that is known; no more than thousands."""
        before = await self.sold.all()
        moved = [
            each for each in before.keys() | units.keys() if before.get(each) != units.get(each)
        ]
        await self.sold.replace(moved, units)
        ranked = sorted(
            each
            for each in moved
            if popularity(before.get(each, 0), 0, 0) != popularity(units.get(each, 0), 0, 0)
        )
        for start in range(0, len(ranked), A_JOB):
            self.tx.enqueue(RefreshProducts(ranked[start : start + A_JOB]))
