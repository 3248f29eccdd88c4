"""Upgrades a database, once even where several processes start together."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

_LOCK = 7_305_118_002_140_201


def config(connection: Connection) -> Config:
    """Return Alembic's configuration over an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["connection"] = connection
    return settings


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
    command.upgrade(config(connection), "head")


def _upgrade_under_a_named_lock(connection: Connection) -> None:
    """MariaDB ends a transaction at each change of a table, so that the lock has to outlive it."""
    if not connection.scalar(text("SELECT GET_LOCK('mestore-migrations', 60)")):
        raise RuntimeError("another process has been migrating for a minute; try again later")
    try:
        command.upgrade(config(connection), "head")
    finally:
        connection.execute(text("SELECT RELEASE_LOCK('mestore-migrations')"))
