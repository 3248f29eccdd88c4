"""SQL that is written once for all tests, and not anew for the engines of each."""

from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mysql.asyncmy import MySQLDialect_asyncmy
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

from mestore.kernel.db import Database


class _Alike:
    """All engines of one kind have one server and one driver: they write the same SQL.

    SQLAlchemy keeps what it has compiled by the dialect, of which each engine makes its own.
    """

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class Asyncpg(_Alike, PGDialect_asyncpg):
    """PostgreSQL."""

    supports_statement_cache = True


class Asyncmy(_Alike, MySQLDialect_asyncmy):
    """MariaDB."""

    supports_statement_cache = True


class Aiosqlite(_Alike, SQLiteDialect_aiosqlite):
    """SQLite."""

    supports_statement_cache = True


_compiled: dict[Any, Any] = {}
for _name, _dialect in (
    ("postgresql.asyncpg", Asyncpg),
    ("mysql.asyncmy", Asyncmy),
    ("sqlite.aiosqlite", Aiosqlite),
):
    registry.register(_name, __name__, _dialect.__name__)


def share_compiled(database: Database) -> None:
    """Let the engines of a database use, and add to, what others have compiled."""
    for engine in {database.writes, database.reads, database.replica}:
        engine.update_execution_options(compiled_cache=_compiled)
