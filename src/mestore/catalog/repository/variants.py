"""Variants of a held product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    String,
    Uuid,
    bindparam,
    column,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.models import Variant
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import unless_taken

_LEVELS = table(
    "stock_levels",
    column("id", BigInteger),
    column("variant_id", Uuid),
    column("product_id", Uuid),
    column("on_hand", Integer),
    column("reserved", Integer),
)
_RESERVATIONS = table(
    "stock_reservations",
    column("level_id", BigInteger),
    column("backordered", Integer),
    column("state", String),
)
_CARTS = table("carts", column("id", Uuid), column("expires_at", DateTime))
_CART_ITEMS = table("cart_items", column("cart_id", Uuid), column("variant_id", Uuid))
_OF_PRODUCT = (
    select(Variant)
    .where(Variant.product_id == bindparam("product_id"), Variant.deleted_at.is_(None))
    .order_by(Variant.position, Variant.id)
)
# By primary key order, as every writer of levels takes them.
_STOCK = (
    select(_LEVELS.c.on_hand, _LEVELS.c.reserved)
    .where(_LEVELS.c.variant_id == bindparam("variant_id"))
    .order_by(_LEVELS.c.id)
    .with_for_update()
)
_AWAITED = (
    select(func.coalesce(func.sum(_RESERVATIONS.c.backordered), 0))
    .select_from(_RESERVATIONS.join(_LEVELS, _LEVELS.c.id == _RESERVATIONS.c.level_id))
    .where(_RESERVATIONS.c.backordered > 0, _RESERVATIONS.c.state != "RELEASED")
)
_WAITING = _AWAITED.where(_LEVELS.c.variant_id == bindparam("variant_id"))
_WAITING_FOR_PRODUCT = _AWAITED.where(_LEVELS.c.product_id == bindparam("product_id"))
_LIVE_LINES = (
    select(func.count())
    .select_from(_CART_ITEMS.join(_CARTS, _CARTS.c.id == _CART_ITEMS.c.cart_id))
    .where(
        _CART_ITEMS.c.variant_id == bindparam("variant_id"),
        _CARTS.c.expires_at > bindparam("moment", type_=UtcDateTime),
    )
)


@dataclass(frozen=True, slots=True)
class VariantRepository:
    """Variants that are not deleted; the caller holds their product."""

    connection: AsyncConnection

    async def all_of(self, product_id: UUID) -> list[dict[str, Any]]:
        """Return all columns of a product's variants, the default one first."""
        query = _OF_PRODUCT.with_only_columns(*Variant.__table__.columns)
        rows = await self.connection.execute(query, {"product_id": product_id})
        return [dict(row) for row in rows.mappings()]

    async def add(self, row: Mapping[str, Any]) -> bool:
        """Write a variant; False where its SKU is in use at the product."""
        return await self._unless_taken(insert(Variant).values(**row))

    async def change(self, variant_id: UUID, values: Mapping[str, Any]) -> bool:
        """Write values of a variant; False where its SKU is in use at the product."""
        return await self._unless_taken(
            update(Variant).where(Variant.id == variant_id).values(**values)
        )

    async def stock_of(self, variant_id: UUID) -> Sequence[tuple[int, int]]:
        """Return (on hand, reserved) of a variant's levels and hold them."""
        rows = await self.connection.execute(_STOCK, {"variant_id": variant_id})
        return [(on_hand, reserved) for on_hand, reserved in rows]

    async def count_waiting(self, variant_id: UUID) -> int:
        """Return how many units of a variant orders wait for."""
        return int(
            (await self.connection.execute(_WAITING, {"variant_id": variant_id})).scalar_one()
        )

    async def count_waiting_for(self, product_id: UUID) -> int:
        """Return how many units of a product orders wait for."""
        rows = await self.connection.execute(_WAITING_FOR_PRODUCT, {"product_id": product_id})
        return int(rows.scalar_one())

    async def count_cart_lines(self, variant_id: UUID, moment: datetime) -> int:
        """Return in how many carts that are not expired a variant lies."""
        values = {"variant_id": variant_id, "moment": moment}
        return int((await self.connection.execute(_LIVE_LINES, values)).scalar_one())

    async def _unless_taken(self, statement: Any) -> bool:  # noqa: ANN401  an insert or update
        async with unless_taken(self.connection):
            await self.connection.execute(statement)
            return True
        return False
