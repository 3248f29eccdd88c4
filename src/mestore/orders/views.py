"""Orders as clients read them: a constant number of statements for any number of orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of, parse_sort
from mestore.orders.errors import OrderNotFound
from mestore.orders.models import Order, OrderItem, VendorOrder
from mestore.orders.types import PROGRESS, OrderItemView, OrderStatus, OrderView, Viewer

_COLUMNS = [column for column in Order.__table__.columns if column.name != "guest_session"]
_ORDERS = select(*_COLUMNS)
_VENDOR_ORDERS = select(
    *_COLUMNS,
    VendorOrder.subtotal_minor.label("part_subtotal"),
    VendorOrder.tax_minor.label("part_tax"),
    VendorOrder.total_minor.label("part_total"),
    VendorOrder.tracking_number.label("part_tracking"),
).join(VendorOrder, VendorOrder.order_id == Order.id)
_RESERVATIONS = table(
    "stock_reservations",
    column("order_id", BigInteger),
    column("level_id", BigInteger),
    column("backordered", Integer),
    column("state", String),
)
_LEVELS = table("stock_levels", column("id", BigInteger), column("variant_id", Uuid))
_BACKORDERED = (
    select(cast(func.coalesce(func.sum(_RESERVATIONS.c.backordered), 0), Integer))
    .join(_LEVELS, _LEVELS.c.id == _RESERVATIONS.c.level_id)
    .where(
        _RESERVATIONS.c.order_id == OrderItem.order_id,
        _RESERVATIONS.c.state != "RELEASED",
        _LEVELS.c.variant_id == OrderItem.variant_id,
    )
    .correlate(OrderItem)
    .scalar_subquery()
)
_ITEMS = (
    select(
        OrderItem.order_id,
        OrderItem.id,
        OrderItem.product_id,
        OrderItem.variant_id,
        OrderItem.vendor_id,
        OrderItem.product_name,
        OrderItem.variant_title,
        OrderItem.sku,
        OrderItem.quantity,
        OrderItem.unit_price_minor,
        OrderItem.total_minor,
        OrderItem.fulfilled_quantity,
        _BACKORDERED.label("backordered"),
    )
    .where(OrderItem.order_id.in_(bindparam("order_ids", expanding=True)))
    .order_by(OrderItem.id)
)

_LAST = 100
"""Orders and sales that an average is made of."""
_LAST_PAID = (
    select(Order.total_minor)
    .where(Order.buyer_id == bindparam("of_buyer"), Order.status.in_(PROGRESS))
    .order_by(Order.id.desc())
    .limit(_LAST)
    .subquery()
)
_LAST_SALES = (
    select(VendorOrder.total_minor)
    .where(
        VendorOrder.vendor_id == bindparam("of_vendor"),
        VendorOrder.order_id < bindparam("before"),
        VendorOrder.status.in_(PROGRESS),
    )
    .order_by(VendorOrder.order_id.desc())
    .limit(_LAST)
    .subquery()
)
_PAID_BY, _SALES = (
    select(func.count(), func.coalesce(func.sum(last.c.total_minor), 0)).select_from(last)
    for last in (_LAST_PAID, _LAST_SALES)
)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders a list shows."""

    status: OrderStatus | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


def _visible(viewer: Viewer) -> tuple[Select[*tuple[Any, ...]], ColumnElement[bool] | None]:
    """Return the statement and condition that every read of this viewer starts from."""
    if viewer.is_staff:
        return _ORDERS, None
    if viewer.vendor_id is not None:
        return _VENDOR_ORDERS, VendorOrder.vendor_id == viewer.vendor_id
    if viewer.buyer_id is not None:
        return _ORDERS, Order.buyer_id == viewer.buyer_id
    return _ORDERS, and_(
        Order.buyer_id.is_(None),
        Order.guest_session.is_not(None),
        Order.guest_session == viewer.guest_session,
    )


@dataclass(frozen=True, slots=True)
class OrderViews:
    """Reads orders for one viewer."""

    connection: AsyncConnection
    viewer: Viewer

    async def get(self, order_id: int) -> OrderView:
        """Return one order; what the viewer may not see is not there."""
        for scope in self.viewer.scopes():
            query, condition = _visible(scope)
            if condition is not None:
                query = query.where(condition)
            row = (await self.connection.execute(query.where(Order.id == order_id))).one_or_none()
            if row is not None:
                items = await self._items([order_id], scope)
                return _view(row._mapping, items.get(order_id, []), scope)
        raise OrderNotFound

    async def page(
        self, wanted: PageRequest, order: SortKey, filter_: OrderFilter
    ) -> Page[OrderView]:
        """Return one page of orders."""
        query, condition = _visible(self.viewer)
        conditions = [part for part in (condition, *_conditions(filter_)) if part is not None]
        rows = (await self.connection.execute(apply(query.where(*conditions), wanted, order))).all()
        counted = select(func.count()).select_from(Order)
        if self.viewer.vendor_id is not None:
            counted = counted.join(VendorOrder, VendorOrder.order_id == Order.id)
        total = (await self.connection.execute(counted.where(*conditions))).scalar_one()
        page = page_of(rows, wanted, order, total, (order.column.key, "id"))
        items = await self._items([row.id for row in page.rows], self.viewer)
        views = [_view(row._mapping, items.get(row.id, []), self.viewer) for row in page.rows]
        return Page(views, page.pagination)

    async def _items(
        self, order_ids: Sequence[int], scope: Viewer
    ) -> dict[int, list[OrderItemView]]:
        if not order_ids:
            return {}
        found: dict[int, list[OrderItemView]] = {}
        for row in await self.connection.execute(_ITEMS, {"order_ids": order_ids}):
            if scope.vendor_id in {None, row.vendor_id}:
                found.setdefault(row.order_id, []).append(_item(row))
        return found


def _view(row: Mapping[Any, Any], items: list[OrderItemView], scope: Viewer) -> OrderView:
    if scope.vendor_id is None:
        return order_view(row, items)
    part = {
        "subtotal_minor": row["part_subtotal"],
        "tax_minor": row["part_tax"],
        "shipping_minor": 0,
        "discount_minor": 0,
        "total_minor": row["part_total"],
        "tracking_number": row["part_tracking"],
        # A vendor ships, and needs no way to write to the operator's customer.
        "customer_email": None,
        "billing_address": None,
    }
    return order_view({**row, **part}, items)


def order_view(row: Mapping[Any, Any], items: list[OrderItemView]) -> OrderView:
    """Return the row of an order with its lines as clients see them."""
    return OrderView(
        customer_phone=row["shipping_phone"],
        items=items,
        subtotal=to_number(row["subtotal_minor"]),
        tax_amount=to_number(row["tax_minor"]),
        shipping_amount=to_number(row["shipping_minor"]),
        discount_amount=to_number(row["discount_minor"]),
        total_amount=to_number(row["total_minor"]),
        is_held=row["held_at"] is not None and row["status"] is OrderStatus.CONFIRMED,
        **{name: row[name] for name in _COPIED},
    )


_COPIED = (
    "id",
    "order_number",
    "status",
    "financial_status",
    "fulfillment_status",
    "buyer_id",
    "customer_email",
    "currency",
    "shipping_name",
    "shipping_phone",
    "shipping_address",
    "shipping_city",
    "shipping_state",
    "shipping_method",
    "billing_address",
    "tracking_number",
    "tracking_url",
    "notes",
    "tags",
    "source",
    "created_at",
    "updated_at",
    "expires_at",
    "shipped_at",
    "delivered_at",
    "cancelled_at",
    "version",
)


def sort_key(sort: str | None) -> SortKey:
    """Return the order of a list: `created_at` or `total_amount`, the newest first by default."""
    columns = {"created_at": Order.created_at, "total_amount": Order.total_minor}
    return parse_sort(sort, "-created_at", columns, Order.id)


def _conditions(filter_: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filter_.status is not None:
        found.append(Order.status == filter_.status)
    if filter_.created_from is not None:
        found.append(Order.created_at >= filter_.created_from)
    if filter_.created_to is not None:
        found.append(Order.created_at <= filter_.created_to)
    return found


def _item(row: Any) -> OrderItemView:  # noqa: ANN401  a row of _ITEMS
    return OrderItemView(
        id=row.id,
        product_id=row.product_id,
        variant_id=row.variant_id,
        vendor_id=row.vendor_id,
        product_name=row.product_name,
        variant_title=row.variant_title,
        sku=row.sku,
        quantity=row.quantity,
        unit_price=to_number(row.unit_price_minor),
        total_price=to_number(row.total_minor),
        fulfilled_quantity=row.fulfilled_quantity,
        backordered_quantity=row.backordered,
    )


async def paid_by(connection: AsyncConnection, buyer_id: UUID) -> tuple[int, int]:
    """Return how many of a buyer's last orders are paid, and their sum."""
    count, total = (await connection.execute(_PAID_BY, {"of_buyer": buyer_id})).one()
    return count, int(total)


async def sales_before(
    connection: AsyncConnection, vendor_id: UUID, order_id: int
) -> tuple[int, int]:
    """Return how many of a shop's last parts before an order are paid, and their sum."""
    values = {"of_vendor": vendor_id, "before": order_id}
    count, total = (await connection.execute(_SALES, values)).one()
    return count, int(total)
