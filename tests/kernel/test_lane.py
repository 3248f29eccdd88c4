"""Short reads share a few connections, and give up those that fail."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Integer, Select, bindparam, column, func, select, table

from mestore.kernel.db import Database
from mestore.kernel.direct import Form, form_of
from mestore.kernel.lane import Lane, Plan

MOST = 2
ECHO = select(bindparam("said", type_=Integer), func.pg_sleep(bindparam("seconds")))
PREPARED = table(
    "pg_prepared_statements", column("statement"), column("generic_plans"), column("custom_plans")
)
PLANS = select(PREPARED.c.generic_plans, PREPARED.c.custom_plans).where(
    PREPARED.c.statement.contains("pg_sleep")
)
MODE = select(func.current_setting("plan_cache_mode"))


@pytest.fixture
async def lane(database: Database) -> AsyncIterator[Lane]:
    """A lane of two connections."""
    if database.dialect != "postgresql":
        pytest.skip("only asyncpg has a short way")
    lane = Lane(database.reads, MOST)
    yield lane
    lane.close()
    assert checked_out(database) == 0


def checked_out(database: Database) -> int:
    """Return how many connections of the read lane are lent."""
    pool: Any = database.reads.pool
    return int(pool.checkedout())


def form(database: Database, statement: Select[Any] = ECHO) -> Form:
    """Return a statement as the driver takes it; ECHO waits before it says what it was told."""
    found = form_of(statement, database.reads.sync_engine.dialect, {"said": 1, "seconds": 0.0})
    assert found is not None
    return found


async def test_everybody_gets_their_own_answer_over_few_connections(
    lane: Lane, database: Database
) -> None:
    wait = form(database)
    answers = await asyncio.gather(
        *(lane.fetch(wait, {"said": number, "seconds": 0.001}) for number in range(40))
    )
    assert [rows[0][0] for rows in answers] == list(range(40))
    assert checked_out(database) == MOST


async def test_who_leaves_or_fails_keeps_nobody_waiting(lane: Lane, database: Database) -> None:
    wait = form(database)

    async def leave(seconds: float) -> None:
        async with asyncio.timeout(0.05):
            await lane.fetch(wait, {"said": 0, "seconds": seconds})

    # Two who hold the connections, and eight who wait for them, leave.
    left = await asyncio.gather(*(leave(5.0) for _ in range(10)), return_exceptions=True)
    assert {type(each) for each in left} == {TimeoutError}
    for _ in range(2 * MOST):
        with pytest.raises(Exception, match="invalid input"):
            await lane.fetch(wait, {"said": "no number", "seconds": 0.0})
    found = await asyncio.gather(
        *(lane.fetch(wait, {"said": number, "seconds": 0.0}) for number in range(10))
    )
    assert [rows[0][0] for rows in found] == list(range(10))
    assert checked_out(database) <= MOST


@pytest.mark.parametrize(("plan", "plans"), [(Plan.ONCE, (9, 0)), (Plan.ANEW, (0, 9))])
async def test_a_statement_is_planned_as_it_asks_for(
    lane: Lane, database: Database, plan: Plan, plans: tuple[int, int]
) -> None:
    for number in range(9):
        await lane.fetch(form(database), {"said": number, "seconds": 0.0}, plan)
    assert [tuple(row) for row in await lane.fetch(form(database, PLANS), {}, plan)] == [plans]


async def test_a_connection_plans_as_it_likes_after_it_was_told_how(
    lane: Lane, database: Database
) -> None:
    mode = form(database, MODE)
    told = [(await lane.fetch(mode, {}, plan))[0][0] for plan in (*Plan, *reversed(Plan))]
    assert told == [*Plan, *reversed(Plan)]
    assert checked_out(database) == 1
