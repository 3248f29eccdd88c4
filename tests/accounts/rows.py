"""What lies in the tables, and bodies that register people."""

from typing import Any

from sqlalchemy import Row, select

from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from mestore.kernel.messages import Message
from mestore.kernel.outbox import Job, Outbox

PASSWORD = "Sample-pass-1"


async def rows(database: Database, table: type[Base]) -> list[Row[Any]]:
    """Return every row of a table, by its primary key."""
    columns = table.__table__.columns
    keys = [column for column in columns if column.primary_key]
    async with database.read() as connection:
        found = await connection.execute(select(*columns).order_by(*keys))
        return list(found.all())


async def row(database: Database, table: type[Base]) -> Row[Any]:
    """Return the only row of a table."""
    (only,) = await rows(database, table)
    return only


def hear(database: Database, *messages: type[Message]) -> None:
    """Let the outbox keep these messages as jobs, and take any other without keeping it."""
    database.outbox = Outbox(_Others({message: ("test",) for message in messages}))


class _Others(dict[type[Message], tuple[str, ...]]):
    def __missing__(self, _: type[Message]) -> tuple[str, ...]:
        return ()


async def heard(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Return the messages that were kept, in order: name and payload.

    What was sent before `hear`, such as an entry of the audit log, is not among them.
    """
    kept = [job for job in await rows(database, Job) if job.handler == "test"]
    return [(job.message, job.payload) for job in kept]


def person(**changes: object) -> dict[str, Any]:
    """Return a body that registers a buyer."""
    return {
        "email": "ana@example.com",
        "password": PASSWORD,
        "first_name": "Ana",
        "last_name": "Ejemplo",
    } | changes
