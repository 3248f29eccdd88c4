"""Every SQL statement that writes stock, and the reads that writing needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Integer,
    Update,
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

from mestore.inventory.models import Reservation, StockLevel, StockMovement
from mestore.inventory.types import Demand, Level, Live, ReservationState
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import add_rows, affected, rows_of

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("track_inventory", Boolean),
    column("low_stock_threshold", Integer),
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
    .where(StockLevel.variant_id.in_(_VARIANT_IDS), _PRODUCTS.c.track_inventory == true())
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
    select(
        Reservation.level_id,
        StockLevel.variant_id,
        StockLevel.product_id,
        Reservation.quantity,
        Reservation.backordered,
    )
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
    select(
        StockLevel.variant_id,
        StockLevel.product_id,
        Reservation.quantity + Reservation.backordered,
        Reservation.backordered > 0,
    )
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

    async def lock_levels_of(self, variant_ids: Collection[UUID]) -> list[Level]:
        """Return all levels of some variants as they are now and keep others from changing them."""
        levels = await self.levels_of(variant_ids)
        return await self.lock_levels([level.id for level in levels])

    async def available(self, variant_ids: Collection[UUID]) -> dict[UUID, int]:
        """Return the free units of those variants that have a level."""
        rows = await self.connection.execute(_AVAILABLE, {"variant_ids": list(variant_ids)})
        return {variant_id: int(units) for variant_id, units in rows}

    async def low_among(self, variant_ids: Collection[UUID]) -> list[tuple[UUID, UUID, int, int]]:
        """Return (product, variant, threshold, free) of those counted variants that are few."""
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

    async def all_live(self, order_id: int) -> list[Live]:
        """Return an order's live reservations, by level."""
        rows = await self.connection.execute(_LIVE, {"of_order": order_id})
        return [Live(*row) for row in rows]

    async def end_live(self, order_id: int, to: ReservationState, moment: datetime) -> int:
        """Move an order's live reservations on; return how many there were."""
        values = {"of_order": order_id, "to_state": to, "moment": moment}
        return await affected(self.connection, _END_LIVE, **values)

    async def all_released(self, order_id: int) -> list[Demand]:
        """Return what an order was promised and lost again."""
        rows = await self.connection.execute(_RELEASED, {"of_order": order_id})
        return [Demand(*row[:3], can_wait=bool(row[3])) for row in rows]

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
