"""What the inventory shows: a product's levels to who owns it, and the doctor's findings."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    String,
    Uuid,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    or_,
    select,
    table,
    true,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.types import before_deletion
from mestore.inventory.models import Reservation, StockLevel, StockLocation, StockMovement
from mestore.inventory.types import MAIN_LOCATION, ReservationState
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

MOST_FINDINGS = 1000

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("name", String),
    column("track_inventory", Boolean),
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
    column("deleted_at", DateTime),
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
    .where(_VARIANTS.c.product_id == bindparam("product_id"), _VARIANTS.c.deleted_at.is_(None))
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


class MovementView(msgspec.Struct, frozen=True):
    """One change of one level: who made it, for which order, and why."""

    id: int
    variant_id: UUID
    sku: str
    location: str
    kind: str
    on_hand_change: int
    reserved_change: int
    reason: str
    actor_id: UUID | None
    order_id: int | None
    created_at: datetime


class LowLevelView(msgspec.Struct, frozen=True):
    """A variant of which few units are free."""

    product_id: UUID
    variant_id: UUID
    name: str
    sku: str
    available: int
    low_stock_threshold: int


class LocationView(msgspec.Struct, frozen=True):
    """A place of a vendor."""

    id: int
    name: str
    created_at: datetime


_NEWEST = SortKey("-id", StockMovement.id, StockMovement.id, descending=True)
_OF_PRODUCT = StockLevel.product_id == bindparam("product_id")
_MOVEMENTS = (
    select(
        StockMovement.id,
        StockLevel.variant_id,
        _VARIANTS.c.sku,
        StockLocation.name,
        type_coerce(StockMovement.kind, String),
        StockMovement.on_hand_change,
        StockMovement.reserved_change,
        StockMovement.reason,
        StockMovement.actor_id,
        StockMovement.order_id,
        StockMovement.created_at,
    )
    .join(StockLevel, StockLevel.id == StockMovement.level_id)
    .join(StockLocation, StockLocation.id == StockLevel.location_id)
    .join(_VARIANTS, _VARIANTS.c.id == StockLevel.variant_id)
    .where(_OF_PRODUCT)
)
_COUNT_MOVEMENTS = (
    select(func.count(StockMovement.id))
    .join(StockLevel, StockLevel.id == StockMovement.level_id)
    .where(_OF_PRODUCT)
)
_FREE = cast(func.coalesce(func.sum(StockLevel.on_hand - StockLevel.reserved), 0), BigInteger)
_OTHERS = _VARIANTS.alias("others")
# A default variant that only stands for its product's other ones is not on any shelf.
_IS_STOCKED = or_(
    StockLevel.id.is_not(None),
    _VARIANTS.c.is_default == false(),
    ~exists().where(
        _OTHERS.c.product_id == _VARIANTS.c.product_id,
        _OTHERS.c.id != _VARIANTS.c.id,
        _OTHERS.c.deleted_at.is_(None),
    ),
)
_BY_SKU = SortKey("sku", _VARIANTS.c.sku, _VARIANTS.c.id, descending=False)
_LOW = (
    select(
        _PRODUCTS.c.id.label("product_id"),
        _VARIANTS.c.id.label("id"),
        _PRODUCTS.c.name,
        _VARIANTS.c.sku,
        _FREE.label("free"),
        _PRODUCTS.c.low_stock_threshold,
    )
    .select_from(_VARIANTS)
    .join(_PRODUCTS, _PRODUCTS.c.id == _VARIANTS.c.product_id)
    .outerjoin(StockLevel, StockLevel.variant_id == _VARIANTS.c.id)
    .where(
        _PRODUCTS.c.vendor_id == bindparam("vendor_id"),
        _PRODUCTS.c.track_inventory == true(),
        _PRODUCTS.c.deleted_at.is_(None),
        _VARIANTS.c.deleted_at.is_(None),
        _IS_STOCKED,
    )
    .group_by(
        _PRODUCTS.c.id,
        _VARIANTS.c.id,
        _PRODUCTS.c.name,
        _VARIANTS.c.sku,
        _PRODUCTS.c.low_stock_threshold,
    )
    .having(_PRODUCTS.c.low_stock_threshold >= _FREE)
)
_LOCATIONS = (
    select(StockLocation.id, StockLocation.name, StockLocation.created_at)
    .where(StockLocation.vendor_id == bindparam("vendor_id"))
    .order_by(StockLocation.id)
)


async def page_movements(
    connection: AsyncConnection, product_id: UUID, wanted: PageRequest
) -> Page[MovementView]:
    """Return a page of the movements of a product's stock, the newest first."""
    values = {"product_id": product_id}
    total: int = (await connection.execute(_COUNT_MOVEMENTS, values)).scalar_one()
    rows = (await connection.execute(apply(_MOVEMENTS, wanted, _NEWEST), values)).all()
    page = page_of(rows, wanted, _NEWEST, total, ("id", "id"))
    shown = [
        MovementView(number, variant_id, before_deletion(sku, variant_id), *rest)
        for number, variant_id, sku, *rest in page.rows
    ]
    return Page(shown, page.pagination)


async def page_low(
    connection: AsyncConnection, vendor_id: UUID, wanted: PageRequest
) -> Page[LowLevelView]:
    """Return a page of a vendor's variants at or below their threshold, by SKU."""
    values = {"vendor_id": vendor_id}
    counted = select(func.count()).select_from(_LOW.subquery())
    total: int = (await connection.execute(counted, values)).scalar_one()
    rows = (await connection.execute(apply(_LOW, wanted, _BY_SKU), values)).all()
    page = page_of(rows, wanted, _BY_SKU, total, ("sku", "id"))
    return Page([LowLevelView(*row) for row in page.rows], page.pagination)


async def all_locations(connection: AsyncConnection, vendor_id: UUID) -> list[LocationView]:
    """Return a vendor's places, the oldest first."""
    rows = await connection.execute(_LOCATIONS, {"vendor_id": vendor_id})
    return [LocationView(*row) for row in rows]


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


_WAITING_IN_VAIN = (
    select(StockLevel.variant_id, func.sum(Reservation.backordered))
    .join(Reservation, Reservation.level_id == StockLevel.id)
    .where(
        Reservation.backordered > 0,
        Reservation.state.in_([ReservationState.LIVE, ReservationState.TAKEN]),
        StockLevel.variant_id.in_(
            select(StockLevel.variant_id).where(StockLevel.on_hand > StockLevel.reserved)
        ),
    )
    .group_by(StockLevel.variant_id)
    .limit(MOST_FINDINGS)
)


async def check(connection: AsyncConnection) -> list[str]:
    """Return what does not agree in the stock, in words; nothing where all is well.

    Levels must equal the sums of their movements, reserved units the live reservations, no counter
    may be negative, and nobody may wait for units that are free. Tells the first thousand that
    break this.
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
    for variant_id, units in await connection.execute(_WAITING_IN_VAIN):
        findings.append(f"variant {variant_id}: orders wait for {units} units while some are free")
    return findings
