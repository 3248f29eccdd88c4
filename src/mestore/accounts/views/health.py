"""Whether the database answers."""

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncConnection

_NOTHING = select(true())


async def ask_for_nothing(connection: AsyncConnection) -> None:
    """Ask the database for nothing; raises what the database raises."""
    await connection.execute(_NOTHING)
