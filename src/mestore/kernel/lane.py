"""Connections that stay lent to short reads: a pool's lending costs as much as such a read."""

import asyncio
from collections import deque
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from mestore.kernel.direct import Form, Rows, Values

WAIT_SECONDS = 30
# Left to itself PostgreSQL plans a statement anew each time where that seems to save more than its
# guess of what planning costs: on large tables that took longer than the short read itself.
KEEP_PLANS = "SET plan_cache_mode = force_generic_plan"


class Lane:
    """At most some connections of an engine's pool, each for one read after the other.

    Where plans are kept, a statement is planned once, whatever its values are. What fails is given
    up with its connection; whoever waits then opens another.
    """

    def __init__(self, engine: AsyncEngine, most: int, *, keeps_plans: bool = False) -> None:
        self._engine = engine
        self._keeps_plans = keeps_plans
        self._free = most
        self._idle: list[PoolProxiedConnection] = []
        self._waiting: deque[asyncio.Future[PoolProxiedConnection | None]] = deque()

    async def fetch(self, form: Form, values: Values) -> Rows:
        """Run a SELECT on the driver and return its rows."""
        lent = await self._take()
        try:
            driver: Any = lent.driver_connection
            rows = form.answer(await driver.fetch(form.sql, *form.arguments(values)))
        except BaseException:
            self._give_up(lent)
            raise
        self._hand_on(lent)
        return rows

    def close(self) -> None:
        """Give back what nobody uses."""
        while self._idle:
            self._idle.pop().close()
            self._free += 1

    async def _take(self) -> PoolProxiedConnection:
        if self._idle:
            return self._idle.pop()
        if self._free:
            self._free -= 1
            return await self._lend()
        turn: asyncio.Future[PoolProxiedConnection | None]
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                lent = await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._hand_on(turn.result())
            raise
        return lent or await self._lend()

    async def _lend(self) -> PoolProxiedConnection:
        try:
            lent = await self._engine.raw_connection()
        except BaseException:
            self._hand_on(None)
            raise
        if self._keeps_plans:
            try:
                driver: Any = lent.driver_connection
                await driver.execute(KEEP_PLANS)
            except BaseException:
                self._give_up(lent)
                raise
        return lent

    def _give_up(self, lent: PoolProxiedConnection) -> None:
        """Close a connection: where the caller went away, half an answer may be on its way."""
        lent.invalidate()
        lent.close()
        self._hand_on(None)

    def _hand_on(self, lent: PoolProxiedConnection | None) -> None:
        """Give a connection, or the right to open one, to who waits longest, or keep it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(lent)
                return
        if lent is None:
            self._free += 1
        else:
            self._idle.append(lent)
