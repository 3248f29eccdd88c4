"""From which levels an order is served: a choice that needs no database."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mestore.inventory.errors import InsufficientStock
from mestore.inventory.types import Demand, Level, MovementKind, Pick, ReservationState, Shortage


def total_demand(demands: Iterable[Demand]) -> dict[UUID, int]:
    """Return the units asked for of each variant: two lines may ask for the same one."""
    wanted: Counter[UUID] = Counter()
    for demand in demands:
        wanted[demand.variant_id] += demand.quantity
    return dict(wanted)


def choose(
    wanted: Mapping[UUID, int], levels: Sequence[Level], can_wait: Collection[UUID] = ()
) -> list[Pick]:
    """Return from which levels to serve `wanted`, by ascending level id.

    One level that has enough is preferred, the oldest first; else the fullest levels share. Of
    variants that can wait, what is missing is to arrive at the oldest level.
    Raises `InsufficientStock` with every variant that its levels cannot serve together.
    """
    shortages, picks = [], []
    for variant_id, units in wanted.items():
        own = [level for level in levels if level.variant_id == variant_id]
        available = sum(level.available for level in own)
        if available < units and variant_id in can_wait:
            picks += _share_and_wait(units - available, own)
            continue
        if available < units:
            shortages.append(Shortage(variant_id, units, available))
            continue
        picks += _share(units, own)
    if shortages:
        raise InsufficientStock(lines=[_shown(shortage) for shortage in shortages])
    return sorted(picks, key=lambda pick: pick.level_id)


def _share(units: int, levels: Sequence[Level]) -> list[Pick]:
    for level in levels:
        if level.available >= units:
            return [Pick(level.id, level.variant_id, units)]
    picks = []
    for level in sorted(levels, key=lambda level: -level.available):
        part = min(units, level.available)
        if part > 0:
            picks.append(Pick(level.id, level.variant_id, part))
            units -= part
    return picks


def _share_and_wait(missing: int, levels: Sequence[Level]) -> list[Pick]:
    """Take all there is; `levels` are by ascending id, and there is at least one."""
    first = levels[0]
    picks = [Pick(first.id, first.variant_id, first.available, missing)]
    for level in levels[1:]:
        if level.available:
            picks.append(Pick(level.id, level.variant_id, level.available))
    return picks


def _shown(shortage: Shortage) -> dict[str, object]:
    return {
        "variant_id": str(shortage.variant_id),
        "requested": shortage.requested,
        "available": shortage.available,
    }


def counted(level: Level, place: str, units: int) -> dict[str, object]:
    """Return a level as the audit log tells of it."""
    return {"variant_id": level.variant_id, "location": place, "units": units}


def reservation_row(order_id: int, pick: Pick, moment: datetime) -> dict[str, Any]:
    """Return the row of a live reservation."""
    return {
        "order_id": order_id,
        "level_id": pick.level_id,
        "quantity": pick.quantity,
        "backordered": pick.backordered,
        "state": ReservationState.LIVE,
        "created_at": moment,
        "updated_at": moment,
    }


def movement_row(
    kind: MovementKind,
    move: tuple[int, int, int],
    reason: str,
    moment: datetime,
    *,
    actor_id: UUID | None = None,
    order_id: int | None = None,
) -> dict[str, Any]:
    """Return the row of a (level, on hand, reserved) change."""
    level_id, on_hand, reserved = move
    return {
        "level_id": level_id,
        "kind": kind,
        "on_hand_change": on_hand,
        "reserved_change": reserved,
        "reason": reason,
        "actor_id": actor_id,
        "order_id": order_id,
        "created_at": moment,
    }
