"""Delivered parts of orders, as releases ask about them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    String,
    Uuid,
    and_,
    bindparam,
    column,
    exists,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.earnings.models import Release
from mestore.earnings.types import Part, Wanted
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import rows_of
from mestore.orders.types import FinancialStatus, OrderStatus
from mestore.refunds.types import OPEN_STATES

_PARTS = table(
    "vendor_orders",
    column("id", BigInteger),
    column("order_id", BigInteger),
    column("vendor_id", Uuid),
    column("total_minor", BigInteger),
    column("delivered_at", UtcDateTime),
)
_ORDERS = table(
    "orders",
    column("id", BigInteger),
    column("currency", String),
    column("status", String),
    column("financial_status", String),
)
_ITEMS = table(
    "order_items",
    column("order_id", BigInteger),
    column("vendor_id", Uuid),
    column("refunded_minor", BigInteger),
)
_COMMISSIONS = table(
    "commissions",
    column("id", BigInteger),
    column("order_id", BigInteger),
    column("vendor_id", Uuid),
)
_REFUNDS = table(
    "refunds", column("id", BigInteger), column("order_id", BigInteger), column("state", String)
)
_REFUND_LINES = table("refund_lines", column("refund_id", BigInteger), column("vendor_id", Uuid))
# A refund of the shipping fee alone has no lines, and is no vendor's.
_is_being_refunded = exists(
    select(_REFUNDS.c.id)
    .join(_REFUND_LINES, _REFUND_LINES.c.refund_id == _REFUNDS.c.id)
    .where(
        _REFUNDS.c.order_id == _PARTS.c.order_id,
        _REFUND_LINES.c.vendor_id == _PARTS.c.vendor_id,
        _REFUNDS.c.state.in_(sorted(state.value for state in OPEN_STATES)),
    )
)
# What a refund under way would give back counts too; a release waits for its end.
_given_back = (
    select(func.coalesce(func.sum(_ITEMS.c.refunded_minor), 0))
    .where(_ITEMS.c.order_id == _PARTS.c.order_id, _ITEMS.c.vendor_id == _PARTS.c.vendor_id)
    .scalar_subquery()
)
_is_over = and_(
    _given_back == _PARTS.c.total_minor,
    or_(
        _ORDERS.c.financial_status == FinancialStatus.REFUNDED.value,
        and_(
            _ORDERS.c.financial_status == FinancialStatus.PARTIALLY_REFUNDED.value,
            # Of what was free nothing can go back: it is over with the rest of its order.
            _PARTS.c.total_minor > 0,
        ),
        and_(
            _ORDERS.c.financial_status == FinancialStatus.PAID.value,
            _ORDERS.c.status == OrderStatus.CANCELLED.value,
        ),
    ),
)
_PART = (
    select(
        _PARTS.c.order_id,
        _PARTS.c.vendor_id,
        _ORDERS.c.currency,
        _PARTS.c.delivered_at,
        _is_over,
        _is_being_refunded,
    )
    .join(_ORDERS, _ORDERS.c.id == _PARTS.c.order_id)
    .where(_PARTS.c.order_id == bindparam("order_id"), _PARTS.c.vendor_id == bindparam("vendor_id"))
)
_OVER = (
    select(_PARTS.c.vendor_id)
    .join(_ORDERS, _ORDERS.c.id == _PARTS.c.order_id)
    .where(_PARTS.c.order_id == bindparam("order_id"), _PARTS.c.delivered_at.is_(None), _is_over)
    .order_by(_PARTS.c.vendor_id)
)
_UNPLANNED = (
    select(_PARTS.c.order_id, _PARTS.c.vendor_id, _PARTS.c.delivered_at)
    .outerjoin(
        Release,
        and_(Release.order_id == _PARTS.c.order_id, Release.vendor_id == _PARTS.c.vendor_id),
    )
    .where(_PARTS.c.delivered_at.is_not(None), Release.id.is_(None))
    .order_by(_PARTS.c.id)
    .limit(bindparam("most"))
)
_OF_COMMISSIONS = (
    select(_COMMISSIONS.c.order_id, _COMMISSIONS.c.vendor_id, _COMMISSIONS.c.id)
    .where(_COMMISSIONS.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_COMMISSIONS.c.id)
)
_OF_ORDERS = (
    select(_PARTS.c.order_id, _PARTS.c.vendor_id)
    .where(_PARTS.c.order_id.in_(bindparam("ids", expanding=True)))
    .order_by(_PARTS.c.order_id, _PARTS.c.vendor_id)
)


async def find_part(connection: AsyncConnection, order_id: int, vendor_id: UUID) -> Part | None:
    """Return a vendor's part of an order."""
    for row in await rows_of(connection, _PART, order_id=order_id, vendor_id=vendor_id):
        order, vendor, currency, delivered_at, is_over, has_open_refund = row
        return Part(order, vendor, currency, delivered_at, bool(is_over), bool(has_open_refund))
    return None


async def over_parts(connection: AsyncConnection, order_id: int) -> list[UUID]:
    """Return the vendors whose parts of an order are over and were not delivered."""
    return [vendor_id for (vendor_id,) in await rows_of(connection, _OVER, order_id=order_id)]


async def unplanned_parts(
    connection: AsyncConnection, most: int
) -> list[tuple[int, UUID, datetime]]:
    """Return delivered parts whose release nobody planned, the oldest first."""
    rows = await rows_of(connection, _UNPLANNED, most=most)
    return [(order_id, vendor_id, delivered) for order_id, vendor_id, delivered in rows]


async def wanted_parts(
    connection: AsyncConnection, commission_ids: Sequence[int], order_ids: Sequence[int]
) -> list[Wanted]:
    """Return the parts that these ids name; of an order all of its parts."""
    found: list[Wanted] = []
    if commission_ids:
        rows = await connection.execute(_OF_COMMISSIONS, {"ids": list(commission_ids)})
        found += [Wanted(*row) for row in rows]
    if order_ids:
        rows = await connection.execute(_OF_ORDERS, {"ids": list(order_ids)})
        found += [Wanted(*row) for row in rows]
    return found
