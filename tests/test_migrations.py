"""Migrations lead to the same schema as the models, on every engine, and back to nothing."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, inspect

from mestore import migrations
from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from mestore.migrations.run import newest, upgrade
from mestore.migrations.steps import config
from mestore.migrations.tables import load_all

VERSIONS = "alembic_version"


@pytest.fixture
async def bare(bare_url: str) -> Any:  # noqa: ANN401  an async generator
    """A database without tables."""
    database = Database(bare_url)
    yield database
    await database.close()


async def run(database: Database, work: Callable[[Connection], Any]) -> Any:  # noqa: ANN401
    """Do something with a synchronous connection, in a transaction."""
    async with database.writes.begin() as connection:
        return await connection.run_sync(work)


def schema(connection: Connection) -> dict[str, Any]:
    """Return all that the engine says of its tables, in no particular order."""
    inspector = inspect(connection)
    return {
        table: shape(inspector, table) for table in inspector.get_table_names() if table != VERSIONS
    }


def shape(inspector: Inspector, table: str) -> dict[str, Any]:
    """Return columns, keys, indexes and checks of one table."""
    columns = {
        column["name"]: {
            "type": repr(column["type"]),
            "nullable": column["nullable"],
            "default": column["default"],
            "autoincrement": column.get("autoincrement"),
        }
        for column in inspector.get_columns(table)
    }
    parts: dict[str, list[Any]] = {
        "primary key": [inspector.get_pk_constraint(table)],
        "foreign keys": [*inspector.get_foreign_keys(table)],
        "unique": [*inspector.get_unique_constraints(table)],
        "indexes": [*inspector.get_indexes(table)],
        "checks": [*inspector.get_check_constraints(table)],
    }
    return {"columns": columns} | {name: sorted(map(repr, found)) for name, found in parts.items()}


async def test_an_upgrade_makes_the_schema_of_the_models(bare: Database) -> None:
    load_all()
    await run(bare, Base.metadata.create_all)
    expected = await run(bare, schema)
    await run(bare, Base.metadata.drop_all)
    assert await run(bare, schema) == {}

    await upgrade(bare.writes)
    migrated = await run(bare, schema)
    assert migrated.keys() == expected.keys() == Base.metadata.tables.keys()
    for table, found in migrated.items():
        assert found == expected[table], table


def test_the_newest_revision_is_known_without_alembic() -> None:
    assert [newest()] == ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads()


async def test_no_revision_is_missing(bare: Database) -> None:
    await upgrade(bare.writes)
    await run(bare, lambda connection: command.check(config(connection)))


async def test_a_second_upgrade_changes_nothing(bare: Database) -> None:
    await upgrade(bare.writes)
    before = await run(bare, schema)
    await upgrade(bare.writes)
    assert await run(bare, schema) == before


async def test_a_downgrade_leaves_nothing_and_can_be_undone(bare: Database) -> None:
    await upgrade(bare.writes)
    before = await run(bare, schema)
    await run(bare, lambda connection: command.downgrade(config(connection), "base"))
    assert await run(bare, schema) == {}
    await upgrade(bare.writes)
    assert await run(bare, schema) == before


PROCESS = """
import asyncio, sys
from mestore.kernel.db import Database
from mestore.migrations.run import upgrade


async def main():
    database = Database(sys.argv[1])
    await upgrade(database.writes)
    await database.close()


asyncio.run(main())
"""


@pytest.mark.slow
async def test_processes_that_start_together_migrate_once(bare: Database, bare_url: str) -> None:
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, bare_url, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    async with asyncio.timeout(180):
        errors = [(await process.communicate())[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], errors
    migrated = await run(bare, schema)
    await upgrade(bare.writes)
    assert await run(bare, schema) == migrated


async def test_an_upgrade_gives_its_lock_back(bare: Database, bare_url: str) -> None:
    await upgrade(bare.writes)
    other = Database(bare_url)
    # The first connection is still open in its pool.
    async with asyncio.timeout(30):
        await upgrade(other.writes)
    await other.close()
