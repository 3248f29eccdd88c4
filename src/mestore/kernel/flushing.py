"""What is gathered in memory and written in batches, off the path of the request that told it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

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
