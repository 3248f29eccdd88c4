"""What kernel tests write and send: one table, one event, one task."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
    insert,
    select,
)

from mestore.kernel.columns import BigPk, Code, Json, Minor, UtcDateTime, enum_column
from mestore.kernel.db import Database, Tx
from mestore.kernel.messages import Event, Task


class Colour(StrEnum):
    """An enumeration whose names and values differ."""

    RED = "rojo"
    BLUE = "azul"


METADATA = MetaData()
COLOUR: Enum = enum_column(Colour)
THINGS = Table(
    "test_things",
    METADATA,
    Column("id", BigPk, primary_key=True),
    Column("word", Code(100), unique=True),
    Column("text", String(100)),
    Column("amount", Minor),
    Column("at", UtcDateTime),
    Column("json", Json),
    Column("colour", COLOUR),
    Column("uuid", Uuid),
    Column("small", Integer),
    Column("parent", ForeignKey("test_things.id")),
    CheckConstraint("amount >= 0", name="ck_test_things_amount"),
)


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """An event with two handlers."""

    word: str


@dataclass(frozen=True, slots=True)
class Count(Task):
    """A task with one handler."""

    number: int


async def add(tx: Tx, word: str, **values: Any) -> None:  # noqa: ANN401  values of any column
    """Write a thing."""
    await tx.connection.execute(insert(THINGS), {"word": word, **values})


async def words(database: Database) -> list[str]:
    """Return the words of all things, in alphabetical order."""
    async with database.read() as connection:
        return sorted(await connection.scalars(select(THINGS.c.word)))


async def eventually(is_so: Callable[[], Awaitable[bool]], *, within: float = 30) -> None:
    """Wait until something is so; raises TimeoutError."""
    async with asyncio.timeout(within):
        while not await is_so():  # noqa: ASYNC110  what is waited for is in a database
            await asyncio.sleep(0.01)
