"""Where stock lies: vendors' places, and the levels of variants there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, case, column, insert, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.inventory.models import StockLevel, StockLocation
from mestore.inventory.types import MAIN_LOCATION, Level
from mestore.kernel.db import affected, inserted_id, unless_taken

_PRODUCTS = table("products", column("id", Uuid), column("vendor_id", Uuid))
_VARIANTS = table(
    "product_variants",
    column("id", Uuid),
    column("product_id", Uuid),
    column("deleted_at", DateTime),
)
_VARIANT_IDS: Any = bindparam("variant_ids", expanding=True)
_LEVEL = (
    StockLevel.id,
    StockLevel.variant_id,
    StockLevel.product_id,
    StockLevel.on_hand,
    StockLevel.reserved,
)
_HOMES = (
    select(_VARIANTS.c.id, _VARIANTS.c.product_id, _PRODUCTS.c.vendor_id)
    .join_from(_VARIANTS, _PRODUCTS, _PRODUCTS.c.id == _VARIANTS.c.product_id)
    .where(_VARIANTS.c.id.in_(_VARIANT_IDS), _VARIANTS.c.deleted_at.is_(None))
)
_INSERT_LOCATION = insert(StockLocation)
_LOCATION = select(StockLocation.id).where(
    StockLocation.vendor_id == bindparam("of_vendor"), StockLocation.name == bindparam("called")
)
# The place of that name, or else, where it goes by another name now, the oldest one.
_MAIN_PLACE = (
    select(StockLocation.id)
    .where(StockLocation.vendor_id == bindparam("of_vendor"))
    .order_by(case((StockLocation.name == bindparam("called"), 0), else_=1), StockLocation.id)
    .limit(1)
)
_LOCK_PRODUCT = (
    select(_PRODUCTS.c.id).where(_PRODUCTS.c.id == bindparam("of_product")).with_for_update()
)
_INSERT_LEVELS = insert(StockLevel)
_LEVELS_IN = select(*_LEVEL).where(
    StockLevel.variant_id.in_(_VARIANT_IDS), StockLevel.location_id == bindparam("in_location")
)
_LEVEL_AT = (
    select(StockLevel.id)
    .join(StockLocation, StockLocation.id == StockLevel.location_id)
    .where(
        StockLevel.variant_id == bindparam("of_variant"), StockLocation.name == bindparam("called")
    )
)
# The main place first, then the oldest one.
_USUAL_LOCATION = (
    select(StockLocation.name)
    .join(StockLevel, StockLocation.id == StockLevel.location_id)
    .where(StockLevel.variant_id == bindparam("of_variant"))
    .order_by(case((StockLocation.name == bindparam("main"), 0), else_=1), StockLevel.id)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class VariantHome:
    """Whose a variant is."""

    variant_id: UUID
    product_id: UUID
    vendor_id: UUID


@dataclass(frozen=True, slots=True)
class PlaceRepository:
    """Where stock lies: vendors' locations, and the levels of variants there, made when needed."""

    connection: AsyncConnection

    async def homes_of(self, variant_ids: Collection[UUID]) -> dict[UUID, VariantHome]:
        """Return product and vendor of those variants that exist."""
        rows = await self.connection.execute(_HOMES, {"variant_ids": list(variant_ids)})
        return {row[0]: VariantHome(*row) for row in rows}

    async def usual_location(self, variant_id: UUID, main: str) -> str:
        """Return the name of the place where a variant lies: `main`, or the only other one."""
        values = {"of_variant": variant_id, "main": main}
        name = (await self.connection.execute(_USUAL_LOCATION, values)).scalar()
        return main if name is None else str(name)

    async def add_location(self, vendor_id: UUID, name: str, moment: datetime) -> int | None:
        """Write a place of a vendor and return its id; None where the name is in use."""
        row = {"vendor_id": vendor_id, "name": name, "created_at": moment}
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, _INSERT_LOCATION, row)
        return None

    async def rename_location(self, vendor_id: UUID, location_id: int, name: str) -> bool | None:
        """Rename a vendor's place; False where there is none, None where the name is in use."""
        statement = update(StockLocation).where(
            StockLocation.id == location_id, StockLocation.vendor_id == vendor_id
        )
        async with unless_taken(self.connection):
            return await affected(self.connection, statement.values(name=name)) == 1
        return None

    async def ensure_location(self, vendor_id: UUID, name: str, moment: datetime) -> int:
        """Return the id of a vendor's place, which is made if it is not there.

        The main place stays the main one under another name: no second one is made beside it.
        """
        values = {"of_vendor": vendor_id, "called": name}
        place = _MAIN_PLACE if name == MAIN_LOCATION else _LOCATION
        if found := (await self.connection.execute(place, values)).scalar():
            return int(found)
        added = await self.add_location(vendor_id, name, moment)
        if added is not None:
            return added
        return int((await self.connection.execute(_LOCATION, values)).scalar_one())

    async def ensure_level(self, home: VariantHome, location: str, moment: datetime) -> int:
        """Return the id of a variant's level at a place, which is made empty if it is not there."""
        values = {"of_variant": home.variant_id, "called": location}
        if found := (await self.connection.execute(_LEVEL_AT, values)).scalar():
            return int(found)
        # Holding the product makes a rival wait here and then find the level. Two who try to insert
        # the same level would block each other on MariaDB.
        await self.connection.execute(_LOCK_PRODUCT, {"of_product": home.product_id})
        location_id = await self.ensure_location(home.vendor_id, location, moment)
        if levels := await self.levels_in([home.variant_id], location_id):
            return levels[0].id
        row = level_row(home.variant_id, home.product_id, location_id, 0, moment)
        return await inserted_id(self.connection, _INSERT_LEVELS, row)

    async def add_levels(
        self, homes: Mapping[UUID, tuple[UUID, int]], location_id: int, moment: datetime
    ) -> list[Level]:
        """Write the first levels of variants, by (product, units), at a place; return them."""
        rows = [
            level_row(variant_id, product_id, location_id, units, moment)
            for variant_id, (product_id, units) in homes.items()
        ]
        await self.connection.execute(_INSERT_LEVELS, rows)
        return await self.levels_in(homes, location_id)

    async def levels_in(self, variant_ids: Collection[UUID], location_id: int) -> list[Level]:
        """Return the levels of variants at one place."""
        values = {"variant_ids": list(variant_ids), "in_location": location_id}
        return [Level(*row) for row in await self.connection.execute(_LEVELS_IN, values)]


def level_row(
    variant_id: UUID, product_id: UUID, location_id: int, on_hand: int, moment: datetime
) -> dict[str, Any]:
    """Return the row of a new level."""
    return {
        "variant_id": variant_id,
        "product_id": product_id,
        "location_id": location_id,
        "on_hand": on_hand,
        "reserved": 0,
        "updated_at": moment,
    }
