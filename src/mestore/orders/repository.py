"""Every SQL statement that writes orders, and the reads that writing needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import affected, inserted_id
from mestore.orders.errors import OrderNotFound
from mestore.orders.models import Order, OrderChange, OrderItem, VendorOrder
from mestore.orders.types import (
    Address,
    FinancialStatus,
    OrderMoney,
    OrderStatus,
)

_INSERT_ORDER = insert(Order)
_INSERT_ITEMS = insert(OrderItem)
_INSERT_PARTS = insert(VendorOrder)
_INSERT_CHANGES = insert(OrderChange)
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
_MOVE = (
    update(Order)
    .where(
        Order.id == bindparam("of_order"),
        Order.status == bindparam("from_status"),
        Order.financial_status == bindparam("from_financial"),
    )
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
_KEEP_UNTIL = (
    update(Order)
    .where(
        Order.id == bindparam("of_order"),
        Order.status == OrderStatus.PENDING,
        Order.expires_at < bindparam("until"),
    )
    .values(expires_at=bindparam("until"))
)
_EXPIRED = (
    select(Order.id)
    .where(
        Order.status == OrderStatus.PENDING,
        Order.financial_status == FinancialStatus.PENDING,
        Order.expires_at < bindparam("moment"),
    )
    .order_by(Order.expires_at)
    .limit(bindparam("most"))
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
        await self.connection.execute(_INSERT_ITEMS, list(items))
        rows = await self.connection.execute(_ITEM_IDS, {"order_id": items[0]["order_id"]})
        return {variant: item for variant, item in rows}

    async def add_parts(self, parts: Sequence[Mapping[str, Any]]) -> None:
        """Write the part of each vendor."""
        await self.connection.execute(_INSERT_PARTS, list(parts))

    async def add_changes(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Add to the history."""
        await self.connection.execute(_INSERT_CHANGES, list(changes))

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
        """Let an unpaid order's reservation live longer, never shorter."""
        return await affected(self.connection, _KEEP_UNTIL, of_order=order_id, until=until) == 1

    async def all_expired(self, moment: datetime, most: int) -> list[int]:
        """Return ids of unpaid orders whose time is over, the oldest first."""
        rows = await self.connection.execute(_EXPIRED, {"moment": moment, "most": most})
        return list(rows.scalars())
