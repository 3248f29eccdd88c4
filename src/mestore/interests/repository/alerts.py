"""Price alerts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Uuid,
    bindparam,
    column,
    delete,
    func,
    insert,
    select,
    table,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.interests.models import PriceAlert
from mestore.interests.types import HeldAlert
from mestore.kernel.columns import Minor, UtcDateTime
from mestore.kernel.db import affected, inserted_id, unless_taken

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("price_minor", BigInteger),
    column("is_public", Boolean),
)
_VARIANTS = table(
    "product_variants",
    column("id", Uuid),
    column("price_minor", BigInteger),
    column("deleted_at", UtcDateTime),
)
_OF_USER = PriceAlert.user_id == bindparam("of_user")
_COUNT = select(func.count()).select_from(PriceAlert).where(_OF_USER)
# Most edits change no price, and then this finds nothing.
_MOVED = (
    select(PriceAlert.id)
    .join(_VARIANTS, _VARIANTS.c.id == PriceAlert.variant_id)
    .join(_PRODUCTS, _PRODUCTS.c.id == PriceAlert.product_id)
    .where(
        PriceAlert.product_id.in_(bindparam("products", expanding=True)),
        PriceAlert.id > bindparam("after", type_=BigInteger),
        PriceAlert.seen_minor != func.coalesce(_VARIANTS.c.price_minor, _PRODUCTS.c.price_minor),
        _PRODUCTS.c.is_public == true(),
        _VARIANTS.c.deleted_at.is_(None),
    )
    .order_by(PriceAlert.id)
    .limit(bindparam("most"))
)
_LOCK = (
    select(
        PriceAlert.id,
        PriceAlert.user_id,
        PriceAlert.product_id,
        PriceAlert.variant_id,
        PriceAlert.target_minor,
        PriceAlert.seen_minor,
    )
    .where(PriceAlert.id.in_(bindparam("ids", expanding=True)))
    .order_by(PriceAlert.id)
    .with_for_update()
)
_SEE = (
    update(PriceAlert)
    .where(PriceAlert.id == bindparam("of_alert"))
    .values(seen_minor=bindparam("price", type_=Minor))
)
_TOLD = (
    update(PriceAlert)
    .where(PriceAlert.id.in_(bindparam("ids", expanding=True)))
    .values(told_at=bindparam("moment", type_=UtcDateTime))
)
_OF_VENDOR = (
    select(PriceAlert.product_id)
    .distinct()
    .join(_PRODUCTS, _PRODUCTS.c.id == PriceAlert.product_id)
    .where(
        _PRODUCTS.c.vendor_id == bindparam("of_vendor", type_=Uuid),
        PriceAlert.product_id > bindparam("after", type_=Uuid),
    )
    .order_by(PriceAlert.product_id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class AlertRepository:
    """Prices that users watch."""

    connection: AsyncConnection

    async def count(self, user_id: UUID) -> int:
        """Return how many a user has."""
        return int((await self.connection.execute(_COUNT, {"of_user": user_id})).scalar_one())

    async def add(self, row: Mapping[str, Any]) -> int | None:
        """Write one and return its id; None where its user watches that price already."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, insert(PriceAlert), row)
        return None

    async def remove(self, user_id: UUID, alert_id: int) -> bool:
        """Delete one of a user's."""
        one = delete(PriceAlert).where(_OF_USER, PriceAlert.id == bindparam("of_alert"))
        return await affected(self.connection, one, of_user=user_id, of_alert=alert_id) == 1

    async def forget(self, user_id: UUID) -> None:
        """Delete all of a user's."""
        await affected(self.connection, delete(PriceAlert).where(_OF_USER), of_user=user_id)

    async def lock_moved(
        self, product_ids: Collection[UUID], after_id: int, most: int
    ) -> tuple[list[HeldAlert], int | None]:
        """Hold the next alerts whose price is not the one they know of.

        With them comes the last id looked at where there may be more.
        """
        values = {"products": list(product_ids), "after": after_id, "most": most}
        ids = list((await self.connection.execute(_MOVED, values)).scalars())
        if not ids:
            return [], None
        rows = await self.connection.execute(_LOCK, {"ids": ids})
        return [HeldAlert(*row) for row in rows], ids[-1] if len(ids) == most else None

    async def see(self, prices: Mapping[int, int]) -> None:
        """Let held alerts know of prices."""
        if prices:
            rows = [{"of_alert": key, "price": price} for key, price in prices.items()]
            await self.connection.execute(_SEE, rows)

    async def mark_told(self, alert_ids: Sequence[int], moment: datetime) -> None:
        """Note that these alerts are told."""
        await affected(self.connection, _TOLD, ids=list(alert_ids), moment=moment)

    async def products_of(self, vendor_id: UUID, after_id: UUID, most: int) -> list[UUID]:
        """Return the next products of a vendor whose price somebody watches."""
        values = {"of_vendor": vendor_id, "after": after_id, "most": most}
        return list((await self.connection.execute(_OF_VENDOR, values)).scalars())
