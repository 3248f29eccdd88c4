"""Inventory: the one place that changes stock, and what it says is free.

Rows of levels are always changed in ascending id order, each by one conditional UPDATE, so that
rivals wait for each other and never in a circle.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.acts import is_by_operator, record
from mestore.accounts.types.acts import Act, Subject
from mestore.catalog.errors import VariantNotFound
from mestore.inventory.errors import (
    BelowReserved,
    LevelMoved,
    LevelNamedTwice,
    LevelTooHigh,
    LocationNotFound,
    LocationTaken,
)
from mestore.inventory.events import LowStock
from mestore.inventory.picking import choose, counted, movement_row, reservation_row, total_demand
from mestore.inventory.repository.places import PlaceRepository, VariantHome
from mestore.inventory.repository.stock import StockRepository
from mestore.inventory.service.backorders import Backorders
from mestore.inventory.types import (
    MAIN_LOCATION,
    Demand,
    Level,
    MovementKind,
    NewLevel,
    Pick,
    ReservationState,
)
from mestore.inventory.views import check
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace

MAXIMUM_ON_HAND = 1_000_000_000
"""Units that one level can count: far from where a 32-bit column ends."""


class CountersDisagree(RuntimeError):
    """A bug, or a hand in the tables: a level promises less than its reservations hold."""


@dataclass(frozen=True, slots=True)
class Availability:
    """What can be bought now."""

    connection: AsyncConnection

    async def of(self, variant_ids: Collection[UUID]) -> dict[UUID, int]:
        """Return the free units of each variant, in one statement; 0 where none was ever put."""
        if not variant_ids:
            return {}
        found = await StockRepository(self.connection).available(variant_ids)
        return {variant_id: found.get(variant_id, 0) for variant_id in variant_ids}


async def findings(connection: AsyncConnection) -> list[str]:
    """Return what does not agree in the stock, in words; nothing where all is well."""
    return await check(connection)


class InventoryService:
    """The only writer of stock."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.stock = StockRepository(tx.connection)
        self.places = PlaceRepository(tx.connection)
        self.backorders = Backorders(tx)

    async def reserve(self, order_id: int, demands: Sequence[Demand]) -> dict[UUID, int]:
        """Promise an order all its units, or refuse with every short line.

        Return the units of each variant that are still to arrive, where its demand can wait.
        A refusal leaves the caller's transaction to be rolled back.
        """
        wanted = total_demand(demands)
        if not wanted:
            return {}
        can_wait = {demand.variant_id for demand in demands if demand.can_wait}
        moment = now()
        levels = await self.stock.levels_of(wanted)
        if can_wait:
            await self.backorders.ensure_levels(
                can_wait - {level.variant_id for level in levels}, moment
            )
            levels = await self.stock.lock_levels_of(wanted)
        elif len(levels) > len(wanted):
            # Only a choice between several levels can be spoilt by a rival: then hold them first.
            levels = await self.stock.lock_levels([level.id for level in levels])
        picks = choose(wanted, levels, can_wait)
        for pick in picks:
            if pick.quantity and not await self.stock.reserve(pick.level_id, pick.quantity, moment):
                await self._refuse_what_is_short(wanted, picks, pick)
        rows = [reservation_row(order_id, pick, moment) for pick in picks]
        await self.stock.add_reservations(rows)
        moves = [(pick.level_id, 0, pick.quantity) for pick in picks if pick.quantity]
        await self._record(MovementKind.RESERVE, moves, "order placed", moment, order_id=order_id)
        await self._tell_low([(pick.variant_id, -pick.quantity) for pick in picks])
        self._touch(demand.product_id for demand in demands)
        return {pick.variant_id: pick.backordered for pick in picks if pick.backordered}

    async def reclaim(self, order_id: int) -> None:
        """Promise an order again what was released, as when it is paid too late; or refuse."""
        demands = await self.stock.all_released(order_id)
        await self.stock.forget_released(order_id)
        await self.reserve(order_id, demands)

    async def release(self, order_id: int) -> bool:
        """Free what an order was promised, once; False where nothing was promised any more."""
        return await self._end(order_id, ReservationState.RELEASED)

    async def take(self, order_id: int) -> bool:
        """Let an order's units leave, once; False where nothing was promised any more."""
        return await self._end(order_id, ReservationState.TAKEN)

    async def taken(self, order_id: int) -> dict[UUID, int]:
        """Return the units of each counted variant that left for an order."""
        return await self.stock.all_taken(order_id)

    async def hold(self, variant_ids: Collection[UUID]) -> None:
        """Keep others from changing the levels of variants: for who changes several, one by one."""
        await self.stock.lock_levels_of(variant_ids)

    async def open_levels(
        self,
        vendor_id: UUID,
        product_id: UUID,
        levels: Mapping[UUID, int],
        actor_id: UUID | None = None,
    ) -> None:
        """Put the first units of a new product's variants at its vendor's main place."""
        await self.open_many(vendor_id, {product_id: levels}, actor_id)

    async def open_many(
        self,
        vendor_id: UUID,
        products: Mapping[UUID, Mapping[UUID, int]],
        actor_id: UUID | None = None,
    ) -> None:
        """Put the first units of new variants of products at their vendor's main place."""
        homes = {
            variant_id: (product_id, units)
            for product_id, levels in products.items()
            for variant_id, units in levels.items()
            if units
        }
        if not homes:
            return
        moment = now()
        location_id = await self.places.ensure_location(vendor_id, MAIN_LOCATION, moment)
        added = await self.places.add_levels(homes, location_id, moment)
        moves = [(level.id, level.on_hand, 0) for level in added]
        await self._record(MovementKind.SET, moves, "first stock", moment, actor_id=actor_id)
        self._touch(products)

    async def set_many(
        self, vendor_id: UUID, levels: Mapping[UUID, int], actor_id: UUID | None
    ) -> set[UUID]:
        """Make levels at the main place what is said; return the variants whose level changed.

        The caller holds the products, so no rival makes a level meanwhile. A few statements.
        """
        homes = await self._homes(levels)
        moment = now()
        location_id = await self.places.ensure_location(vendor_id, MAIN_LOCATION, moment)
        present = {
            level.variant_id: level for level in await self.places.levels_in(levels, location_id)
        }
        missing = {
            variant_id: (homes[variant_id].product_id, 0)
            for variant_id, units in levels.items()
            if units and variant_id not in present
        }
        if missing:
            added = await self.places.add_levels(missing, location_id, moment)
            present |= {level.variant_id: level for level in added}
        at_main = {level.id for level in present.values()}
        locked = await self.stock.lock_levels_of(present)
        held = [level for level in locked if level.id in at_main]
        moves = []
        for level in held:
            wanted = levels[level.variant_id]
            if wanted > MAXIMUM_ON_HAND:
                raise LevelTooHigh(variant_id=level.variant_id, maximum=MAXIMUM_ON_HAND)
            if wanted < level.reserved:
                raise BelowReserved(
                    variant_id=level.variant_id, on_hand=level.on_hand, reserved=level.reserved
                )
            if wanted != level.on_hand:
                moves.append((level.id, wanted - level.on_hand, 0))
        await self.stock.add_on_hand({level: delta for level, delta, _ in moves}, moment)
        await self._record(MovementKind.SET, moves, "set", moment, actor_id=actor_id)
        await self.backorders.give_out(present, moment)
        changed = {level.id: level for level in held}
        await self._tell_low([(changed[level].variant_id, delta) for level, delta, _ in moves])
        self._touch(changed[level].product_id for level, _, _ in moves)
        return {changed[level].variant_id for level, _, _ in moves}

    async def add_location(self, vendor_id: UUID, name: str) -> None:
        """Add a place of a vendor; raises `LocationTaken`."""
        if await self.places.add_location(vendor_id, name, now()) is None:
            raise LocationTaken(name=name)

    async def rename_location(self, vendor_id: UUID, location_id: int, name: str) -> None:
        """Rename a place; raises `LocationNotFound` or `LocationTaken`."""
        renamed = await self.places.rename_location(vendor_id, location_id, name)
        if renamed is None:
            raise LocationTaken(name=name)
        if not renamed:
            raise LocationNotFound

    async def set_levels(
        self, levels: Sequence[NewLevel], *, actor_id: UUID | None, reason: str = "set"
    ) -> int:
        """Make levels what they are to be, all or none; never below what orders hold.

        Returns how many were not so before.
        """
        homes = await self._homes({level.variant_id for level in levels})
        moment = now()
        wanted: dict[int, NewLevel] = {}
        for level in sorted(levels, key=lambda level: (level.location, level.variant_id)):
            home = homes[level.variant_id]
            level_id = await self.places.ensure_level(home, level.location, moment)
            if level_id in wanted:
                raise LevelNamedTwice(variant_id=level.variant_id, location=level.location)
            wanted[level_id] = level
        changes, logged = [], []
        locked = await self.stock.lock_levels_of(homes)
        for present in (level for level in locked if level.id in wanted):
            new = wanted[present.id]
            if new.expected not in {None, present.on_hand}:
                raise LevelMoved(
                    variant_id=new.variant_id, on_hand=present.on_hand, expected=new.expected
                )
            if delta := new.on_hand - present.on_hand:
                await self._change_on_hand(present, delta, moment)
                changes.append((present.id, delta, 0))
                logged.append((present, new.location, new.on_hand))
        await self._record(MovementKind.SET, changes, reason, moment, actor_id=actor_id)
        await self.backorders.give_out(homes, moment)
        await self._tell_low([(old.variant_id, units - old.on_hand) for old, _, units in logged])
        self._log(Act.STOCK_SET, logged, reason)
        self._touch(home.product_id for home in homes.values())
        return len(changes)

    async def adjust(
        self,
        variant_id: UUID,
        delta: int,
        *,
        reason: str,
        actor_id: UUID | None,
        location: str | None = None,
        order_id: int | None = None,
    ) -> None:
        """Add `delta` units (or take away, where negative) at a place, by default the usual one.

        `order_id` is whose units they were, where they come back.
        """
        home = (await self._homes({variant_id}))[variant_id]
        place = location or await self.places.usual_location(variant_id, MAIN_LOCATION)
        moment = now()
        level_id = await self.places.ensure_level(home, place, moment)
        locked = await self.stock.lock_levels_of([variant_id])
        (level,) = (each for each in locked if each.id == level_id)
        await self._change_on_hand(level, delta, moment)
        moves = [(level_id, delta, 0)]
        kind = MovementKind.ADJUST
        await self._record(kind, moves, reason, moment, actor_id=actor_id, order_id=order_id)
        await self.backorders.give_out([variant_id], moment)
        await self._tell_low([(variant_id, delta)])
        self._log(Act.STOCK_ADJUSTED, [(level, place, level.on_hand + delta)], reason)
        self._touch([home.product_id])

    async def _end(self, order_id: int, state: ReservationState) -> bool:
        live = await self.stock.all_live(order_id)
        moment = now()
        is_taken = state is ReservationState.TAKEN
        if any(each.backordered for each in live):
            # Before the reservations: who gives out arrived units takes them in this order.
            await self.stock.lock_levels_of({each.variant_id for each in live})
            live = await self.stock.all_live(order_id)
        if not live or not await self.stock.end_live(order_id, state, moment):
            return False
        change = self.stock.take if is_taken else self.stock.release
        for each in live:
            if each.quantity and not await change(each.level_id, each.quantity, moment):
                raise CountersDisagree(f"level {each.level_id} does not cover order {order_id}")
        moves = [
            (each.level_id, -each.quantity if is_taken else 0, -each.quantity)
            for each in live
            if each.quantity
        ]
        kind = MovementKind.TAKE if is_taken else MovementKind.RELEASE
        reason = "order paid" if is_taken else "order ended unpaid"
        await self._record(kind, moves, reason, moment, order_id=order_id)
        if not is_taken:
            await self.backorders.give_out({each.variant_id for each in live}, moment)
        self._touch(each.product_id for each in live)
        return True

    async def _refuse_what_is_short(
        self, wanted: Mapping[UUID, int], picks: Sequence[Pick], failed: Pick
    ) -> None:
        """Look again after a rival was faster; what was picked already is met."""
        open_picks = picks[picks.index(failed) :]
        missing = {pick.variant_id: wanted[pick.variant_id] for pick in open_picks}
        choose(missing, await self.stock.levels_of(missing))
        raise LostRace

    async def _tell_low(self, changes: Iterable[tuple[UUID, int]]) -> None:
        """Publish which variants have just become few; the caller holds their levels."""
        deltas: Counter[UUID] = Counter()
        for variant_id, delta in changes:
            deltas[variant_id] += delta
        fallen = [variant_id for variant_id, delta in deltas.items() if delta < 0]
        if not fallen:
            return
        for product_id, variant_id, threshold, free in await self.stock.low_among(fallen):
            if free - deltas[variant_id] > threshold:
                self.tx.publish(LowStock(product_id, variant_id, free, threshold))

    async def _change_on_hand(self, level: Level, delta: int, moment: datetime) -> None:
        changed = await self.stock.change_on_hand(level.id, delta, moment, maximum=MAXIMUM_ON_HAND)
        if changed:
            return
        if delta > 0:
            raise LevelTooHigh(variant_id=level.variant_id, maximum=MAXIMUM_ON_HAND)
        raise BelowReserved(
            variant_id=level.variant_id, on_hand=level.on_hand, reserved=level.reserved
        )

    async def _homes(self, variant_ids: Collection[UUID]) -> dict[UUID, VariantHome]:
        homes = await self.places.homes_of(variant_ids)
        for variant_id in variant_ids:
            if variant_id not in homes:
                raise VariantNotFound(variant_id=variant_id)
        return homes

    async def _record(
        self,
        kind: MovementKind,
        moves: Sequence[tuple[int, int, int]],
        reason: str,
        moment: datetime,
        *,
        actor_id: UUID | None = None,
        order_id: int | None = None,
    ) -> None:
        """Write the movements of (level, on hand, reserved) changes."""
        rows = [
            movement_row(kind, move, reason, moment, actor_id=actor_id, order_id=order_id)
            for move in moves
        ]
        if rows:
            await self.stock.add_movements(rows)

    def _log(self, act: Act, changes: Sequence[tuple[Level, str, int]], reason: str) -> None:
        """Tell the audit log what staff made of levels, in one entry a product."""
        if not is_by_operator():
            return
        for product_id in sorted({level.product_id for level, _, _ in changes}):
            of_product = [change for change in changes if change[0].product_id == product_id]
            before = [counted(level, place, level.on_hand) for level, place, _ in of_product]
            after = [counted(level, place, units) for level, place, units in of_product]
            record(
                self.tx,
                act,
                Subject.PRODUCT,
                product_id,
                before={"on_hand": before},
                after={"on_hand": after, "reason": reason},
            )

    def _touch(self, product_ids: Iterable[UUID]) -> None:
        self.tx.touch(*(f"product:{product_id}" for product_id in product_ids))
