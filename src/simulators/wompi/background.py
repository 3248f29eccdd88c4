"""Work that outlives the request that started it."""

import asyncio
from collections.abc import Coroutine


class Background:
    """Keeps every task it starts, so that none outlives the server."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Run the work beside the requests."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel_all(self) -> None:
        """Stop what has not ended."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Stop what has not ended and wait until it is gone."""
        self.cancel_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)
