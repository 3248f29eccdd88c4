"""Writes the next migration from the difference between the tables and a fresh SQLite database.

Usage: .venv/bin/python tools/revise.py "add coupons"
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from mestore import migrations
from mestore.migrations.run import upgrade
from mestore.migrations.steps import config

VERSIONS = Path(migrations.__file__).parent / "versions"


def _revise(connection: Connection, message: str) -> None:
    number = len(list(VERSIONS.glob("[0-9]*.py"))) + 1
    command.revision(config(connection), message=message, autogenerate=True, rev_id=f"{number:04d}")


async def main(message: str) -> None:
    """Upgrade a throw-away database to the present head and compare."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_async_engine(f"sqlite+aiosqlite:///{Path(folder) / 'revise.db'}")
        await upgrade(engine)
        async with engine.connect() as connection:
            await connection.run_sync(_revise, message)
        await engine.dispose()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1]))
    for step in ("format", "check --fix", "format"):
        command_line = [sys.executable, "-m", "ruff", *step.split(), "--quiet", str(VERSIONS)]
        subprocess.run(command_line, check=True)  # noqa: S603  our own tool on our own file
