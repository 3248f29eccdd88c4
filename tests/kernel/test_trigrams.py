"""Parts of texts have an index where PostgreSQL's pg_trgm is there or may be made."""

import secrets
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import Database
from mestore.kernel.trigrams import has_trigrams


@pytest.fixture
async def bare(bare_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection to a database without tables, in a transaction."""
    database = Database(bare_url)
    async with database.writes.connect() as connection:
        yield connection
    await database.close()


async def test_only_postgresql_has_them(bare: AsyncConnection) -> None:
    assert await bare.run_sync(has_trigrams) is (bare.dialect.name == "postgresql")


async def test_products_have_the_index_where_they_can(database: Database) -> None:
    async with database.read() as connection:
        indexes = await connection.run_sync(lambda sync: inspect(sync).get_indexes("products"))
    names = {index["name"] for index in indexes}
    assert ("ix_products_search_text" in names) is (database.dialect == "postgresql")


async def test_who_may_not_make_them_does_without(bare: AsyncConnection) -> None:
    if bare.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL has extensions")
    nobody = f"sample_{secrets.token_hex(6)}"
    await bare.execute(text(f"CREATE ROLE {nobody}"))
    await bare.execute(text(f"SET LOCAL ROLE {nobody}"))
    assert await bare.run_sync(has_trigrams) is False
    # The transaction goes on, and takes the role back with it at its end.
    assert (await bare.execute(text("SELECT 1"))).scalar_one() == 1
