"""Columns mean the same on every engine: what goes in comes out."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Integer, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError, StatementError

from mestore.kernel.clock import BOGOTA, Clock, now, today_in_bogota
from mestore.kernel.columns import BigPk, Code, Minor, UtcDateTime
from mestore.kernel.db import Database
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.money import MAXIMUM_MINOR
from tests.conftest import MovedClock
from tests.kernel.things import THINGS, Colour, add, words


async def stored(database: Database, column: str, value: object) -> Any:  # noqa: ANN401
    """Write one value into a column and return what is read back."""
    async with database.transaction() as tx:
        await tx.connection.execute(insert(THINGS), {column: value})
    async with database.read() as connection:
        return (await connection.execute(select(THINGS.c[column]))).scalar_one()


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 20, 5, 6, 7, 123456, tzinfo=UTC),
        datetime(2026, 11, 20, 5, 6, 7, 999999, tzinfo=BOGOTA),
        datetime(2026, 11, 20, 23, 59, 59, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(2026, 11, 20, 5, 6, 7, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 500000, tzinfo=UTC),
    ],
    ids=str,
)
async def test_a_time_comes_back_as_the_same_instant_in_utc(
    things: Database, moment: datetime
) -> None:
    found = await stored(things, "at", moment)
    assert found == moment
    assert (found.utcoffset(), found.microsecond) == (timedelta(0), moment.microsecond)


async def test_a_time_without_a_zone_is_refused(things: Database) -> None:
    with pytest.raises(StatementError, match="a stored time needs a time zone"):
        await stored(things, "at", datetime(2026, 11, 20, 5, 6))  # noqa: DTZ001


async def test_times_compare_by_instant_to_the_microsecond(things: Database) -> None:
    moment = datetime(2026, 11, 20, 23, 30, 0, 250_000, tzinfo=BOGOTA)
    await stored(things, "at", moment)
    async with things.read() as connection:
        for other, expected in [
            (moment.astimezone(UTC), (True, False)),
            (moment + timedelta(microseconds=1), (False, True)),
            (moment - timedelta(microseconds=1), (False, False)),
        ]:
            query = select(THINGS.c.at == other, THINGS.c.at < other)
            assert tuple(map(bool, (await connection.execute(query)).one())) == expected


async def test_no_time_is_none(things: Database) -> None:
    assert await stored(things, "at", None) is None


async def test_codes_differ_by_case_accent_and_trailing_space(things: Database) -> None:
    different = ["sku-1", "SKU-1", "Sku-1", "árbol", "arbol", "ÁRBOL", "a", "a ", "ß", "ss"]
    async with things.transaction() as tx:
        for word in different:
            await add(tx, word)
    async with things.read() as connection:
        for word in different:
            found = await connection.scalars(select(THINGS.c.word).where(THINGS.c.word == word))
            assert list(found) == [word]
        none = await connection.scalars(select(THINGS.c.word).where(THINGS.c.word == "Arbol"))
        assert list(none) == []
    assert await words(things) == sorted(different)


async def test_text_keeps_every_character_that_people_write(things: Database) -> None:
    text = "Piñata añejo — ¿Cuánto? 100 % «Bogotá» 🪅 中文 \u200d\U0001f468 '\"\\%_"
    assert await stored(things, "text", text) == text


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"a": [1, 2.5, True, None, "ñ 🪅", {"deep": []}]},
        [{"id": 1}, {"id": 2}],
        "text",
        0,
        False,
        {"large": 2**53, "small": -0.1, "zero": 0.0},
    ],
    ids=repr,
)
async def test_a_json_document_comes_back_as_it_was(things: Database, document: object) -> None:
    assert await stored(things, "json", document) == document


async def test_a_json_none_is_null_in_the_table(things: Database) -> None:
    assert await stored(things, "json", None) is None
    async with things.read() as connection:
        empty = select(func.count()).select_from(THINGS).where(THINGS.c.json.is_(None))
        assert (await connection.execute(empty)).scalar_one() == 1


@pytest.mark.parametrize("amount", [0, 1, 2_147_483_648, MAXIMUM_MINOR, 2**63 - 1])
async def test_amounts_are_exact_far_beyond_32_bits(things: Database, amount: int) -> None:
    assert await stored(things, "amount", amount) == amount


async def test_amounts_are_added_and_multiplied_exactly_in_the_database(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "one", amount=MAXIMUM_MINOR)
        await add(tx, "two", amount=1)
        double = update(THINGS).where(THINGS.c.word == "one")
        await tx.connection.execute(double.values(amount=THINGS.c.amount * 2 + 1))
    async with things.read() as connection:
        total = (await connection.execute(select(func.sum(THINGS.c.amount)))).scalar_one()
    assert int(total) == 2 * MAXIMUM_MINOR + 2


async def test_an_enumeration_stores_its_values(things: Database) -> None:
    assert await stored(things, "colour", Colour.BLUE) is Colour.BLUE
    async with things.read() as connection:
        raw = await connection.exec_driver_sql("SELECT colour FROM test_things")
        assert raw.scalar_one() == "azul"


async def test_an_enumeration_refuses_other_words(things: Database) -> None:
    with pytest.raises(SQLAlchemyError):
        await stored(things, "colour", "verde")


async def test_a_uuid_comes_back_as_a_uuid(things: Database) -> None:
    value = UUID("01941f29-7c00-7aaa-8000-00000000ffff")
    found = await stored(things, "uuid", value)
    assert isinstance(found, UUID)
    assert found == value


async def test_keys_grow_and_are_64_bits_wide_on_servers(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "first", id=2**40)
        await add(tx, "second")
    async with things.read() as connection:
        found = list(await connection.scalars(select(THINGS.c.id).order_by(THINGS.c.word)))
    # PostgreSQL's sequence does not see a key that was given.
    assert found == [2**40, 1 if things.dialect == "postgresql" else 2**40 + 1]


async def test_a_nul_is_refused_by_postgresql_so_that_inputs_must_refuse_it(
    things: Database,
) -> None:
    if things.dialect != "postgresql":
        pytest.skip("the other engines store it")
    with pytest.raises(SQLAlchemyError) as caught:
        await stored(things, "text", "a\0b")
    assert fault_of(caught.value) is Fault.OTHER


def test_types_say_what_they_are_in_python() -> None:
    kinds = (BigPk(), Minor(), UtcDateTime(), Code(10), BigInteger(), Integer())
    assert [kind.python_type for kind in kinds] == [int, int, datetime, str, int, int]


def test_now_is_aware_and_in_utc() -> None:
    assert now().tzinfo is UTC
    assert abs(now() - datetime.now(UTC)) < timedelta(seconds=10)  # noqa: DTZ005


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 1, 1, 4, 59, 59, tzinfo=UTC), date(2025, 12, 31)),
        (datetime(2026, 1, 1, 5, 0, 0, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 7, 1, 23, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
    ],
)
def test_the_day_in_bogota_starts_at_five_utc(
    clock: MovedClock, instant: datetime, day: date
) -> None:
    clock.advance(instant - now())
    # The clock goes on: a second before a boundary is too near to be exact.
    Clock.offset += timedelta(milliseconds=1) if instant.second == 0 else -timedelta(seconds=30)
    assert today_in_bogota() == day


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_is_bound_in_utc(moment: datetime) -> None:
    class Dialect:
        name = "sqlite"

    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        return
    bound = UtcDateTime().process_bind_param(moment, Dialect())  # type: ignore[arg-type]
    assert bound == expected.replace(tzinfo=None)
    assert UtcDateTime().process_result_value(bound, Dialect()) == expected  # type: ignore[arg-type]
