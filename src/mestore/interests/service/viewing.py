"""Looks at products, gathered in memory and written in batches, off the path of the read."""

from collections.abc import Sequence

from mestore.interests.service.history import HistoryService
from mestore.interests.types import Owner, Sight
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.flushing import Gathering

EVERY_SECONDS = 1.0
MOST_WAITING = 1_000
"""What does not fit is forgotten: a log must not cost memory."""


class ViewLog(Gathering[Sight]):
    """The looks of this process that are not written yet."""

    what = "looks"
    most = MOST_WAITING
    every_seconds = EVERY_SECONDS

    def note(self, owner: Owner, product: str) -> None:
        """Remember that somebody looked at a product, by id or slug; nothing is awaited."""
        self.waiting.append(Sight(owner, product, now()))

    async def write(self, tx: Tx, batch: Sequence[Sight]) -> None:
        """Add the looks to the histories of those who looked."""
        await HistoryService(tx).saw(batch)
