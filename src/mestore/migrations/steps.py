"""Alembic over an open connection. Imported only where a database is behind: see `run.py`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def config(connection: Connection) -> Config:
    """Return Alembic's configuration over an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["connection"] = connection
    return settings


def to_head(connection: Connection) -> None:
    """Bring the database to the newest revision."""
    command.upgrade(config(connection), "head")
