"""Kept statements in a transaction: the same effect on every engine, the first time and later."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from mestore.kernel.db import Database, Tx, add_rows, affected, inserted_id, rows_of
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.direct import Direct, direct_of
from mestore.kernel.ids import uuid7
from tests.kernel.things import THINGS, Colour, words

MOMENT = datetime(2026, 11, 20, 5, 6, 7, 123456, tzinfo=UTC)
INSERT = insert(THINGS)
INSERT_MANY = insert(THINGS).inline()
BY_WORD = select(THINGS.c.id, THINGS.c.uuid, THINGS.c.at).where(THINGS.c.word == bindparam("of"))
GROW = (
    update(THINGS)
    .where(THINGS.c.word == bindparam("of_word"), THINGS.c.amount < bindparam("most"))
    .values(amount=THINGS.c.amount + bindparam("units"))
)
FULL = select(THINGS.c.json, THINGS.c.colour, THINGS.c.at).where(THINGS.c.word == bindparam("of"))
SLOW = select(func.pg_sleep(bindparam("seconds")))
AMONG = (
    select(THINGS.c.word)
    .where(
        THINGS.c.word.in_(bindparam("words", expanding=True)),
        THINGS.c.small.in_(bindparam("sizes", expanding=True)),
    )
    .order_by(THINGS.c.word)
)
TWICE = range(2)
"""The first use of a statement in a process may go the ordinary way, the second goes direct."""


def thing(word: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401  values of any column
    """Return a row with a value of every kind."""
    return {
        "word": word,
        "text": None,
        "amount": 10,
        "at": MOMENT,
        "json": {"ñ": [1, None]},
        "colour": Colour.BLUE,
        "uuid": uuid7(),
        "small": 1,
    } | values


async def begin(tx: Tx) -> None:
    """Send a transaction's first statement, which always goes the ordinary way."""
    await tx.connection.execute(text("SELECT 1"))


@pytest.fixture
async def warm(things: Database) -> Database:
    """The table of things, with every statement used once."""
    async with things.transaction() as tx:
        await begin(tx)
        await inserted_id(tx.connection, INSERT, thing("warm"))
        await add_rows(tx.connection, INSERT_MANY, [thing("warmer")])
        await rows_of(tx.connection, BY_WORD, of="warm")
        await affected(tx.connection, GROW, of_word="warm", most=0, units=1)
        await tx.connection.execute(THINGS.delete())
    return things


async def test_on_asyncpg_a_known_statement_goes_direct(warm: Database) -> None:
    async with warm.transaction() as tx:
        assert direct_of(tx.connection, INSERT, thing("x")) is None
        await begin(tx)
        direct = direct_of(tx.connection, INSERT, thing("x"))
        assert isinstance(direct, Direct) is (warm.dialect == "postgresql")
        assert direct_of(tx.connection, insert(THINGS), thing("x")) is None


async def test_an_inserted_row_has_the_values_it_was_given(warm: Database) -> None:
    for number in TWICE:
        row = thing(f"word {number}")
        async with warm.transaction() as tx:
            await begin(tx)
            key = await inserted_id(tx.connection, INSERT, row)
            ((found_key, uuid, at),) = await rows_of(tx.connection, BY_WORD, of=row["word"])
        assert (found_key, uuid, at) == (key, row["uuid"], MOMENT)
        async with warm.read() as connection:
            stored = (await connection.execute(select(THINGS).where(THINGS.c.id == key))).one()
        assert stored._mapping == {**row, "id": key, "parent": None}


async def test_rows_of_one_statement_are_all_written(warm: Database) -> None:
    async with warm.transaction() as tx:
        await begin(tx)
        await add_rows(tx.connection, INSERT_MANY, [thing("a"), thing("b", colour=None)])
        await add_rows(tx.connection, INSERT_MANY, [thing("c")])
    assert await words(warm) == ["a", "b", "c"]


async def test_lists_of_any_length_and_order_find_what_is_among_them(warm: Database) -> None:
    async with warm.transaction() as tx:
        await begin(tx)
        things = [thing(word, small=size) for size, word in enumerate("abcd")]
        await add_rows(tx.connection, INSERT_MANY, things)
        for wanted, sizes, found in (
            ("abc", [0, 1, 2, 3], "abc"),
            ("ab", [1], "b"),
            ("d", [0, 3], "d"),
            ("abcd", [], ""),
            ("", [1], ""),
        ):
            both = {"words": list(wanted), "sizes": sizes}
            for values in (both, dict(reversed(both.items()))):
                rows = await rows_of(tx.connection, AMONG, **values)
                assert [row[0] for row in rows] == list(found)


async def test_a_change_says_how_many_rows_met_its_condition(warm: Database) -> None:
    for most, changed in ((11, 1), (11, 0), (100, 1)):
        async with warm.transaction() as tx:
            await begin(tx)
            if most == 11 and changed:
                await add_rows(tx.connection, INSERT_MANY, [thing("a"), thing("b")])
            values = {"of_word": "a", "most": most, "units": 5}
            assert await affected(tx.connection, GROW, **values) == changed


async def test_what_went_direct_is_rolled_back_with_the_rest(warm: Database) -> None:
    async def write_and_fail() -> None:
        async with warm.transaction() as tx:
            await begin(tx)
            await inserted_id(tx.connection, INSERT, thing("a"))
            await add_rows(tx.connection, INSERT_MANY, [thing("b")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    assert await words(warm) == []


async def test_a_first_statement_is_rolled_back_too(warm: Database) -> None:
    async def write_and_fail() -> None:
        async with warm.transaction() as tx:
            await inserted_id(tx.connection, INSERT, thing("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    assert await words(warm) == []


async def test_a_duplicate_is_refused_and_a_savepoint_survives_it(warm: Database) -> None:
    async def add_one(tx: Tx) -> None:
        async with tx.connection.begin_nested():
            await inserted_id(tx.connection, INSERT, thing("a"))

    async def add_two(tx: Tx) -> None:
        async with tx.connection.begin_nested():
            await add_rows(tx.connection, INSERT_MANY, [thing("b"), thing("a")])

    async with warm.transaction() as tx:
        await inserted_id(tx.connection, INSERT, thing("a"))
        for add in (add_one, add_two):
            with pytest.raises(DBAPIError) as refused:
                await add(tx)
            assert fault_of(refused.value) is Fault.UNIQUE
        await add_rows(tx.connection, INSERT_MANY, [thing("c")])
    assert await words(warm) == ["a", "c"]


async def test_a_forgotten_value_is_a_bug(warm: Database) -> None:
    async with warm.transaction() as tx:
        await begin(tx)
        with pytest.raises((KeyError, StatementError)):
            await affected(tx.connection, GROW, of_word="a", units=1)


async def test_a_connection_that_dies_is_told_as_gone_and_replaced(warm: Database) -> None:
    if warm.dialect != "postgresql":
        pytest.skip("only asyncpg has a short way")

    async def write_on_a_dying_connection() -> None:
        async with warm.transaction() as tx:
            await begin(tx)
            pid = (await tx.connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with warm.read() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            await inserted_id(tx.connection, INSERT, thing("a"))

    with pytest.raises(DBAPIError) as gone:
        await write_on_a_dying_connection()
    assert fault_of(gone.value) is Fault.GONE
    async with warm.transaction() as tx:
        await begin(tx)
        await inserted_id(tx.connection, INSERT, thing("b"))
    assert await words(warm) == ["b"]


async def test_a_caller_who_leaves_does_not_spoil_the_connection(warm: Database) -> None:
    if warm.dialect != "postgresql":
        pytest.skip("only asyncpg has a short way")

    async def write_and_leave() -> None:
        async with warm.transaction() as tx, asyncio.timeout(0.03):
            await inserted_id(tx.connection, INSERT, thing("left behind"))
            await rows_of(tx.connection, SLOW, seconds=5)

    for _ in range(12):
        with pytest.raises(TimeoutError):
            await write_and_leave()
    async with warm.transaction() as tx:
        await begin(tx)
        await inserted_id(tx.connection, INSERT, thing("stayed"))
    assert await words(warm) == ["stayed"]


async def test_the_read_lane_needs_no_transaction(warm: Database) -> None:
    async with warm.transaction() as tx:
        await add_rows(tx.connection, INSERT_MANY, [thing("a", colour=Colour.RED)])
    for _ in TWICE:
        async with warm.read() as connection:
            (row,) = await rows_of(connection, FULL, of="a")
        assert tuple(row) == ({"ñ": [1, None]}, Colour.RED, MOMENT)


async def test_listeners_hear_of_every_statement(warm: Database, statements: list[str]) -> None:
    async with warm.transaction() as tx:
        await begin(tx)
        await inserted_id(tx.connection, INSERT, thing("a"))
        await add_rows(tx.connection, INSERT_MANY, [thing("b")])
    assert [sent.split()[0] for sent in statements][-3:] == ["SELECT", "INSERT", "INSERT"]
