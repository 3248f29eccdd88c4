"""Connections that stay lent to short reads: a pool's lending costs as much as such a read."""

import asyncio
from collections import deque
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from mestore.kernel.direct import Form, Rows, Values

WAIT_SECONDS = 30
_PLANNED = "planned"


class Plan(StrEnum):
    """How PostgreSQL plans a read whose statement it is sent again and again.

    Left to itself it plans each anew where that seems to save more than its guess of what planning
    costs: on large tables that took longer than a short read. Elsewhere it came to one plan for
    all values that was right for few of them.
    """

    AS_IT_LIKES = "auto"
    ONCE = "force_generic_plan"
    ANEW = "force_custom_plan"


class Lane:
    """At most some connections of an engine's pool, each for one read after the other.

    What fails is given up with its connection; whoever waits then opens another.
    """

    def __init__(self, engine: AsyncEngine, most: int) -> None:
        self._engine = engine
        self._free = most
        self._idle: list[PoolProxiedConnection] = []
        self._waiting: deque[asyncio.Future[PoolProxiedConnection | None]] = deque()

    async def fetch(self, form: Form, values: Values, plan: Plan = Plan.AS_IT_LIKES) -> Rows:
        """Run a SELECT on the driver and return its rows."""
        lent = await self._take(plan)
        try:
            driver: Any = lent.driver_connection
            if lent.info.get(_PLANNED, Plan.AS_IT_LIKES) is not plan:
                await driver.execute(f"SET plan_cache_mode = {plan}")
                lent.info[_PLANNED] = plan
            rows = form.answer(await driver.fetch(form.sql, *form.arguments(values)))
        except BaseException:
            # Also where the caller went away: half an answer may still be on its way.
            lent.invalidate()
            lent.close()
            self._hand_on(None)
            raise
        self._hand_on(lent)
        return rows

    def close(self) -> None:
        """Give back what nobody uses."""
        while self._idle:
            self._idle.pop().close()
            self._free += 1

    async def _take(self, plan: Plan) -> PoolProxiedConnection:
        """Return a connection, rather one that plans like this already."""
        if self._idle:
            fitting = (each for each in self._idle if each.info.get(_PLANNED) is plan)
            chosen = next(fitting, self._idle[-1])
            self._idle.remove(chosen)
            return chosen
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
            return await self._engine.raw_connection()
        except BaseException:
            self._hand_on(None)
            raise

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
