"""Every SQL statement that writes orders, and the reads that writing needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.columns import Minor, UtcDateTime
from mestore.kernel.db import add_rows, affected, inserted_id, rows_of
from mestore.orders.errors import OrderNotFound
from mestore.orders.models import Order, OrderChange, OrderItem, VendorOrder
from mestore.orders.types import (
    Address,
    FinancialStatus,
    OrderMoney,
    OrderStanding,
    OrderStatus,
)


def by_key(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition that no index serves, so that rows are found by their primary key.

    MariaDB would find an order of some status through the index on it and lock that entry before
    the row, while all others lock the row first: a deadlock.
    """
    return case((condition, 1), else_=0) == 1


_INSERT_ORDER = insert(Order)
_INSERT_ITEMS = insert(OrderItem).inline()
_INSERT_PARTS = insert(VendorOrder).inline()
_INSERT_CHANGES = insert(OrderChange).inline()
_ITEM_IDS = select(OrderItem.variant_id, OrderItem.id).where(
    OrderItem.order_id == bindparam("order_id")
)
_MONEY = select(
    Order.id,
    Order.order_number,
    Order.buyer_id,
    Order.guest_session,
    Order.customer_email,
    Order.status,
    Order.financial_status,
    Order.subtotal_minor,
    Order.tax_minor,
    Order.shipping_minor,
    Order.total_minor,
    Order.currency,
    Order.expires_at,
    Order.cancelled_for,
    Order.billing_address,
    Order.shipping_name,
    Order.shipping_phone,
    Order.shipping_address,
    Order.shipping_city,
    Order.shipping_state,
).where(Order.id == bindparam("order_id"))
_ADDRESS = ("name", "phone", "address", "city", "state")
_PARTS = (
    select(VendorOrder.vendor_id, VendorOrder.total_minor)
    .where(VendorOrder.order_id == bindparam("order_id"))
    .order_by(VendorOrder.vendor_id)
)
_STANDS = and_(
    Order.status == bindparam("from_status"), Order.financial_status == bindparam("from_financial")
)
_NEW_STATUSES: Mapping[str, Any] = {
    "status": bindparam("to_status"),
    "financial_status": bindparam("to_financial"),
    "cancelled_at": bindparam("new_cancelled_at"),
    "cancelled_for": bindparam("new_cancelled_for"),
    "updated_at": bindparam("moment"),
    "version": Order.version + 1,
}
_MOVE = (
    update(Order).where(Order.id == bindparam("of_order"), by_key(_STANDS)).values(_NEW_STATUSES)
)
_MOVE_PARTS = (
    update(VendorOrder)
    .where(VendorOrder.order_id == bindparam("of_order"))
    .values(status=bindparam("to_status"))
)
_UNTIL: Any = bindparam("until", type_=UtcDateTime)
_IS_UNPAID = and_(
    Order.status == OrderStatus.PENDING, Order.financial_status == FinancialStatus.PENDING
)
_IS_OVER = and_(_IS_UNPAID, Order.expires_at < bindparam("moment"))
_KEEP_UNTIL = (
    update(Order)
    .where(Order.id == bindparam("of_order"), by_key(_IS_UNPAID))
    .values(expires_at=case((Order.expires_at < _UNTIL, _UNTIL), else_=Order.expires_at))
)
_EXPIRED = (
    select(Order.id)
    .where(_IS_OVER, Order.id > bindparam("after"))
    .order_by(Order.id)
    .limit(bindparam("most"))
)
_LOCK_EXPIRED = (
    select(Order.id).where(Order.id == bindparam("of_order"), _IS_OVER).with_for_update()
)
_LOCK = (
    select(Order.refunded_minor, Order.refunded_shipping_minor)
    .where(Order.id == bindparam("order_id"))
    .with_for_update()
)
_LINES = (
    select(
        OrderItem.id,
        OrderItem.vendor_id,
        OrderItem.product_id,
        OrderItem.variant_id,
        OrderItem.product_name,
        OrderItem.quantity,
        OrderItem.total_minor,
        OrderItem.tax_minor,
        OrderItem.refunded_quantity,
        OrderItem.refunded_minor,
        OrderItem.fulfilled_quantity,
    )
    .where(OrderItem.order_id == bindparam("order_id"))
    .order_by(OrderItem.id)
)
_GIVE_BACK = (
    update(Order)
    .where(
        Order.id == bindparam("of_order"),
        Order.refunded_minor + bindparam("total", type_=Minor) <= Order.total_minor,
        Order.refunded_shipping_minor + bindparam("shipping", type_=Minor) <= Order.shipping_minor,
    )
    .values(
        refunded_minor=Order.refunded_minor + bindparam("total", type_=Minor),
        refunded_shipping_minor=Order.refunded_shipping_minor + bindparam("shipping", type_=Minor),
    )
)
_GIVE_LINE_BACK = (
    update(OrderItem)
    .where(
        OrderItem.id == bindparam("of_item"),
        OrderItem.refunded_quantity + bindparam("units", type_=Integer) <= OrderItem.quantity,
        OrderItem.refunded_minor + bindparam("amount", type_=Minor)
        <= bindparam("paid", type_=Minor),
    )
    .values(
        refunded_quantity=OrderItem.refunded_quantity + bindparam("units", type_=Integer),
        refunded_minor=OrderItem.refunded_minor + bindparam("amount", type_=Minor),
    )
)
_NOTE_REFUND = (
    update(Order)
    .where(
        Order.id == bindparam("of_order"),
        by_key(
            Order.financial_status.in_((FinancialStatus.PAID, FinancialStatus.PARTIALLY_REFUNDED))
        ),
    )
    .values(_NEW_STATUSES)
)
_LOCK_STANDING = (
    select(Order.status, Order.fulfillment_status, Order.held_at)
    .where(Order.id == bindparam("order_id"))
    .with_for_update()
)
_STANDINGS = (
    select(VendorOrder.vendor_id, VendorOrder.status)
    .where(VendorOrder.order_id == bindparam("order_id"))
    .order_by(VendorOrder.vendor_id)
)
_DELIVERED = (
    select(Order.id, OrderItem.vendor_id)
    .join(OrderItem, OrderItem.order_id == Order.id)
    .join(
        VendorOrder,
        and_(VendorOrder.order_id == Order.id, VendorOrder.vendor_id == OrderItem.vendor_id),
    )
    .where(
        Order.buyer_id == bindparam("of_buyer"),
        OrderItem.product_id == bindparam("of_product"),
        VendorOrder.status == OrderStatus.DELIVERED,
        # What was given back before it was sent never reached anybody.
        OrderItem.fulfilled_quantity > 0,
    )
    .distinct()
)
_THE_PART = and_(
    VendorOrder.order_id == bindparam("of_order"), VendorOrder.vendor_id == bindparam("of_vendor")
)
_MOVE_PART = (
    update(VendorOrder)
    .where(_THE_PART, by_key(VendorOrder.status == bindparam("from_status")))
    .values(
        status=bindparam("to_status"),
        shipped_at=func.coalesce(VendorOrder.shipped_at, bindparam("shipped", type_=UtcDateTime)),
        delivered_at=bindparam("delivered"),
    )
)
_TO_SEND = select(OrderItem.variant_id, OrderItem.quantity - OrderItem.refunded_quantity).where(
    OrderItem.order_id == bindparam("of_order"),
    OrderItem.vendor_id.in_(bindparam("vendors", expanding=True)),
)
_COUNT_AS_SENT = (
    update(OrderItem)
    .where(
        OrderItem.order_id == bindparam("of_order"),
        OrderItem.vendor_id.in_(bindparam("vendors", expanding=True)),
    )
    # What was given back before is not sent.
    .values(fulfilled_quantity=OrderItem.quantity - OrderItem.refunded_quantity)
)
_NOTE_PROGRESS = (
    update(Order)
    .where(Order.id == bindparam("of_order"))
    .values(
        status=bindparam("to_status"),
        fulfillment_status=bindparam("to_fulfillment"),
        shipped_at=func.coalesce(Order.shipped_at, bindparam("shipped", type_=UtcDateTime)),
        delivered_at=func.coalesce(Order.delivered_at, bindparam("delivered", type_=UtcDateTime)),
        updated_at=bindparam("moment"),
        version=Order.version + 1,
    )
)
_TRACK_PART = update(VendorOrder).where(_THE_PART).values(tracking_number=bindparam("number"))
_TRACK = (
    update(Order)
    .where(Order.id == bindparam("of_order"))
    .values(
        tracking_number=bindparam("number"),
        updated_at=bindparam("moment"),
        version=Order.version + 1,
    )
)


@dataclass(frozen=True, slots=True)
class OrderRepository:
    """Orders with their lines, parts and history."""

    connection: AsyncConnection

    async def add(self, order: Mapping[str, Any]) -> int:
        """Write an order and return its id."""
        return await inserted_id(self.connection, _INSERT_ORDER, order)

    async def add_items(self, items: Sequence[Mapping[str, Any]]) -> dict[UUID, int]:
        """Write an order's lines and return their ids by variant."""
        await add_rows(self.connection, _INSERT_ITEMS, items)
        rows = await rows_of(self.connection, _ITEM_IDS, order_id=items[0]["order_id"])
        return {variant: item for variant, item in rows}

    async def add_parts(self, parts: Sequence[Mapping[str, Any]]) -> None:
        """Write the part of each vendor."""
        await add_rows(self.connection, _INSERT_PARTS, parts)

    async def add_changes(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Add to the history."""
        await add_rows(self.connection, _INSERT_CHANGES, changes)

    async def get_money(self, order_id: int) -> OrderMoney:
        """Return what payments need to know of an order."""
        row = (await self.connection.execute(_MONEY, {"order_id": order_id})).one_or_none()
        if row is None:
            raise OrderNotFound
        values = dict(row._mapping)
        shipping = {name: values.pop(f"shipping_{name}") for name in _ADDRESS}
        return OrderMoney(**values, ship_to=Address(**shipping))

    async def all_parts(self, order_id: int) -> list[tuple[UUID, int]]:
        """Return each vendor's gross of an order, in minor units, ordered by vendor."""
        rows = await self.connection.execute(_PARTS, {"order_id": order_id})
        return [(vendor, total) for vendor, total in rows]

    async def move(self, order_id: int, **statuses: object) -> bool:
        """Change both statuses of an order if it still stands where it is left from."""
        return await affected(self.connection, _MOVE, of_order=order_id, **statuses) == 1

    async def move_parts(self, order_id: int, to: OrderStatus) -> None:
        """Set the status of all parts, wherever each of them stands."""
        await affected(self.connection, _MOVE_PARTS, of_order=order_id, to_status=to)

    async def lock(self, order_id: int) -> tuple[int, int]:
        """Hold an order; return what of it, and of its shipping, was given back."""
        row = (await self.connection.execute(_LOCK, {"order_id": order_id})).one_or_none()
        if row is None:
            raise OrderNotFound
        return row.refunded_minor, row.refunded_shipping_minor

    async def all_lines(self, order_id: int) -> Sequence[Any]:
        """Return the lines of an order as refunds see them."""
        return (await self.connection.execute(_LINES, {"order_id": order_id})).all()

    async def give_back(self, order_id: int, total: int, shipping: int) -> bool:
        """Count money of an order as given back; False where there is not that much left."""
        values = {"of_order": order_id, "total": total, "shipping": shipping}
        return await affected(self.connection, _GIVE_BACK, **values) == 1

    async def give_line_back(self, item_id: int, units: int, amount: int, paid: int) -> bool:
        """Count units and money of a line as given back; False where there is not that much."""
        values = {"of_item": item_id, "units": units, "amount": amount, "paid": paid}
        return await affected(self.connection, _GIVE_LINE_BACK, **values) == 1

    async def note_refund(self, order_id: int, **values: object) -> bool:
        """Set the statuses of an order whose money went back."""
        return await affected(self.connection, _NOTE_REFUND, of_order=order_id, **values) == 1

    async def keep_until(self, order_id: int, until: datetime) -> bool:
        """Let an unpaid order's reservation live longer, never shorter, and hold the order."""
        return await affected(self.connection, _KEEP_UNTIL, of_order=order_id, until=until) == 1

    async def all_expired(self, moment: datetime, after: int, most: int) -> list[int]:
        """Return ids of unpaid orders whose time is over, the first ones after id `after`."""
        values = {"moment": moment, "after": after, "most": most}
        return list((await self.connection.execute(_EXPIRED, values)).scalars())

    async def lock_expired(self, order_id: int, moment: datetime) -> bool:
        """Hold an order if it is still unpaid and its time is still over."""
        values = {"of_order": order_id, "moment": moment}
        return (await self.connection.execute(_LOCK_EXPIRED, values)).first() is not None

    async def lock_standing(self, order_id: int) -> OrderStanding:
        """Hold an order and return where it stands."""
        row = (await self.connection.execute(_LOCK_STANDING, {"order_id": order_id})).one_or_none()
        if row is None:
            raise OrderNotFound
        return OrderStanding(*row)

    async def all_standings(self, order_id: int) -> list[tuple[UUID, OrderStatus]]:
        """Return where each vendor's part of an order stands, ordered by vendor."""
        rows = await self.connection.execute(_STANDINGS, {"order_id": order_id})
        return [(vendor, status) for vendor, status in rows]

    async def move_part(
        self,
        order_id: int,
        vendor_id: UUID,
        come_from: OrderStatus,
        to: OrderStatus,
        moment: datetime,
    ) -> bool:
        """Move one vendor's part if it still stands at `come_from`."""
        values = {
            "of_order": order_id,
            "of_vendor": vendor_id,
            "from_status": come_from,
            "to_status": to,
            "shipped": moment if to is OrderStatus.SHIPPED else None,
            "delivered": moment if to is OrderStatus.DELIVERED else None,
        }
        return await affected(self.connection, _MOVE_PART, **values) == 1

    async def to_send(self, order_id: int, vendors: Collection[UUID]) -> dict[UUID, int]:
        """Return the units of each variant that these vendors owe: what is given back is not."""
        values = {"of_order": order_id, "vendors": sorted(vendors)}
        rows = await self.connection.execute(_TO_SEND, values)
        return {variant_id: units for variant_id, units in rows}

    async def count_as_sent(self, order_id: int, vendors: Collection[UUID]) -> None:
        """Count the units of these vendors as sent."""
        values = {"of_order": order_id, "vendors": sorted(vendors)}
        await affected(self.connection, _COUNT_AS_SENT, **values)

    async def note_progress(self, order_id: int, **values: object) -> None:
        """Set what an order's parts amount to; times that are there already stay."""
        await affected(self.connection, _NOTE_PROGRESS, of_order=order_id, **values)

    async def track_part(self, order_id: int, vendor_id: UUID, number: str) -> None:
        """Set the tracking number of one vendor's part."""
        values = {"of_order": order_id, "of_vendor": vendor_id, "number": number}
        await affected(self.connection, _TRACK_PART, **values)

    async def track(self, order_id: int, number: str, moment: datetime) -> None:
        """Set the tracking number that the order itself shows."""
        values = {"of_order": order_id, "number": number, "moment": moment}
        await affected(self.connection, _TRACK, **values)

    async def all_delivered(self, buyer_id: UUID, product_id: UUID) -> list[tuple[int, UUID]]:
        """Return the orders in which a product reached a buyer, each with the vendor."""
        values = {"of_buyer": buyer_id, "of_product": product_id}
        rows = await self.connection.execute(_DELIVERED, values)
        return [(order_id, vendor_id) for order_id, vendor_id in rows]
