"""Upgrades a database, once even where several processes start together."""

import importlib
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

_VERSIONS = Path(__file__).parent / "versions"
_LOCK = 7_305_118_002_140_201


def newest() -> str:
    """Return the newest revision: their files begin with their numbers."""
    return max(path.name[:4] for path in _VERSIONS.glob("[0-9]*.py"))


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the database to the newest revision."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade_alone)


def _upgrade_alone(connection: Connection) -> None:
    """Hold a lock of the engine meanwhile; SQLite's own BEGIN IMMEDIATE is one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    elif connection.dialect.name in {"mysql", "mariadb"}:
        _upgrade_under_a_named_lock(connection)
        return
    _to_head(connection)


def _upgrade_under_a_named_lock(connection: Connection) -> None:
    """MariaDB ends a transaction at each change of a table, so that the lock has to outlive it."""
    if not connection.scalar(text("SELECT GET_LOCK('mestore-migrations', 60)")):
        raise RuntimeError("another process has been migrating for a minute; try again later")
    try:
        _to_head(connection)
    finally:
        connection.execute(text("SELECT RELEASE_LOCK('mestore-migrations')"))


def _to_head(connection: Connection) -> None:
    if _revisions(connection) != [newest()]:
        # Alembic takes 9 MB and a tenth of a second: only a database that is behind needs it.
        importlib.import_module("mestore.migrations.steps").to_head(connection)


def _revisions(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.scalars(text("SELECT version_num FROM alembic_version")))
