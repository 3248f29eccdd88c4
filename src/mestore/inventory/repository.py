"""Every SQL statement that writes stock, and the reads that writing needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Integer,
    Update,
    Uuid,
    bindparam,
    case,
    column,
    delete,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.inventory.models import Reservation, StockLevel, StockLocation, StockMovement
from mestore.inventory.types import Demand, Level, ReservationState
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import add_rows, affected, inserted_id, rows_of
from mestore.kernel.db_errors import Fault, fault_of

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("low_stock_threshold", Integer),
)
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
_FREE = StockLevel.on_hand - StockLevel.reserved
_OF_LEVEL = StockLevel.id == bindparam("of_level")
_UNITS: Any = bindparam("units")
_MOMENT: Any = bindparam("moment", type_=UtcDateTime)

_LEVELS_OF = select(*_LEVEL).where(StockLevel.variant_id.in_(_VARIANT_IDS)).order_by(StockLevel.id)
# By primary key: MariaDB takes the locks in the order of the index it reads.
_LOCK_LEVELS = (
    select(*_LEVEL)
    .where(StockLevel.id.in_(bindparam("level_ids", expanding=True)))
    .order_by(StockLevel.id)
    .with_for_update()
)
_AVAILABLE = (
    select(StockLevel.variant_id, func.sum(_FREE))
    .where(StockLevel.variant_id.in_(_VARIANT_IDS))
    .group_by(StockLevel.variant_id)
)
_LOW = (
    select(
        StockLevel.product_id,
        StockLevel.variant_id,
        _PRODUCTS.c.low_stock_threshold,
        func.sum(_FREE),
    )
    .join(_PRODUCTS, _PRODUCTS.c.id == StockLevel.product_id)
    .where(StockLevel.variant_id.in_(_VARIANT_IDS))
    .group_by(StockLevel.product_id, StockLevel.variant_id, _PRODUCTS.c.low_stock_threshold)
    .having(func.sum(_FREE) <= _PRODUCTS.c.low_stock_threshold)
)
_RESERVE = (
    update(StockLevel)
    .where(_OF_LEVEL, _FREE >= _UNITS)
    .values(reserved=StockLevel.reserved + _UNITS, updated_at=_MOMENT)
)
_RELEASE = (
    update(StockLevel)
    .where(_OF_LEVEL, StockLevel.reserved >= _UNITS)
    .values(reserved=StockLevel.reserved - _UNITS, updated_at=_MOMENT)
)
_TAKE = (
    update(StockLevel)
    .where(_OF_LEVEL, StockLevel.reserved >= _UNITS, StockLevel.on_hand >= _UNITS)
    .values(
        on_hand=StockLevel.on_hand - _UNITS,
        reserved=StockLevel.reserved - _UNITS,
        updated_at=_MOMENT,
    )
)
_CHANGE_ON_HAND = (
    update(StockLevel)
    .where(
        _OF_LEVEL,
        StockLevel.on_hand + _UNITS >= StockLevel.reserved,
        StockLevel.on_hand + _UNITS <= bindparam("maximum"),
    )
    .values(on_hand=StockLevel.on_hand + _UNITS, updated_at=_MOMENT)
)
_ADD_ON_HAND = (
    update(StockLevel)
    .where(_OF_LEVEL)
    .values(on_hand=StockLevel.on_hand + _UNITS, updated_at=_MOMENT)
)
_INSERT_MOVEMENTS = insert(StockMovement).inline()
_INSERT_RESERVATIONS = insert(Reservation).inline()
_LIVE = (
    select(Reservation.level_id, StockLevel.product_id, Reservation.quantity)
    .join(StockLevel, StockLevel.id == Reservation.level_id)
    .where(
        Reservation.order_id == bindparam("of_order"), Reservation.state == ReservationState.LIVE
    )
    .order_by(Reservation.level_id)
)
_END_LIVE = (
    update(Reservation)
    .where(
        Reservation.order_id == bindparam("of_order"), Reservation.state == ReservationState.LIVE
    )
    .values(state=bindparam("to_state"), updated_at=_MOMENT)
)
_RELEASED = (
    select(StockLevel.variant_id, StockLevel.product_id, Reservation.quantity)
    .join(StockLevel, StockLevel.id == Reservation.level_id)
    .where(
        Reservation.order_id == bindparam("of_order"),
        Reservation.state == ReservationState.RELEASED,
    )
    .order_by(Reservation.level_id)
)
_TAKEN = (
    select(StockLevel.variant_id, func.sum(Reservation.quantity))
    .join(StockLevel, StockLevel.id == Reservation.level_id)
    .where(
        Reservation.order_id == bindparam("order_id"),
        Reservation.state == ReservationState.TAKEN,
    )
    .group_by(StockLevel.variant_id)
)
_FORGET_RELEASED = delete(Reservation).where(
    Reservation.order_id == bindparam("of_order"), Reservation.state == ReservationState.RELEASED
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
class StockRepository:
    """Stock levels with their movements and reservations; conditional writes say if they won."""

    connection: AsyncConnection

    async def levels_of(self, variant_ids: Collection[UUID]) -> list[Level]:
        """Return all levels of some variants, by ascending id."""
        rows = await rows_of(self.connection, _LEVELS_OF, variant_ids=list(variant_ids))
        return [Level(*row) for row in rows]

    async def lock_levels(self, level_ids: Collection[int]) -> list[Level]:
        """Return some levels as they are now and keep others from changing them."""
        rows = await self.connection.execute(_LOCK_LEVELS, {"level_ids": list(level_ids)})
        return [Level(*row) for row in rows]

    async def available(self, variant_ids: Collection[UUID]) -> dict[UUID, int]:
        """Return the free units of those variants that have a level."""
        rows = await self.connection.execute(_AVAILABLE, {"variant_ids": list(variant_ids)})
        return {variant_id: int(units) for variant_id, units in rows}

    async def low_among(self, variant_ids: Collection[UUID]) -> list[tuple[UUID, UUID, int, int]]:
        """Return (product, variant, threshold, free units) of those variants that are few."""
        rows = await rows_of(self.connection, _LOW, variant_ids=list(variant_ids))
        return [(row[0], row[1], int(row[2]), int(row[3])) for row in rows]

    async def reserve(self, level_id: int, quantity: int, moment: datetime) -> bool:
        """Promise `quantity` units of a level if that many are free."""
        return await self._change(_RESERVE, level_id, quantity, moment)

    async def release(self, level_id: int, quantity: int, moment: datetime) -> bool:
        """Free `quantity` promised units of a level."""
        return await self._change(_RELEASE, level_id, quantity, moment)

    async def take(self, level_id: int, quantity: int, moment: datetime) -> bool:
        """Let `quantity` promised units of a level leave the house."""
        return await self._change(_TAKE, level_id, quantity, moment)

    async def change_on_hand(
        self, level_id: int, delta: int, moment: datetime, *, maximum: int
    ) -> bool:
        """Add `delta` units to a level if what is promised stays covered."""
        values = {"of_level": level_id, "units": delta, "moment": moment, "maximum": maximum}
        return await affected(self.connection, _CHANGE_ON_HAND, **values) == 1

    async def add_on_hand(self, deltas: Mapping[int, int], moment: datetime) -> None:
        """Add units to levels that are held, in one statement; the CHECKs stand guard."""
        rows = [
            {"of_level": level_id, "units": delta, "moment": moment}
            for level_id, delta in sorted(deltas.items())
        ]
        if rows:
            await self.connection.execute(_ADD_ON_HAND, rows)

    async def add_movements(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write why levels changed, in one statement."""
        await add_rows(self.connection, _INSERT_MOVEMENTS, rows)

    async def add_reservations(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write what an order was promised, in one statement."""
        await add_rows(self.connection, _INSERT_RESERVATIONS, rows)

    async def all_live(self, order_id: int) -> list[tuple[int, UUID, int]]:
        """Return level, product and quantity of an order's live reservations, by level."""
        rows = await self.connection.execute(_LIVE, {"of_order": order_id})
        return [(level, product, quantity) for level, product, quantity in rows]

    async def end_live(self, order_id: int, to: ReservationState, moment: datetime) -> int:
        """Move an order's live reservations on; return how many there were."""
        values = {"of_order": order_id, "to_state": to, "moment": moment}
        return await affected(self.connection, _END_LIVE, **values)

    async def all_released(self, order_id: int) -> list[Demand]:
        """Return what an order was promised and lost again."""
        rows = await self.connection.execute(_RELEASED, {"of_order": order_id})
        return [Demand(*row) for row in rows]

    async def all_taken(self, order_id: int) -> dict[UUID, int]:
        """Return the units of each variant that left for an order."""
        rows = await self.connection.execute(_TAKEN, {"order_id": order_id})
        return {variant_id: int(units) for variant_id, units in rows}

    async def forget_released(self, order_id: int) -> None:
        """Delete an order's released reservations; its movements still tell of them."""
        await affected(self.connection, _FORGET_RELEASED, of_order=order_id)

    async def _change(
        self,
        statement: Update,
        level_id: int,
        quantity: int,
        moment: datetime,
    ) -> bool:
        values = {"of_level": level_id, "units": quantity, "moment": moment}
        return await affected(self.connection, statement, **values) == 1


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
        try:
            async with self.connection.begin_nested():
                return await inserted_id(self.connection, _INSERT_LOCATION, row)
        except DBAPIError as error:
            if fault_of(error) is not Fault.UNIQUE:
                raise
            return None

    async def rename_location(self, vendor_id: UUID, location_id: int, name: str) -> bool | None:
        """Rename a vendor's place; False where there is none, None where the name is in use."""
        statement = update(StockLocation).where(
            StockLocation.id == location_id, StockLocation.vendor_id == vendor_id
        )
        try:
            async with self.connection.begin_nested():
                return await affected(self.connection, statement.values(name=name)) == 1
        except DBAPIError as error:
            if fault_of(error) is not Fault.UNIQUE:
                raise
            return None

    async def ensure_location(self, vendor_id: UUID, name: str, moment: datetime) -> int:
        """Return the id of a vendor's place, which is made if it is not there."""
        values = {"of_vendor": vendor_id, "called": name}
        if found := (await self.connection.execute(_LOCATION, values)).scalar():
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
        if found := (await self.connection.execute(_LEVEL_AT, values)).scalar():
            return int(found)
        location_id = await self.ensure_location(home.vendor_id, location, moment)
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
