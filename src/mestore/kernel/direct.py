"""Kept statements on the driver itself: SQLAlchemy writes their SQL, asyncpg runs it.

SQLAlchemy's own run of a small statement costs five times the driver's, and an order is fifteen of
them. Only statements that are used again, and whose values and rows need no more than a conversion
of each value, go this way; all others, and those of every other driver, go the ordinary one.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Insert, Select
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement, Executable

NO_TRANSACTION = "no_transaction"
"""The execution option of engines whose statements stand alone."""

_REQUIRED = object()
MOST_FORMS = 200
"""How many lengths of its lists a statement may come with."""

Values = Mapping[str, Any]
Rows = Sequence[Sequence[Any]]
Convert = Callable[[Any], Any]
Parameter = tuple[str, int | None, Any, Convert | None]
"""A name, the place in the list of that name, the value where none is given, the conversion."""


@dataclass(frozen=True, slots=True)
class Form:
    """A statement as the driver takes it: its SQL, and what values go through on both ways."""

    sql: str
    parameters: tuple["Parameter", ...]
    columns: tuple["Convert | None", ...] | None
    """How each column of an answer is converted; None where the driver's rows are right."""

    def arguments(self, values: Values) -> list[Any]:
        """Return the values in the order of the SQL; a missing one is a bug and a KeyError."""
        arguments = []
        for name, place, default, process in self.parameters:
            value = values[name] if default is _REQUIRED else values.get(name, default)
            if place is not None:
                value = value[place]
            arguments.append(value if process is None else process(value))
        return arguments

    def answer(self, rows: Rows) -> Rows:
        """Return the driver's rows with their values as SQLAlchemy gives them."""
        columns = self.columns
        if columns is None:
            return rows
        return [
            tuple(
                value if convert is None else convert(value)
                for value, convert in zip(row, columns, strict=True)
            )
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class Direct:
    """A statement on the driver's own connection, in the transaction that is open there, if any.

    Failures are raised, and dead connections given up, as SQLAlchemy does it.
    """

    connection: Connection
    driver: Any
    form: Form

    async def rows(self, values: Values) -> Rows:
        """Run it and return its rows."""
        fetch = self.driver.fetch(self.form.sql, *self.form.arguments(values))
        return self.form.answer(await self._run(fetch))

    async def count(self, values: Values) -> int:
        """Run it and return how many rows it changed."""
        status = await self._run(self.driver.execute(self.form.sql, *self.form.arguments(values)))
        return int(status.rpartition(" ")[2])

    async def many(self, rows: Iterable[Values]) -> None:
        """Run it once for each row, in one round trip."""
        arguments = [self.form.arguments(row) for row in rows]
        await self._run(self.driver.executemany(self.form.sql, arguments))

    async def _run(self, call: Awaitable[Any]) -> Any:  # noqa: ANN401  the driver has no types
        try:
            return await call
        except Exception as error:
            is_gone: bool = self.driver.is_closed()
            if is_gone:
                self.connection.invalidate(error)
            raise DBAPIError(self.form.sql, None, error, connection_invalidated=is_gone) from error
        except BaseException:
            # Who asked went away: half an answer may still be on its way.
            self.connection.invalidate()
            raise


_forms: WeakKeyDictionary[Executable, dict[object, Form | None]] = WeakKeyDictionary()


def is_open_to(engine: Engine) -> bool:
    """Say whether statements of `engine` may go straight to its driver."""
    # Whoever listens to statements is to hear of them all.
    return engine.dialect.driver == "asyncpg" and not engine.dispatch.before_cursor_execute


def form_of(statement: Executable, dialect: Dialect, values: Values) -> Form | None:
    """Return the form of a statement for values like these; None where it needs more."""
    forms, key = _forms.setdefault(statement, {}), _shape(statement, values)
    if key not in forms:
        if len(forms) >= MOST_FORMS:
            return None
        forms[key] = _compile(statement, dialect, values)
    return forms[key]


def direct_of(connection: AsyncConnection, statement: Executable, values: Values) -> Direct | None:
    """Return the short way of a statement; None where it must go the ordinary one.

    The first statement of a transaction goes the ordinary way, which begins it. So does a statement
    that is seen for the first time: most of those are made for one use.
    """
    sync = connection.sync_connection
    if sync is None or not is_open_to(sync.engine):
        return None
    if statement not in _forms:
        _forms[statement] = {}
        return None
    form = form_of(statement, sync.dialect, values)
    driver: Any = sync.connection.driver_connection
    is_begun = driver.is_in_transaction() or sync.get_execution_options().get(NO_TRANSACTION)
    return Direct(sync, driver, form) if form is not None and is_begun else None


def _shape(statement: Executable, values: Values) -> object:
    """Return what of the values decides the SQL: the names, and how long the lists of an IN are."""
    if isinstance(statement, Select):
        lists = (item for item in values.items() if isinstance(item[1], list | tuple))
        return tuple((name, len(value)) for name, value in lists)
    return tuple(values)


def _compile(statement: Executable, dialect: Dialect, values: Values) -> Form | None:
    # As SQLAlchemy does itself: in an INSERT or UPDATE, names of columns are what is set.
    compiled: Any = cast(ClauseElement, statement).compile(
        dialect=dialect, column_keys=list(values)
    )
    if compiled.literal_execute_params or compiled.insert_prefetch or compiled.update_prefetch:
        return None
    columns = _columns(statement, dialect)
    if not compiled.post_compile_params:
        names = [(name, None) for name in compiled.positiontup]
        return Form(str(compiled), _parameters(compiled, dialect, names), columns)
    if not isinstance(statement, Select):
        return None
    full = compiled.construct_expanded_state(values)
    places: dict[str, tuple[str, int | None]] = {
        part: (name, place)
        for name, parts in full.parameter_expansion.items()
        for place, part in enumerate(parts)
    }
    parts = [places.get(part, (part, None)) for part in full.positiontup]
    return Form(full.statement, _parameters(compiled, dialect, parts), columns)


def _parameters(
    compiled: Any,  # noqa: ANN401  what of a compiled statement is needed here has no types
    dialect: Dialect,
    names: Iterable[tuple[str, int | None]],
) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    for name, place in names:
        parameter = compiled.binds[name]
        default = _REQUIRED if parameter.required else parameter.value
        process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
        found.append((name, place, default, process))
    return tuple(found)


def _columns(statement: Executable, dialect: Dialect) -> tuple[Convert | None, ...] | None:
    columns: Iterable[Any] = ()
    if isinstance(statement, Select):
        columns = statement.selected_columns
    elif isinstance(statement, Insert):
        columns = statement.table.primary_key
    kinds = [column.type.dialect_impl(dialect) for column in columns]
    found = tuple(kind.result_processor(dialect, None) for kind in kinds)
    return found if any(found) else None
