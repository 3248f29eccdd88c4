"""Writing people out: all users for operators, one person's data for that person; in batches."""

import csv
from collections.abc import AsyncIterator
from dataclasses import asdict, fields
from datetime import datetime
from io import StringIO
from uuid import UUID

import msgspec

from mestore.accounts.errors import UserNotFound
from mestore.accounts.service.directory import batches_of_users
from mestore.accounts.types import UserFilter, UserProfile
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.privacy.types import ExportFormat
from mestore.privacy.views import Record, find_person, lists_of

COLUMNS = tuple(field.name for field in fields(UserProfile))
# A spreadsheet runs what begins so as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


async def users_as(
    form: ExportFormat, database: Database, which: UserFilter
) -> AsyncIterator[bytes]:
    """Yield all users that fit, as CSV or as JSON like the list's `users`."""
    batches = batches_of_users(database, which)
    if form is ExportFormat.CSV:
        yield _csv_rows([list(COLUMNS)])
        async for users in batches:
            yield _csv_rows([_cells(user) for user in users])
    else:
        yield b'{"users":'
        async for chunk in _array(_as_records(batches)):
            yield chunk
        yield b"}"


async def person_as_json(database: Database, user_id: UUID) -> AsyncIterator[bytes]:
    """Return the pieces of all that is kept of a user; an unknown one is refused right away."""
    person = await find_person(database, user_id)
    if person is None:
        raise UserNotFound()
    return _person(database, user_id, person)


async def _person(database: Database, user_id: UUID, person: Record) -> AsyncIterator[bytes]:
    head = msgspec.json.encode({"exported_at": now(), **person})
    yield head[:-1]
    async for name, batches in lists_of(database, user_id):
        yield f',"{name}":'.encode()
        async for chunk in _array(batches):
            yield chunk
    yield b"}"


async def _as_records(batches: AsyncIterator[list[UserProfile]]) -> AsyncIterator[list[Record]]:
    async for users in batches:
        yield [asdict(user) for user in users]


async def _array(batches: AsyncIterator[list[Record]]) -> AsyncIterator[bytes]:
    """Yield one JSON array, batch by batch."""
    yield b"["
    is_first = True
    async for records in batches:
        if records:
            body = msgspec.json.encode(records)[1:-1]
            yield body if is_first else b"," + body
            is_first = False
    yield b"]"


def _csv_rows(rows: list[list[str]]) -> bytes:
    written = StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def _cells(user: UserProfile) -> list[str]:
    return [_cell(getattr(user, name)) for name in COLUMNS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
