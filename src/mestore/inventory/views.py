"""What the inventory shows: a product's levels to who owns it, and the doctor's findings."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
    DateTime,
    Integer,
    String,
    Uuid,
    bindparam,
    column,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.inventory.models import Reservation, StockLevel, StockLocation, StockMovement
from mestore.inventory.types import MAIN_LOCATION, ReservationState

MOST_FINDINGS = 1000

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("low_stock_threshold", Integer),
    column("deleted_at", DateTime),
)
_VENDORS = table("vendors", column("id", Uuid), column("user_id", Uuid))
_VARIANTS = table(
    "product_variants",
    column("id", Uuid),
    column("product_id", Uuid),
    column("sku", String),
    column("position", Integer),
    column("is_default", Boolean),
)

_PRODUCT = (
    select(_VENDORS.c.user_id, _PRODUCTS.c.low_stock_threshold)
    .join_from(_PRODUCTS, _VENDORS, _VENDORS.c.id == _PRODUCTS.c.vendor_id)
    .where(_PRODUCTS.c.id == bindparam("product_id"), _PRODUCTS.c.deleted_at.is_(None))
)
_LEVELS = (
    select(
        _VARIANTS.c.id,
        _VARIANTS.c.sku,
        StockLocation.name,
        StockLevel.on_hand,
        StockLevel.reserved,
    )
    .select_from(_VARIANTS)
    .outerjoin(StockLevel, StockLevel.variant_id == _VARIANTS.c.id)
    .outerjoin(StockLocation, StockLocation.id == StockLevel.location_id)
    .where(_VARIANTS.c.product_id == bindparam("product_id"))
    .order_by(_VARIANTS.c.position, _VARIANTS.c.id, StockLevel.id)
)


class LevelView(msgspec.Struct, frozen=True):
    """A variant's units at one location."""

    variant_id: UUID
    sku: str
    location: str
    on_hand: int
    reserved: int
    available: int


class InventoryView(msgspec.Struct, frozen=True):
    """A product's levels; a variant that never had stock is shown as empty at the main place."""

    product_id: UUID
    levels: list[LevelView]
    low_stock_threshold: int


@dataclass(frozen=True, slots=True)
class StockedProduct:
    """Who owns a product, and from how few units on it counts as low."""

    owner_id: UUID
    low_stock_threshold: int


@dataclass(frozen=True, slots=True)
class InventoryViews:
    """Reads for the people who run a shop."""

    connection: AsyncConnection

    async def find_product(self, product_id: UUID) -> StockedProduct | None:
        """Return a product that is not deleted."""
        row = (await self.connection.execute(_PRODUCT, {"product_id": product_id})).one_or_none()
        return None if row is None else StockedProduct(*row)

    async def levels(self, product_id: UUID) -> list[LevelView]:
        """Return all levels of a product, variant by variant, the oldest level first."""
        rows = await self.connection.execute(_LEVELS, {"product_id": product_id})
        return [
            LevelView(
                variant_id,
                sku,
                location or MAIN_LOCATION,
                on_hand or 0,
                reserved or 0,
                (on_hand or 0) - (reserved or 0),
            )
            for variant_id, sku, location, on_hand, reserved in rows
        ]


_MOVED = (
    select(
        StockMovement.level_id,
        func.sum(StockMovement.on_hand_change).label("on_hand"),
        func.sum(StockMovement.reserved_change).label("reserved"),
    )
    .group_by(StockMovement.level_id)
    .subquery("moved")
)
_HELD = (
    select(Reservation.level_id, func.sum(Reservation.quantity).label("units"))
    .where(Reservation.state == ReservationState.LIVE)
    .group_by(Reservation.level_id)
    .subquery("held")
)
_MOVED_ON_HAND = func.coalesce(_MOVED.c.on_hand, 0)
_MOVED_RESERVED = func.coalesce(_MOVED.c.reserved, 0)
_HELD_UNITS = func.coalesce(_HELD.c.units, 0)
# One statement, so that all sums are of one moment even while orders come in.
_DISAGREEMENTS = (
    select(
        StockLevel.id,
        StockLevel.variant_id,
        StockLevel.on_hand,
        StockLevel.reserved,
        _MOVED_ON_HAND,
        _MOVED_RESERVED,
        _HELD_UNITS,
    )
    .outerjoin(_MOVED, _MOVED.c.level_id == StockLevel.id)
    .outerjoin(_HELD, _HELD.c.level_id == StockLevel.id)
    .where(
        or_(
            StockLevel.on_hand != _MOVED_ON_HAND,
            StockLevel.reserved != _MOVED_RESERVED,
            StockLevel.reserved != _HELD_UNITS,
            StockLevel.reserved < 0,
            StockLevel.on_hand < StockLevel.reserved,
        )
    )
    .order_by(StockLevel.id)
    .limit(MOST_FINDINGS)
)


async def check(connection: AsyncConnection) -> list[str]:
    """Return what does not agree in the stock, in words; nothing where all is well.

    Levels must equal the sums of their movements, reserved units the live reservations, and no
    counter may be negative. Tells the first thousand levels that break this.
    """
    findings = []
    for row in await connection.execute(_DISAGREEMENTS):
        level, variant, on_hand, reserved = row[:4]
        moved_on_hand, moved_reserved, held = (int(total) for total in row[4:])
        place = f"stock level {level} of variant {variant}"
        if on_hand != moved_on_hand:
            findings.append(f"{place}: {on_hand} on hand, its movements add up to {moved_on_hand}")
        if reserved != moved_reserved:
            findings.append(
                f"{place}: {reserved} reserved, its movements add up to {moved_reserved}"
            )
        if reserved != held:
            findings.append(f"{place}: {reserved} reserved, live reservations hold {held}")
        if reserved < 0 or on_hand < reserved:
            findings.append(f"{place}: {on_hand} on hand cannot cover {reserved} reserved")
    return findings
