"""Holding the days of vendors against those of their products: one statement, one moment."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.insights.models import ProductDay, VendorDay
from mestore.insights.types.days import EVERYBODY, Figure
from mestore.kernel.db import rows_of

_NAMES = tuple(figure.value for figure in Figure)


def _of_products(vendor_id: ColumnElement[Any]) -> Any:  # noqa: ANN401  a SELECT
    counted = (func.sum(getattr(ProductDay, name)).label(name) for name in _NAMES)
    return select(
        vendor_id.label("vendor_id"),
        ProductDay.day.label("day"),
        func.count(ProductDay.product_id).label("products"),
        *counted,
    ).group_by(*(column for column in (vendor_id, ProductDay.day) if column is not _EVERYBODY))


_EVERYBODY = literal(EVERYBODY, Uuid)
_LESS = select(
    VendorDay.vendor_id,
    VendorDay.day,
    *((literal(0, Integer) - getattr(VendorDay, name)) for name in ("products", *_NAMES)),
)
_BOTH = union_all(
    _of_products(ProductDay.__table__.c.vendor_id), _of_products(_EVERYBODY), _LESS
).subquery()
_DISAGREEING = (
    select(_BOTH.c.vendor_id, _BOTH.c.day)
    .group_by(_BOTH.c.vendor_id, _BOTH.c.day)
    .having(or_(*(func.sum(_BOTH.c[name]) != 0 for name in ("products", *_NAMES))))
    .order_by(_BOTH.c.day, _BOTH.c.vendor_id)
    .limit(20)
)


async def disagreeing_days(connection: AsyncConnection) -> Sequence[tuple[UUID, date]]:
    """Return days of vendors, or of `EVERYBODY`, that are not what their products come to."""
    return [(row[0], row[1]) for row in await rows_of(connection, _DISAGREEING)]
