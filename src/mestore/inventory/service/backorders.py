"""Backorders: units that orders wait for, given out oldest first as they arrive (ADR 19)."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from mestore.catalog.errors import VariantNotFound
from mestore.inventory.picking import movement_row, reservation_row
from mestore.inventory.repository.places import PlaceRepository
from mestore.inventory.repository.stock import StockRepository
from mestore.inventory.repository.waiting import WaitingRepository
from mestore.inventory.types import (
    MAIN_LOCATION,
    Level,
    MovementKind,
    Pick,
    ReservationState,
    Waiting,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace


class Backorders:
    """Who waits for units; changed only by who holds a level of their variant."""

    def __init__(self, tx: Tx) -> None:
        self.stock = StockRepository(tx.connection)
        self.places = PlaceRepository(tx.connection)
        self.waiting = WaitingRepository(tx.connection)

    async def of(self, order_id: int) -> dict[UUID, int]:
        """Return the units of each variant that an order waits for."""
        found: Counter[UUID] = Counter()
        for each in await self.waiting.of_order(order_id):
            found[each.variant_id] += each.backordered
        return dict(found)

    async def forgo(self, order_id: int, units: Mapping[UUID, int]) -> dict[UUID, int]:
        """Let an order wait for fewer units of variants; return how many it no longer does."""
        given_up: Counter[UUID] = Counter()
        if not await self.waiting.of_order(order_id):
            return given_up
        await self.stock.lock_levels_of(units)
        moment = now()
        for each in await self.waiting.of_order(order_id):
            left = units.get(each.variant_id, 0) - given_up[each.variant_id]
            fewer = min(left, each.backordered)
            if fewer > 0 and await self.waiting.arrive(each.id, fewer, 0, moment):
                given_up[each.variant_id] += fewer
        return given_up

    async def arrived(self, order_id: int, since: datetime) -> dict[UUID, int]:
        """Return the units of each variant that came for a paid order since then and are with it.

        What was put back since then counts as if it had been of these.
        """
        return await self.waiting.left_since(order_id, since)

    async def ensure_levels(self, variant_ids: Collection[UUID], moment: datetime) -> None:
        """Make empty levels where units are to arrive for the first time."""
        if not variant_ids:
            return
        homes = await self.places.homes_of(variant_ids)
        for variant_id in sorted(variant_ids):
            if variant_id not in homes:
                raise VariantNotFound(variant_id=variant_id)
            await self.places.ensure_level(homes[variant_id], MAIN_LOCATION, moment)

    async def give_out(self, variant_ids: Collection[UUID], moment: datetime) -> None:
        """Promise units that have come free to who waits; what is paid leaves at once.

        The caller holds the levels where units came free; others have none while somebody waits.
        """
        waiting = await self.waiting.for_variants(variant_ids)
        if not waiting:
            return
        levels = await self.stock.levels_of({each.variant_id for each in waiting})
        free = {level.id: level.available for level in levels}
        moves = []
        for each in waiting:
            missing = each.backordered
            for level in levels:
                units = min(missing, free[level.id])
                if level.variant_id != each.variant_id or units <= 0:
                    continue
                await self._promise(each, level, units, moment)
                free[level.id] -= units
                missing -= units
                is_taken = each.state is ReservationState.TAKEN
                kind = MovementKind.TAKE if is_taken else MovementKind.RESERVE
                move = (level.id, -units, 0) if is_taken else (level.id, 0, units)
                row = movement_row(kind, move, "backorder arrived", moment, order_id=each.order_id)
                moves.append(row)
        if moves:
            await self.stock.add_movements(moves)

    async def _promise(self, each: Waiting, level: Level, units: int, moment: datetime) -> None:
        # The same conditional writes as for any order: no unit is ever promised twice.
        is_won = await self.stock.reserve(level.id, units, moment)
        if is_won and each.state is ReservationState.TAKEN:
            is_won = await self.stock.take(level.id, units, moment)
        is_here = level.id == each.level_id
        here = units if is_here else 0
        if not is_won or not await self.waiting.arrive(each.id, units, here, moment):
            raise LostRace
        if is_here or await self.waiting.add_to(each.order_id, level.id, units, moment):
            return
        row = reservation_row(each.order_id, Pick(level.id, each.variant_id, units), moment)
        await self.stock.add_reservations([row | {"state": each.state}])
