"""Looks at products, gathered in memory and written in batches, off the path of the read."""

from collections import deque

from mestore.interests.service.history import HistoryService
from mestore.interests.types import Owner, Sight
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.flushing import keep_flushing

EVERY_SECONDS = 1.0
MOST_WAITING = 1_000
"""What does not fit is forgotten: a log must not cost memory."""


class ViewLog:
    """The looks of this process that are not written yet."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: deque[Sight] = deque(maxlen=MOST_WAITING)

    def note(self, owner: Owner, product: str) -> None:
        """Remember that somebody looked at a product, by id or slug; nothing is awaited."""
        self.waiting.append(Sight(owner, product, now()))

    async def run(self) -> None:
        """Write every second until cancelled, and then once more."""
        await keep_flushing("looks", self.flush, EVERY_SECONDS)

    async def flush(self) -> None:
        """Write what waits."""
        batch = [self.waiting.popleft() for _ in range(len(self.waiting))]
        if not batch:
            return
        try:
            async with self.database.transaction() as tx:
                await HistoryService(tx).saw(batch)
        except BaseException:
            self.waiting.extendleft(reversed(batch))
            raise
