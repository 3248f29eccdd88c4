import pytest
from sqlalchemy import insert

from mestore.audit.models import AuditHead
from mestore.audit.types import GENESIS
from mestore.kernel.db import Database


@pytest.fixture
async def database(database: Database) -> Database:
    """The database of this test with the head of an empty chain, as migrations leave it."""
    async with database.transaction() as tx:
        row = {"id": 1, "sequence": 0, "hash": GENESIS}
        await tx.connection.execute(insert(AuditHead), row)
    return database
