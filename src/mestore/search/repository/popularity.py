"""Writing how often products were sold."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import add_rows
from mestore.search.models import SearchPopularity

_ALL = select(SearchPopularity.product_id, SearchPopularity.units)
_DROP = delete(SearchPopularity).where(SearchPopularity.product_id == bindparam("of_product"))
_ADD = insert(SearchPopularity).inline()


class PopularityRepository:
    """Units sold lately, by product."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def all(self) -> dict[UUID, int]:
        """Return all of them."""
        return {row[0]: row[1] for row in await self.connection.execute(_ALL)}

    async def replace(self, ids: Sequence[UUID], units: Mapping[UUID, int]) -> None:
        """Make the units of these products what is said; none where nothing is."""
        if ids:
            await self.connection.execute(_DROP, [{"of_product": each} for each in sorted(ids)])
        rows = [{"product_id": each, "units": units[each]} for each in sorted(ids) if each in units]
        if rows:
            await add_rows(self.connection, _ADD, rows)
