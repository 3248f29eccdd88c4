"""The database: one place that commits, a lane for writes and a lane for reads."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Insert, Select, event, insert
from sqlalchemy.engine import URL, CursorResult, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

from mestore.kernel.clock import now
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.direct import NO_TRANSACTION, direct_of, form_of, is_open_to
from mestore.kernel.lane import Lane, Plan
from mestore.kernel.messages import Event, Message, Task
from mestore.kernel.outbox import Job, Outbox

log = structlog.get_logger(__name__)

Policy = TypeVar("Policy")
Kept = TypeVar("Kept", bound="KeptReads")
_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)
_INSERT_JOBS: Insert = insert(Job).inline()

CONNECT_SECONDS = 10
POOL_WAIT_SECONDS = 30
SQLITE_BUSY_MILLISECONDS = 30_000


class InsideTransaction(RuntimeError):
    """A bug: something slow or outside was attempted while rows are held."""


def in_transaction() -> bool:
    """Say whether this task is inside a transaction, where no network call may be made."""
    return _in_transaction.get()


def _chosen(policies: Mapping[type, object], kind: type[Policy]) -> Policy:
    found = policies.get(kind)
    return found if isinstance(found, kind) else kind()


@dataclass(slots=True)
class Tx:
    """One unit of work: a connection, and the messages that leave only if it commits."""

    connection: AsyncConnection
    outbox: Outbox
    policies: Mapping[type, object]
    jobs: list[dict[str, Any]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)

    def publish(self, fact: Event) -> None:
        """Tell the other rooms what happened."""
        self._send(fact)

    def enqueue(
        self, task: Task, *, run_at: datetime | None = None, key: str | None = None
    ) -> None:
        """Ask a worker to do more of our own work; the same `key` twice is a conflict."""
        self._send(task, run_at=run_at, key=key)

    def touch(self, *tags: str) -> None:
        """Say which cached reads are out of date once this commits."""
        self.touched.update(tags)

    def policy(self, kind: type[Policy]) -> Policy:
        """Return the operator's choices of this kind, or its defaults where none were made."""
        return _chosen(self.policies, kind)

    def _send(
        self, message: Message, *, run_at: datetime | None = None, key: str | None = None
    ) -> None:
        self.jobs.extend(self.outbox.rows(message, run_at=run_at, key=key))


async def affected(connection: AsyncConnection, statement: Executable, **values: object) -> int:
    """Run an UPDATE or DELETE and return how many rows met its condition."""
    if direct := direct_of(connection, statement, values):
        return await direct.count(values)
    result: CursorResult[Any] = await connection.execute(statement, values or None)
    return result.rowcount


async def inserted_id(
    connection: AsyncConnection, statement: Insert, values: Mapping[str, Any]
) -> int:
    """Run an INSERT of one row and return the integer key that the database gave it."""
    if direct := direct_of(connection, statement, values):
        ((given,),) = await direct.rows(values)
        return int(given)
    result: CursorResult[Any] = await connection.execute(statement, values)
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("the database gave no key")
    return int(key[0])


async def add_rows(
    connection: AsyncConnection, statement: Insert, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run an `inline()` INSERT for rows of the same columns; at least one."""
    if direct := direct_of(connection, statement, rows[0]):
        await direct.many(rows)
    else:
        await connection.execute(statement, rows)


@asynccontextmanager
async def unless_taken(connection: AsyncConnection) -> AsyncIterator[None]:
    """Undo this block, and go on after it, where one of its unique keys is taken already."""
    try:
        async with connection.begin_nested():
            yield
    except DBAPIError as error:
        if fault_of(error) is not Fault.UNIQUE:
            raise


async def rows_of(
    connection: AsyncConnection, statement: Select[*tuple[Any, ...]], **values: object
) -> Sequence[Sequence[Any]]:
    """Run a SELECT and return its rows, to be read by position."""
    if direct := direct_of(connection, statement, values):
        return await direct.rows(values)
    found: Sequence[Sequence[Any]] = (await connection.execute(statement, values)).all()
    return found


class KeptReads(Protocol):
    """What a room keeps in process of a database, until a commit touches it."""

    def __init__(self, database: "Database") -> None: ...

    def touch(self, tags: Iterable[str]) -> None:
        """Let go of what a commit changed."""


class Database:
    """The engines, and the only place in the program that begins and commits transactions."""

    def __init__(
        self,
        url: str,
        *,
        outbox: Outbox | None = None,
        policies: Mapping[type, object] | None = None,
        replica_url: str | None = None,
        pool_size: int = 10,
    ) -> None:
        self.outbox = outbox or Outbox({})
        self.policies = policies or {}
        self.bell = asyncio.Event()
        self.touch_listeners: list[Callable[[Iterable[str]], None]] = []
        self.work_listeners: list[Callable[[], None]] = [self.bell.set]
        self._kept: dict[type, KeptReads] = {}
        parsed = make_url(url)
        self.dialect = parsed.get_backend_name()
        self.writes = _write_engine(parsed, pool_size)
        self.reads = _read_engine(parsed, pool_size)
        self.replica = _read_engine(make_url(replica_url), pool_size) if replica_url else self.reads
        # Half of a pool: the other half is for reads that take longer.
        self._lane = Lane(self.replica, max(1, pool_size // 2))
        self._committed = Lane(self.reads, max(1, pool_size // 2)) if replica_url else self._lane

    def policy(self, kind: type[Policy]) -> Policy:
        """Return the operator's choices of this kind, or its defaults where none were made."""
        return _chosen(self.policies, kind)

    def kept(self, kind: type[Kept]) -> Kept:
        """Return what a room keeps of this database, made when it is first asked for."""
        found = self._kept.get(kind)
        if not isinstance(found, kind):
            found = self._kept[kind] = kind(self)
            self.touch_listeners.append(found.touch)
        return found

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Commit on success, roll back on error. The only commit in the code base."""
        if _in_transaction.get():
            raise InsideTransaction("a transaction was begun inside another")
        token = _in_transaction.set(True)
        try:
            async with self.writes.begin() as connection:
                tx = Tx(connection, self.outbox, self.policies)
                yield tx
                if tx.jobs:
                    await add_rows(connection, _INSERT_JOBS, tx.jobs)
        finally:
            _in_transaction.reset(token)
        if tx.touched:
            for listener in self.touch_listeners:
                listener(tx.touched)
        if any(job["run_at"] <= now() for job in tx.jobs):
            for ring in self.work_listeners:
                ring()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection of the read lane: every statement sees what is committed by then."""
        async with self._lend(self.reads) as connection:
            yield connection

    @asynccontextmanager
    async def _lend(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with engine.connect() as connection:
            try:
                yield connection
            except DBAPIError:
                # After a value that it cannot send, asyncpg leaves the statement and its locks.
                await connection.invalidate()
                raise

    async def rows(
        self,
        statement: Select[*tuple[Any, ...]],
        values: Mapping[str, Any],
        *,
        committed: bool = False,
        plan: Plan = Plan.AS_IT_LIKES,
    ) -> Sequence[Sequence[Any]]:
        """Run one SELECT outside of transactions, the shortest way there is, and return its rows.

        Public reads go to the replica where there is one; others ask for what is `committed`. A
        `plan` is for statements whose best one is known to be the same for all values, or not.

        For hot reads whose statement is kept and used again. On asyncpg SQLAlchemy only writes the
        SQL and lends the connection: its own run of a small SELECT costs five times the driver's.
        """
        lent_from = self.reads if committed else self.replica
        engine = lent_from.sync_engine
        form = form_of(statement, engine.dialect, values) if is_open_to(engine) else None
        if form is not None:
            try:
                lane = self._committed if committed else self._lane
                return await lane.fetch(form, values, plan)
            except Exception as error:
                # The ordinary way tells failures apart, and may well find a better connection.
                log.info("direct_read_failed", error=type(error).__name__)
        async with self._lend(lent_from) as connection:
            found: Sequence[Sequence[Any]] = (
                await connection.execute(statement, dict(values))
            ).all()
        return found

    async def close(self) -> None:
        """Give all connections back."""
        self._lane.close()
        self._committed.close()
        await self.writes.dispose()
        await self.reads.dispose()
        await self.replica.dispose()


def _write_engine(url: URL, pool_size: int) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        # SQLite takes one writer at a time: callers queue here, in order, not in its retries.
        engine = create_async_engine(
            url, pool_size=1, max_overflow=0, pool_timeout=POOL_WAIT_SECONDS
        )
        _prepare_sqlite(engine)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        return engine
    return create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        connect_args=_connect_arguments(url),
    )


def _read_engine(url: URL, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_reset_on_return=None,
        execution_options={NO_TRANSACTION: True},
        connect_args=_connect_arguments(url),
    )
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _connect_arguments(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "postgresql":
        # Statements are short and many: what compiling or helpers save one, they cost the others.
        plain = {"jit": "off", "max_parallel_workers_per_gather": "0"}
        return {"server_settings": {"timezone": "UTC", **plain}, "timeout": CONNECT_SECONDS}
    if url.get_backend_name() in {"mysql", "mariadb"}:
        return {"init_command": "SET time_zone = '+00:00'", "connect_timeout": CONNECT_SECONDS}
    return {}


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"busy_timeout={SQLITE_BUSY_MILLISECONDS}",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _begin_immediate(connection: Any) -> None:  # noqa: ANN401  the event's own untyped argument
    connection.exec_driver_sql("BEGIN IMMEDIATE")
