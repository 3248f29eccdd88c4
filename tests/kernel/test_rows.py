"""The short way to the database: the same rows as the ordinary way, on every engine."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.kernel.things import THINGS, Colour, add

MOMENT = datetime(2026, 11, 20, 5, 6, 7, 123456, tzinfo=UTC)
PLAIN = [THINGS.c[name] for name in ("id", "word", "text", "amount", "at", "uuid", "small")]
ALL = select(*PLAIN).order_by(THINGS.c.id)
SOME = (
    select(*PLAIN)
    .where(THINGS.c.amount >= bindparam("least"), THINGS.c.at < bindparam("before"))
    .order_by(THINGS.c.id)
    .limit(bindparam("most"))
)
BY_UUID = select(THINGS.c.word).where(THINGS.c.uuid == bindparam("wanted"))
WITH_JSON = select(THINGS.c.json, THINGS.c.colour).order_by(THINGS.c.id)
IN_LIST = select(THINGS.c.word).where(THINGS.c.word.in_(bindparam("of", expanding=True)))
FIXED = select(THINGS.c.word).where(THINGS.c.small == 2)
COUNT = select(func.count()).select_from(THINGS)
SLOW = select(func.pg_sleep(bindparam("seconds")))


async def fill(database: Database) -> list[dict[str, Any]]:
    """Write ten things and return them."""
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "word": f"word {number}",
            "text": "ñ 🪅" if number % 2 else None,
            "amount": number * 10**12,
            "at": MOMENT + timedelta(microseconds=number),
            "json": {"a": [number, None]},
            "colour": Colour.BLUE,
            "uuid": uuid7(),
            "small": number,
        }
        for number in range(1, 11)
    ]
    async with database.transaction() as tx:
        await tx.connection.execute(insert(THINGS), rows)
    return rows


def plain(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what a select of the plain columns shows of rows."""
    return [tuple(row[column.name] for column in PLAIN) for row in rows]


async def test_values_come_back_as_they_were(things: Database) -> None:
    written = await fill(things)
    for _ in range(2):
        assert [tuple(row) for row in await things.rows(ALL, {})] == plain(written)


async def test_parameters_are_sent_by_name(things: Database) -> None:
    written = await fill(things)
    values = {"most": 3, "before": MOMENT + timedelta(hours=1), "least": 4 * 10**12}
    found = await things.rows(SOME, values)
    assert [tuple(row) for row in found] == plain(written[3:6])
    again = await things.rows(SOME, values | {"least": 9 * 10**12})
    assert [tuple(row) for row in again] == plain(written[8:])


async def test_values_inside_a_statement_need_no_name(things: Database) -> None:
    await fill(things)
    assert [tuple(row) for row in await things.rows(FIXED, {})] == [("word 2",)]
    assert [tuple(row) for row in await things.rows(COUNT, {})] == [(10,)]


async def test_uuids_are_sent_and_found(things: Database) -> None:
    written = await fill(things)
    found = await things.rows(BY_UUID, {"wanted": written[4]["uuid"]})
    assert [tuple(row) for row in found] == [("word 5",)]
    assert list(await things.rows(BY_UUID, {"wanted": uuid7()})) == []


async def test_columns_that_need_more_of_sqlalchemy_get_it(things: Database) -> None:
    await fill(things)
    first = (await things.rows(WITH_JSON, {}))[0]
    assert tuple(first) == ({"a": [1, None]}, Colour.BLUE)
    listed = await things.rows(IN_LIST, {"of": ["word 2", "word 9", "none"]})
    assert sorted(row[0] for row in listed) == ["word 2", "word 9"]


async def test_both_ways_agree(things: Database) -> None:
    await fill(things)
    for statement in (ALL, WITH_JSON, FIXED, COUNT):
        async with things.read() as connection:
            ordinary = [tuple(row) for row in await connection.execute(statement)]
        assert [tuple(row) for row in await things.rows(statement, {})] == ordinary


async def test_what_is_committed_is_seen_at_once(things: Database) -> None:
    await things.rows(COUNT, {})
    async with things.transaction() as tx:
        await add(tx, "new")
        assert (await things.rows(COUNT, {}))[0][0] == 0
    assert (await things.rows(COUNT, {}))[0][0] == 1


async def test_listeners_hear_these_statements_too(things: Database, statements: list[str]) -> None:
    await things.rows(COUNT, {})
    assert len(statements) == 1
    assert "count" in statements[0].lower()


async def test_many_at_once_share_the_pool(things: Database) -> None:
    written = await fill(things)
    found = await asyncio.gather(*(things.rows(ALL, {}) for _ in range(60)))
    assert all([tuple(row) for row in rows] == plain(written) for rows in found)


async def test_a_connection_that_died_in_the_pool_is_replaced(things: Database) -> None:
    end = {
        "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    }
    if things.dialect not in end:
        pytest.skip("only asyncpg has a short way")
    await fill(things)
    await asyncio.gather(*(things.rows(COUNT, {}) for _ in range(5)))
    killer = Database(things.writes.url.render_as_string(hide_password=False))
    async with killer.transaction() as tx:
        await tx.connection.execute(text(end[things.dialect]))
    await killer.close()
    await things.writes.dispose()
    with capture_logs() as logs:
        results = await asyncio.gather(
            *(things.rows(COUNT, {}) for _ in range(10)), return_exceptions=True
        )
    recovered = await things.rows(COUNT, {})
    assert recovered[0][0] == 10
    assert any(entry["event"] == "direct_read_failed" for entry in logs)
    assert [result for result in results if not isinstance(result, (list, SQLAlchemyError))] == []


async def test_a_caller_who_leaves_does_not_spoil_the_connection(things: Database) -> None:
    if things.dialect != "postgresql":
        pytest.skip("only asyncpg has a short way")
    await fill(things)
    for _ in range(15):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await things.rows(SLOW, {"seconds": 5})
    found = await asyncio.gather(*(things.rows(COUNT, {}) for _ in range(20)))
    assert {rows[0][0] for rows in found} == {10}


async def test_a_changed_table_is_read_in_its_new_shape(things: Database) -> None:
    await fill(things)
    before = await things.rows(FIXED, {})
    async with things.transaction() as tx:
        await tx.connection.execute(text("ALTER TABLE test_things ADD COLUMN later INTEGER"))
    assert [tuple(row) for row in await things.rows(FIXED, {})] == [tuple(row) for row in before]


async def test_an_error_is_the_ordinary_one(things: Database) -> None:
    with pytest.raises(SQLAlchemyError):
        await things.rows(SOME, {"most": "three", "before": MOMENT, "least": "many"})
