"""The benchmark's PostgreSQL: a server that answers, and databases that are dropped at the end."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import URL

from tests.engines import postgres_server

# asyncpg has no types of its own.
Connection = Any


# The same as the program's own connections have.
_SETTINGS = {"timezone": "UTC", "jit": "off", "max_parallel_workers_per_gather": "0"}


async def connect(address: str) -> Connection:
    """Open a connection set up as the program's own are."""
    return await asyncpg.connect(address, server_settings=_SETTINGS)


async def pool(address: str, size: int) -> Any:  # noqa: ANN401  asyncpg has no types
    """Open a pool of such connections."""
    return await asyncpg.create_pool(
        address, min_size=size, max_size=size, server_settings=_SETTINGS
    )


def plain(url: URL) -> str:
    """Return the address as asyncpg and PostgreSQL's own programs take it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def server() -> Iterator[URL]:
    """Lend a running PostgreSQL, or start the one of the wheel."""
    with postgres_server(f"bench-{secrets.token_hex(4)}") as url:
        yield url


@contextmanager
def database(on: URL) -> Iterator[URL]:
    """Make an empty database, and drop it at the end."""
    name = f"mestore_bench_{secrets.token_hex(6)}"
    asyncio.run(_execute(on, f"CREATE DATABASE {name} TEMPLATE template0"))
    try:
        yield on.set(database=name)
    finally:
        asyncio.run(_execute(on, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(on: URL, statement: str) -> None:
    connection = await connect(plain(on))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
