"""Every SQL statement that writes orders, and the reads that writing needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import add_rows, affected, inserted_id, rows_of
from mestore.orders.errors import OrderNotFound
from mestore.orders.models import Order, OrderChange, OrderItem, VendorOrder
from mestore.orders.types import (
    Address,
    FinancialStatus,
    OrderMoney,
    OrderStatus,
)


def _by_key(condition: ColumnElement[bool]) -> ColumnElement[bool]:
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
_MOVE = (
    update(Order)
    .where(Order.id == bindparam("of_order"), _by_key(_STANDS))
    .values(
        status=bindparam("to_status"),
        financial_status=bindparam("to_financial"),
        cancelled_at=bindparam("new_cancelled_at"),
        cancelled_for=bindparam("new_cancelled_for"),
        updated_at=bindparam("moment"),
        version=Order.version + 1,
    )
)
_MOVE_PARTS = (
    update(VendorOrder)
    .where(
        VendorOrder.order_id == bindparam("of_order"),
        VendorOrder.status == bindparam("from_status"),
    )
    .values(status=bindparam("to_status"))
)
_UNTIL: Any = bindparam("until", type_=UtcDateTime)
_IS_UNPAID = and_(
    Order.status == OrderStatus.PENDING, Order.financial_status == FinancialStatus.PENDING
)
_IS_OVER = and_(_IS_UNPAID, Order.expires_at < bindparam("moment"))
_KEEP_UNTIL = (
    update(Order)
    .where(Order.id == bindparam("of_order"), _by_key(_IS_UNPAID))
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

    async def move_parts(self, order_id: int, come_from: OrderStatus, to: OrderStatus) -> None:
        """Change the status of all parts that stand at `come_from`."""
        await affected(
            self.connection, _MOVE_PARTS, of_order=order_id, from_status=come_from, to_status=to
        )

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
