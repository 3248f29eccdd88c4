"""What is gathered in memory and written in batches, off the path of the request that told it."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from mestore.kernel.db import Database, Tx

Entry = TypeVar("Entry")
log = structlog.get_logger(__name__)


async def keep_flushing(
    what: str, flush: Callable[[], Awaitable[None]], every_seconds: float
) -> None:
    """Call `flush` again and again until cancelled, and then once more.

    Where the database is away, what was not written waits for the next time.
    """
    try:
        while True:
            await asyncio.sleep(every_seconds)
            await _try(what, flush)
    finally:
        await _try(what, flush)


async def _try(what: str, flush: Callable[[], Awaitable[None]]) -> None:
    try:
        await flush()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("flush_waits", what=what, error=type(error).__name__)


class Gathering(ABC, Generic[Entry]):
    """The entries of this process that are not written yet; what does not fit is forgotten."""

    what: ClassVar[str]
    most: ClassVar[int]
    every_seconds: ClassVar[float]

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: deque[Entry] = deque(maxlen=self.most)

    @abstractmethod
    async def write(self, tx: Tx, batch: Sequence[Entry]) -> None:
        """Write what waited, all of it in one transaction."""

    async def run(self) -> None:
        """Write again and again until cancelled, and then once more."""
        await keep_flushing(self.what, self.flush, self.every_seconds)

    async def flush(self) -> None:
        """Write what waits; where that fails it waits on."""
        batch = [self.waiting.popleft() for _ in range(len(self.waiting))]
        if not batch:
            return
        try:
            async with self.database.transaction() as tx:
                await self.write(tx, batch)
        except BaseException:
            self.waiting.extendleft(reversed(batch))
            raise
