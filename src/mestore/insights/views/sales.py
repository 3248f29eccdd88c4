"""What orders and refunds say of a sale: when it was paid, what was given back of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.insights.types.days import DayCount
from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import rows_of
from mestore.orders.types import FinancialStatus, StatusKind

_CHANGES = table(
    "order_changes",
    column("order_id", BigInteger),
    column("kind", String),
    column("to_status", String),
    column("created_at", UtcDateTime),
)
_ITEMS = table(
    "order_items", column("id", BigInteger), column("product_id", Uuid), column("vendor_id", Uuid)
)
_REFUNDS = table("refunds", column("id", BigInteger), column("ended_at", UtcDateTime))
_LINES = table(
    "refund_lines",
    column("refund_id", BigInteger),
    column("order_item_id", BigInteger),
    column("quantity", Integer),
    column("amount_minor", BigInteger),
)
_PAID = (
    select(_CHANGES.c.created_at)
    .where(
        _CHANGES.c.order_id == bindparam("order_id"),
        _CHANGES.c.kind == StatusKind.FINANCIAL.value,
        _CHANGES.c.to_status == FinancialStatus.PAID.value,
    )
    .order_by(_CHANGES.c.created_at.desc())
    .limit(1)
)
# Cast, because the sum of integers is a decimal on MariaDB.
_REFUNDED = (
    select(
        _ITEMS.c.product_id,
        _ITEMS.c.vendor_id,
        _REFUNDS.c.ended_at,
        cast(func.sum(_LINES.c.quantity), BigInteger),
        cast(func.sum(_LINES.c.amount_minor), BigInteger),
    )
    .select_from(_LINES)
    .join(_ITEMS, _ITEMS.c.id == _LINES.c.order_item_id)
    .join(_REFUNDS, _REFUNDS.c.id == _LINES.c.refund_id)
    .where(_LINES.c.refund_id == bindparam("refund_id"))
    .group_by(_ITEMS.c.product_id, _ITEMS.c.vendor_id, _REFUNDS.c.ended_at)
)


async def sold_on(connection: AsyncConnection, order_id: int) -> datetime:
    """Return when an order was paid."""
    rows = await rows_of(connection, _PAID, order_id=order_id)
    found: datetime = rows[0][0] if rows else now()
    return found


async def refunded_lines(connection: AsyncConnection, refund_id: int) -> list[DayCount]:
    """Return what a refund that went through gave back, by product; shipping is no product's."""
    rows = await rows_of(connection, _REFUNDED, refund_id=refund_id)
    return [_refunded(*row) for row in rows]


def _refunded(
    product_id: UUID, vendor_id: UUID, ended_at: datetime, units: int, amount_minor: int
) -> DayCount:
    return DayCount(
        day=ended_at.astimezone(BOGOTA).date(),
        product_id=product_id,
        vendor_id=vendor_id,
        refunded_units=units,
        refunds_minor=amount_minor,
    )
