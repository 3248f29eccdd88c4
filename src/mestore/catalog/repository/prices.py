"""The prices that products had."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.models import ProductPrice
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import affected

_IN = ProductPrice.product_id.in_(bindparam("product_ids", expanding=True))
_OPEN = select(ProductPrice.product_id).where(_IN, ProductPrice.until.is_(None))
_END = (
    update(ProductPrice)
    .where(_IN, ProductPrice.until.is_(None))
    .values(until=bindparam("moment", type_=UtcDateTime))
)
_SINCE = bindparam("from_moment", type_=UtcDateTime)
_HIGHEST = (
    select(ProductPrice.product_id, func.max(ProductPrice.price_minor))
    .where(_IN, or_(ProductPrice.until.is_(None), ProductPrice.until >= _SINCE))
    .group_by(ProductPrice.product_id)
)


@dataclass(frozen=True, slots=True)
class PriceRepository:
    """Prices of any number of products, each call in a constant number of statements."""

    connection: AsyncConnection

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write prices, in one statement."""
        await self.connection.execute(insert(ProductPrice).inline(), list(rows))

    async def end(self, product_ids: Collection[UUID], moment: datetime) -> set[UUID]:
        """End the present prices of products; return those that had one."""
        values = {"product_ids": list(product_ids)}
        known = set((await self.connection.execute(_OPEN, values)).scalars())
        if known:
            await affected(self.connection, _END, **values, moment=moment)
        return known

    async def highest(self, product_ids: Collection[UUID], since: datetime) -> dict[UUID, int]:
        """Return the highest price that each product had at or after a moment."""
        values = {"product_ids": list(product_ids), "from_moment": since}
        rows = await self.connection.execute(_HIGHEST, values)
        return {product_id: int(minor) for product_id, minor in rows}
