"""Reading the best products: of a day or month, which are out of date, and of any period."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    Select,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.insights.models import BestProduct, ProductDay, RankedSpan, VendorDay
from mestore.insights.types.days import (
    BEST,
    EVERYBODY,
    LEAST,
    LISTED,
    Figure,
    Period,
    Ranked,
    Ranking,
    Span,
)
from mestore.kernel.columns import enum_column
from mestore.kernel.db import rows_of

_SPAN = bindparam("span", type_=enum_column(Span))
_FIRST = bindparam("first", type_=Date)
_LAST = bindparam("last", type_=Date)
_ALL_FIGURES = sum((getattr(VendorDay, figure.value) for figure in Figure), start=literal(0))
# Cast, because the sum of integers is a decimal on MariaDB.
_COUNTED = cast(func.sum(_ALL_FIGURES), BigInteger)
_CHANGED = (
    select(VendorDay.vendor_id, _COUNTED)
    .outerjoin(
        RankedSpan,
        and_(
            RankedSpan.vendor_id == VendorDay.vendor_id,
            RankedSpan.span == _SPAN,
            RankedSpan.day == _FIRST,
        ),
    )
    .where(VendorDay.day.between(_FIRST, _LAST))
    .group_by(VendorDay.vendor_id, RankedSpan.counted)
    .having(
        or_(VendorDay.vendor_id == EVERYBODY, func.sum(VendorDay.products) >= bindparam("least")),
        or_(RankedSpan.counted.is_(None), RankedSpan.counted != _COUNTED),
    )
)
_BEST_OF_PERIOD = (
    select(BestProduct.product_id)
    .where(
        BestProduct.vendor_id == bindparam("vendor_id", type_=Uuid),
        BestProduct.span == _SPAN,
        BestProduct.figure == bindparam("figure", type_=enum_column(Figure)),
        BestProduct.day.between(_FIRST, _LAST),
    )
    .group_by(BestProduct.product_id)
    .order_by(func.sum(BestProduct.amount).desc(), BestProduct.product_id.desc())
    .limit(LISTED)
)


def _best_of_span(*conditions: Any) -> Select[Any]:  # noqa: ANN401  column expressions
    sums = (
        cast(func.sum(getattr(ProductDay, figure.value)), BigInteger).label(figure.value)
        for figure in Figure
    )
    products = (
        select(ProductDay.product_id, *sums)
        .where(ProductDay.day.between(_FIRST, _LAST), *conditions)
        .group_by(ProductDay.product_id)
        .cte("counted")
    )
    by_figure = []
    for figure in Figure:
        amount = products.c[figure.value]
        best = (
            select(products.c.product_id, amount.label("amount"))
            .where(amount > 0)
            .order_by(amount.desc(), products.c.product_id.desc())
            .limit(BEST)
            .subquery()
        )
        by_figure.append(select(literal(figure.value).label("figure"), best))
    return select(union_all(*by_figure).subquery())


_BEST_OF_ALL = _best_of_span()
_BEST_OF_VENDOR = _best_of_span(ProductDay.vendor_id == bindparam("vendor_id", type_=Uuid))


async def changed(connection: AsyncConnection, span: Span, period: Period) -> list[Ranking]:
    """Return of whom more is counted now than when this day or month was ranked."""
    rows = await rows_of(
        connection,
        _CHANGED,
        span=span,
        first=period.first,
        last=period.last,
        least=LEAST[span],
    )
    return [Ranking(vendor_id, span, period, counted) for vendor_id, counted in rows]


async def best_of(connection: AsyncConnection, of: Ranking) -> list[Ranked]:
    """Return the best products of a day or month by each figure."""
    values: dict[str, object] = {"first": of.period.first, "last": of.period.last}
    if of.vendor_id == EVERYBODY:
        rows = await rows_of(connection, _BEST_OF_ALL, **values)
    else:
        rows = await rows_of(connection, _BEST_OF_VENDOR, **values, vendor_id=of.vendor_id)
    return [(Figure(row[0]), row[1], row[2]) for row in rows]


async def best_of_period(
    connection: AsyncConnection, vendor_id: UUID, figure: Figure, period: Period
) -> Sequence[UUID]:
    """Return what had most of a figure among the best of each day of a period, and of its months.

    Some of the best of a month may have nothing in a period that begins or ends within it.
    """
    found: dict[UUID, None] = {}
    begins = {Span.DAY: period.first, Span.MONTH: period.first.replace(day=1)}
    for span, first in begins.items():
        rows = await rows_of(
            connection,
            _BEST_OF_PERIOD,
            vendor_id=vendor_id,
            span=span,
            figure=figure,
            first=first,
            last=period.last,
        )
        found |= {row[0]: None for row in rows}
    return list(found)
