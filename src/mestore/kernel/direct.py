"""Kept statements on the driver itself: SQLAlchemy writes their SQL, asyncpg runs it.

SQLAlchemy's own run of a small statement costs five times the driver's, and an order is fifteen of
them. Only statements that are used again, and whose values and rows need no more than a conversion
of each value, go this way; all others, and those of every other driver, go the ordinary one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Insert, Select
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement, Executable

_REQUIRED = object()

Values = Mapping[str, Any]
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Form:
    """A statement as the driver takes it: its SQL, and what each argument goes through."""

    sql: str
    parameters: tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]

    def arguments(self, values: Values) -> list[Any]:
        """Return the values in the order of the SQL; a missing one is a bug and a KeyError."""
        arguments = []
        for name, default, process in self.parameters:
            value = values[name] if default is _REQUIRED else values.get(name, default)
            arguments.append(value if process is None else process(value))
        return arguments


@dataclass(frozen=True, slots=True)
class Direct:
    """A statement on the driver's own connection, inside the transaction that is open there.

    Failures are raised as SQLAlchemy raises them.
    """

    driver: Any
    form: Form

    async def rows(self, values: Values) -> Rows:
        """Run it and return its rows."""
        try:
            found: Rows = await self.driver.fetch(self.form.sql, *self.form.arguments(values))
        except Exception as error:
            raise self._told(error) from error
        return found

    async def count(self, values: Values) -> int:
        """Run it and return how many rows it changed."""
        try:
            status = await self.driver.execute(self.form.sql, *self.form.arguments(values))
        except Exception as error:
            raise self._told(error) from error
        return int(status.rpartition(" ")[2])

    async def many(self, rows: Iterable[Values]) -> None:
        """Run it once for each row, in one round trip."""
        arguments = [self.form.arguments(row) for row in rows]
        try:
            await self.driver.executemany(self.form.sql, arguments)
        except Exception as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> DBAPIError:
        gone = self.driver.is_closed()
        return DBAPIError(self.form.sql, None, error, connection_invalidated=gone)


_Key = tuple[str, ...]
_forms: WeakKeyDictionary[Executable, dict[_Key, Form | None]] = WeakKeyDictionary()


def is_open_to(engine: Engine) -> bool:
    """Say whether statements of `engine` may go straight to its driver."""
    # Whoever listens to statements is to hear of them all.
    return engine.dialect.driver == "asyncpg" and not engine.dispatch.before_cursor_execute


def form_of(statement: Executable, dialect: Dialect, names: Iterable[str]) -> Form | None:
    """Return the form of a statement for values of these names; None where it needs more."""
    forms, key = _forms.setdefault(statement, {}), tuple(names)
    if key not in forms:
        forms[key] = _compile(statement, dialect, key)
    return forms[key]


def direct_of(
    connection: AsyncConnection, statement: Executable, names: Iterable[str]
) -> Direct | None:
    """Return the short way of a statement in a transaction; None where it must go the ordinary one.

    The first statement of a transaction goes the ordinary way, which begins it. So does a statement
    that is seen for the first time: most of those are made for one use.
    """
    sync = connection.sync_connection
    if sync is None or not is_open_to(sync.engine):
        return None
    if statement not in _forms:
        _forms[statement] = {}
        return None
    form = form_of(statement, sync.dialect, names)
    driver: Any = sync.connection.driver_connection
    return Direct(driver, form) if form is not None and driver.is_in_transaction() else None


def _compile(statement: Executable, dialect: Dialect, names: _Key) -> Form | None:
    # As SQLAlchemy does itself: in an INSERT or UPDATE, names of columns are what is set.
    compiled: Any = cast(ClauseElement, statement).compile(dialect=dialect, column_keys=list(names))
    if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
        return None
    if any(kind.result_processor(dialect, None) for kind in _answer_types(statement, dialect)):
        return None
    parameters = [(name, compiled.binds[name]) for name in compiled.positiontup]
    return Form(
        str(compiled),
        tuple(
            (
                name,
                _REQUIRED if parameter.required else parameter.value,
                parameter.type.dialect_impl(dialect).bind_processor(dialect),
            )
            for name, parameter in parameters
        ),
    )


def _answer_types(statement: Executable, dialect: Dialect) -> list[Any]:
    columns: Iterable[Any] = ()
    if isinstance(statement, Select):
        columns = statement.selected_columns
    elif isinstance(statement, Insert):
        columns = statement.table.primary_key
    return [column.type.dialect_impl(dialect) for column in columns]
