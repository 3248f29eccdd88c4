"""Edits that wait for the operator."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.models import ProductChange
from mestore.catalog.types import ChangeState, WaitingChange
from mestore.kernel.columns import Json, UtcDateTime
from mestore.kernel.db import affected

_ALL = select(
    ProductChange.id,
    ProductChange.product_id,
    ProductChange.fields,
    ProductChange.state,
    ProductChange.reason,
    ProductChange.version,
)
_OF_PRODUCTS = _ALL.where(ProductChange.product_id.in_(bindparam("product_ids", expanding=True)))
_PENDING_WITH = _ALL.where(
    ProductChange.state == ChangeState.PENDING,
    cast(ProductChange.fields, Text).like(bindparam("part")),
)
_WRITE = (
    update(ProductChange)
    .where(ProductChange.id == bindparam("of_id"))
    .values(
        fields=bindparam("new_fields", type_=Json),
        state=ChangeState.PENDING,
        reason=None,
        submitted_at=bindparam("moment", type_=UtcDateTime),
        version=ProductChange.version + 1,
    )
)
_DROP_MANY = delete(ProductChange).where(
    ProductChange.product_id.in_(bindparam("product_ids", expanding=True))
)
_DROP = delete(ProductChange).where(ProductChange.product_id == bindparam("of_product"))


@dataclass(frozen=True, slots=True)
class ChangeRepository:
    """Waiting edits; whoever writes one holds its product."""

    connection: AsyncConnection

    async def find(self, product_id: UUID) -> WaitingChange | None:
        """Return what waits for a product."""
        return (await self.find_many([product_id])).get(product_id)

    async def find_many(self, product_ids: Collection[UUID]) -> dict[UUID, WaitingChange]:
        """Return what waits for products, by product."""
        rows = await self.connection.execute(_OF_PRODUCTS, {"product_ids": list(product_ids)})
        return {row.product_id: WaitingChange(*row) for row in rows}

    async def find_naming(self, category_id: UUID) -> dict[UUID, WaitingChange]:
        """Return the edits that would put products into a category, by product."""
        rows = await self.connection.execute(_PENDING_WITH, {"part": f"%{category_id}%"})
        found = {row.product_id: WaitingChange(*row) for row in rows}
        wanted = str(category_id)
        return {key: each for key, each in found.items() if each.fields.get("category") == wanted}

    async def add(self, wanted: Mapping[UUID, Mapping[str, Any]], moment: datetime) -> None:
        """Let edits of products wait, in one statement."""
        rows = [
            {
                "product_id": product_id,
                "fields": dict(fields),
                "state": ChangeState.PENDING,
                "version": 1,
                "submitted_at": moment,
            }
            for product_id, fields in wanted.items()
        ]
        if rows:
            await self.connection.execute(insert(ProductChange).inline(), rows)

    async def replace(self, wanted: Mapping[int, Mapping[str, Any]], moment: datetime) -> None:
        """Let other fields wait instead, by the id of what waits."""
        rows = [
            {"of_id": change_id, "new_fields": dict(fields), "moment": moment}
            for change_id, fields in sorted(wanted.items())
        ]
        if rows:
            await self.connection.execute(_WRITE, rows)

    async def drop_many(self, product_ids: Collection[UUID]) -> None:
        """Forget what waits for products."""
        if product_ids:
            await affected(self.connection, _DROP_MANY, product_ids=list(product_ids))

    async def reject(self, waiting: WaitingChange, reason: str) -> bool:
        """Mark what waits as rejected; False where it is another version by now."""
        statement = (
            update(ProductChange)
            .where(ProductChange.id == waiting.id, ProductChange.version == waiting.version)
            .values(state=ChangeState.REJECTED, reason=reason, version=waiting.version + 1)
        )
        return await affected(self.connection, statement) == 1

    async def drop(self, product_id: UUID) -> bool:
        """Forget what waits for a product; False where nothing does."""
        return await affected(self.connection, _DROP, of_product=product_id) == 1
