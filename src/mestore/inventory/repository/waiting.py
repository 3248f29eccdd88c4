"""Reservations that units are missing of."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.inventory.models import Reservation, StockLevel, StockMovement
from mestore.inventory.types import ReservationState, Waiting
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import affected

_VARIANT_IDS: Any = bindparam("variant_ids", expanding=True)
_UNITS: Any = bindparam("units")
_MOMENT: Any = bindparam("moment", type_=UtcDateTime)
# Stable while all levels of its variant are held: who promises, pays or frees takes those first.
_WAITING_ROWS = (
    select(
        Reservation.id,
        Reservation.order_id,
        Reservation.level_id,
        StockLevel.variant_id,
        StockLevel.product_id,
        Reservation.backordered,
        Reservation.state,
    )
    .join(StockLevel, StockLevel.id == Reservation.level_id)
    .where(
        Reservation.backordered > 0,
        Reservation.state.in_([ReservationState.LIVE, ReservationState.TAKEN]),
    )
    .order_by(Reservation.id)
)
_WAITING_FOR = _WAITING_ROWS.where(StockLevel.variant_id.in_(_VARIANT_IDS))
_WAITING_OF = _WAITING_ROWS.where(Reservation.order_id == bindparam("of_order"))
_ARRIVE = (
    update(Reservation)
    .where(Reservation.id == bindparam("of_row"), Reservation.backordered >= _UNITS)
    .values(
        quantity=Reservation.quantity + bindparam("here"),
        backordered=Reservation.backordered - _UNITS,
        updated_at=_MOMENT,
    )
)
_ADD_TO = (
    update(Reservation)
    .where(
        Reservation.order_id == bindparam("of_order"),
        Reservation.level_id == bindparam("at_level"),
    )
    .values(quantity=Reservation.quantity + _UNITS, updated_at=_MOMENT)
)
# Movements are many and reservations few: those that changed since say which variants to look at.
_LEFT_SINCE = (
    select(StockLevel.variant_id, -func.sum(StockMovement.on_hand_change))
    .join(StockMovement, StockMovement.level_id == StockLevel.id)
    .where(
        StockMovement.order_id == bindparam("of_order"),
        StockMovement.created_at > bindparam("since", type_=UtcDateTime),
        StockLevel.variant_id.in_(
            select(StockLevel.variant_id)
            .join(Reservation, Reservation.level_id == StockLevel.id)
            .where(
                Reservation.order_id == bindparam("of_order"),
                Reservation.updated_at > bindparam("since", type_=UtcDateTime),
            )
        ),
    )
    .group_by(StockLevel.variant_id)
)


@dataclass(frozen=True, slots=True)
class WaitingRepository:
    """Who waits for units, and how units reach them; conditional writes say if they won."""

    connection: AsyncConnection

    async def for_variants(self, variant_ids: Collection[UUID]) -> list[Waiting]:
        """Return who waits for units of some variants, the oldest first."""
        rows = await self.connection.execute(_WAITING_FOR, {"variant_ids": list(variant_ids)})
        return [Waiting(*row) for row in rows]

    async def of_order(self, order_id: int) -> list[Waiting]:
        """Return what an order waits for."""
        rows = await self.connection.execute(_WAITING_OF, {"of_order": order_id})
        return [Waiting(*row) for row in rows]

    async def arrive(self, row_id: int, units: int, here: int, moment: datetime) -> bool:
        """Let a reservation wait for fewer units; `here` of them are now promised at its level."""
        values = {"of_row": row_id, "units": units, "here": here, "moment": moment}
        return await affected(self.connection, _ARRIVE, **values) == 1

    async def add_to(self, order_id: int, level_id: int, units: int, moment: datetime) -> bool:
        """Promise an order more of a level that it holds something of already."""
        values = {"of_order": order_id, "at_level": level_id, "units": units, "moment": moment}
        return await affected(self.connection, _ADD_TO, **values) == 1

    async def left_since(self, order_id: int, since: datetime) -> dict[UUID, int]:
        """Return the units of each variant that left for an order since, less what came back."""
        values = {"of_order": order_id, "since": since}
        return {row[0]: int(row[1]) for row in await self.connection.execute(_LEFT_SINCE, values)}
