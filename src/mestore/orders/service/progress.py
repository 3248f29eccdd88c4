"""How an order goes on after it was paid: each vendor's part on its own, the order as they do."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.inventory.service import InventoryService
from mestore.inventory.service.backorders import Backorders
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace
from mestore.orders.errors import (
    OrderHeld,
    OrderNotFound,
    StatusNotReachable,
    StatusSetElsewhere,
    UnitsNotArrived,
)
from mestore.orders.events import OrderDelivered
from mestore.orders.repository import OrderRepository
from mestore.orders.service.placed import change_row
from mestore.orders.types import (
    PROGRESS,
    FulfillmentStatus,
    OrderStanding,
    OrderStatus,
    StatusKind,
    next_of,
)


class OrderProgress:
    """Moves the parts of an order along CONFIRMED, PROCESSING, SHIPPED, DELIVERED."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.orders = OrderRepository(tx.connection)

    async def advance(
        self,
        order_id: int,
        to: OrderStatus,
        actor_id: UUID | None,
        *,
        vendor_id: UUID | None = None,
        notes: str | None = None,
    ) -> None:
        """Move one vendor's part of an order, or all that are behind, one step on to `to`.

        Raises `OrderNotFound`, `OrderHeld` while staff looks at its payment, `StatusSetElsewhere`
        where `to` is no step of the way, `StatusNotReachable` where a part is not directly before
        it, and `UnitsNotArrived` where units that a part to be sent still owes are backordered.
        Publishes `OrderDelivered` for each part that arrives.
        """
        if to in {OrderStatus.CANCELLED, OrderStatus.REFUNDED}:
            raise StatusSetElsewhere(status=to.value)
        order = await self.orders.lock_standing(order_id)
        parts = dict(await self.orders.all_standings(order_id))
        if vendor_id is not None and vendor_id not in parts:
            raise OrderNotFound
        chosen = parts if vendor_id is None else {vendor_id: parts[vendor_id]}
        moving = _behind(order, to, chosen)
        moment = now()
        for vendor in sorted(moving):
            if not await self.orders.move_part(order_id, vendor, parts[vendor], to, moment):
                raise LostRace
        if to is OrderStatus.SHIPPED:
            await self._count_as_sent(order_id, moving)
        new = [to if vendor in moving else status for vendor, status in parts.items()]
        await self._note(order_id, order, new, moment)
        await self._remember(
            order_id, order, new, {one: parts[one] for one in moving}, to, actor_id, notes
        )
        if to is OrderStatus.DELIVERED:
            for vendor in moving:
                self.tx.publish(OrderDelivered(order_id, vendor))

    async def track(
        self, order_id: int, tracking_number: str, *, vendor_id: UUID | None = None
    ) -> None:
        """Write down the tracking number of a vendor's part, or of all; raises `OrderNotFound`.

        The order itself shows the number that was given last.
        """
        await self.orders.lock_standing(order_id)
        parts = dict(await self.orders.all_standings(order_id))
        if vendor_id is not None and vendor_id not in parts:
            raise OrderNotFound
        for vendor in sorted(parts) if vendor_id is None else (vendor_id,):
            await self.orders.track_part(order_id, vendor, tracking_number)
        await self.orders.track(order_id, tracking_number, now())

    async def _count_as_sent(self, order_id: int, vendors: Collection[UUID]) -> None:
        if waiting := await Backorders(self.tx).of(order_id):
            here = await InventoryService(self.tx).taken(order_id)
            wanted = await self.orders.to_send(order_id, vendors)
            missing = (max(wanted.get(each, 0) - here.get(each, 0), 0) for each in waiting)
            if units := sum(missing):
                raise UnitsNotArrived(units=units)
        await self.orders.count_as_sent(order_id, vendors)

    async def _note(
        self, order_id: int, old: OrderStanding, parts: Sequence[OrderStatus], moment: datetime
    ) -> None:
        status = _least(parts)
        is_whole = status is not old.status
        await self.orders.note_progress(
            order_id,
            to_status=status,
            to_fulfillment=_fulfillment(parts),
            shipped=moment if is_whole and status is OrderStatus.SHIPPED else None,
            delivered=moment if is_whole and status is OrderStatus.DELIVERED else None,
            moment=moment,
        )

    async def _remember(
        self,
        order_id: int,
        old: OrderStanding,
        parts: Sequence[OrderStatus],
        moved: Mapping[UUID, OrderStatus],
        to: OrderStatus,
        actor_id: UUID | None,
        notes: str | None,
    ) -> None:
        reason = notes or to.value.lower()
        steps: list[tuple[StatusKind, str, str, UUID | None]] = [
            (StatusKind.PART, before, to, vendor) for vendor, before in moved.items()
        ]
        status, fulfillment = _least(parts), _fulfillment(parts)
        if status is not old.status:
            steps.append((StatusKind.ORDER, old.status, status, None))
        if fulfillment is not old.fulfillment_status:
            steps.append((StatusKind.FULFILLMENT, old.fulfillment_status, fulfillment, None))
        changes: list[dict[str, Any]] = [
            {**change_row(order_id, kind, before, after, actor_id, reason), "vendor_id": vendor}
            for kind, before, after, vendor in steps
        ]
        await self.orders.add_changes(changes)
        for vendor, before in moved.items():
            record(
                self.tx,
                Act.ORDER_MOVED,
                Subject.ORDER,
                order_id,
                before={"status": before.value},
                after={"status": to.value, "vendor_id": str(vendor)},
            )


def _behind(
    order: OrderStanding, to: OrderStatus, parts: Mapping[UUID, OrderStatus]
) -> frozenset[UUID]:
    """Return the vendors whose part is directly before `to`; refuse where one cannot get there."""
    if order.status not in PROGRESS:
        raise StatusNotReachable(status=order.status.value, wanted=to.value, allowed=[])
    if order.held_at is not None:
        raise OrderHeld
    place = PROGRESS.get(to, 0)
    behind = frozenset(one for one, status in parts.items() if PROGRESS.get(status, 0) < place)
    last = _least(list(parts.values()))
    if not behind or any(PROGRESS.get(parts[one], 0) != place - 1 for one in behind):
        raise StatusNotReachable(status=last.value, wanted=to.value, allowed=next_of(last))
    return behind


def _least(parts: Sequence[OrderStatus]) -> OrderStatus:
    return min(parts, key=lambda status: PROGRESS.get(status, 0))


def _fulfillment(parts: Sequence[OrderStatus]) -> FulfillmentStatus:
    sent = sum(PROGRESS.get(status, 0) >= PROGRESS[OrderStatus.SHIPPED] for status in parts)
    if sent == len(parts):
        return FulfillmentStatus.FULFILLED
    return FulfillmentStatus.PARTIAL if sent else FulfillmentStatus.UNFULFILLED


async def delivered_orders(
    connection: AsyncConnection, buyer_id: UUID, product_id: UUID
) -> list[tuple[int, UUID]]:
    """Return the orders in which a product reached a buyer, each with the vendor."""
    return await OrderRepository(connection).all_delivered(buyer_id, product_id)
