"""Writing a row that may be there already."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import unless_taken


async def insert_once(
    connection: AsyncConnection, statement: Insert, row: Mapping[str, Any]
) -> bool:
    """Write a row; False where a unique key says that it is there."""
    async with unless_taken(connection):
        await connection.execute(statement, row)
        return True
    return False
