"""Figures by product over some days: a page of them, their totals, the products' names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.types import before_deletion
from mestore.insights.models import ProductDay, VendorDay
from mestore.insights.types.days import (
    EVERYBODY,
    LISTED,
    MOST_READ,
    Figure,
    Figures,
    Period,
    ProductFigures,
)
from mestore.insights.views.ranks import best_of_period
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import rows_of
from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of, parse_sort

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("name", String),
    column("sku", String),
    column("slug", String),
    column("deleted_at", UtcDateTime),
)
_COUNTED = ("views", "carts", "orders", "units", "refunded_units", "sales_minor", "refunds_minor")
_MOST_REVENUE = "-revenue"
_RANKS = {
    **{name: Figure(name) for name in _COUNTED[:5]},
    "sales": Figure.SALES,
    "refunds": Figure.REFUNDS,
    # No sums of days: the list has the products with most of the figure that they come from.
    "revenue": Figure.SALES,
    "conversion": Figure.ORDERS,
}


def _sum(column: Any) -> ColumnElement[int]:  # noqa: ANN401  a column
    # Cast, because the sum of integers is a decimal on MariaDB.
    return cast(func.coalesce(func.sum(column), 0), BigInteger).label(column.key)


_TOTALS = select(
    *(_sum(getattr(VendorDay, name)) for name in _COUNTED), _sum(VendorDay.products)
).where(
    VendorDay.vendor_id == bindparam("vendor_id", type_=Uuid),
    VendorDay.day.between(bindparam("first"), bindparam("last")),
)
_BETWEEN = ProductDay.day.between(bindparam("first"), bindparam("last"))
_OF_VENDOR = ProductDay.vendor_id == bindparam("vendor_id", type_=Uuid)
_OF_BEST = ProductDay.product_id.in_(bindparam("best", expanding=True))


class _Which(NamedTuple):
    """Which products a list has."""

    vendor: bool
    best: bool


def _conditions(which: _Which) -> list[ColumnElement[bool]]:
    if which.best:
        # A vendor's best are its own; to name it once more could make it the index that is taken.
        return [_BETWEEN, _OF_BEST]
    return [_BETWEEN, _OF_VENDOR] if which.vendor else [_BETWEEN]


def _figures_of(which: _Which) -> Any:  # noqa: ANN401  a subquery
    groups = (ProductDay.product_id, ProductDay.vendor_id)
    sums = (_sum(getattr(ProductDay, name)) for name in _COUNTED)
    # How many there are, from the same rows: to count them apart would read everything twice.
    number = func.count().over().label("listed")
    grouped = select(*groups, *sums, number).where(*_conditions(which)).group_by(*groups)
    return grouped.subquery("figures")


_LISTS = tuple(_Which(vendor, best) for vendor in (False, True) for best in (False, True))
_FIGURES = {which: _figures_of(which) for which in _LISTS}
_COUNTS = {
    which: select(func.count(ProductDay.product_id.distinct())).where(*_conditions(which))
    for which in _LISTS
}
_NAMES = select(
    _PRODUCTS.c.id,
    _PRODUCTS.c.name,
    _PRODUCTS.c.sku,
    _PRODUCTS.c.slug,
    _PRODUCTS.c.deleted_at,
).where(_PRODUCTS.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class ProductReport:
    """What was counted over a period, and a page of products; all have their turn or the best."""

    totals: Figures
    page: Page[ProductFigures]
    lists_all: bool


async def page_of_products(
    connection: AsyncConnection,
    period: Period,
    vendor_id: UUID | None,
    wanted: PageRequest,
    sort: str | None,
) -> ProductReport:
    """Return what was counted over a period, in all and product by product, most revenue first.

    `vendor_id` is None for all vendors. Products without anything in the period are left out; where
    that are too many rows to add up, so are all but the best.
    """
    of = vendor_id or EVERYBODY
    values: dict[str, Any] = {"vendor_id": of, "first": period.first, "last": period.last}
    ((*sums, rows_counted),) = await rows_of(connection, _TOTALS, **values)
    best = await _best(connection, of, period, sort) if rows_counted > MOST_READ else []
    which = _Which(vendor=vendor_id is not None, best=bool(best))
    if best:
        values["best"] = best
    figures = _FIGURES[which]
    order = _order(figures, sort)
    query = apply(select(*figures.c, order.column.label("sort_value")), wanted, order)
    rows = (await connection.execute(query, values)).all()
    # Behind the last page no row tells.
    count = rows[0].listed if rows else await _count(connection, which, values)
    page = page_of(rows, wanted, order, count, ("sort_value", "product_id"))
    names = await _names(connection, [row.product_id for row in page.rows])
    shown = [_product(row, names.get(row.product_id)) for row in page.rows]
    totals = Figures(**_figures(dict(zip(_COUNTED, sums, strict=True))))
    return ProductReport(totals, Page(shown, page.pagination), lists_all=not best)


async def _count(connection: AsyncConnection, which: _Which, values: Mapping[str, Any]) -> int:
    counted: int = (await connection.execute(_COUNTS[which], values)).scalar_one()
    return counted


async def _best(
    connection: AsyncConnection, of: UUID, period: Period, sort: str | None
) -> Sequence[UUID]:
    """Return the best products by what a list is sorted by; none where no day is ranked yet."""
    asked = _RANKS.get((sort or _MOST_REVENUE).removeprefix("-"), Figure.SALES)
    found: dict[UUID, None] = {}
    # Where few products have something of it, the list goes on with what was looked at most.
    for figure in (asked, Figure.VIEWS, Figure.SALES):
        found |= dict.fromkeys(await best_of_period(connection, of, figure, period))
        if len(found) >= LISTED:
            break
    return list(found)


def _order(figures: Any, sort: str | None) -> SortKey:  # noqa: ANN401  a subquery
    counted = figures.c
    hundredths = cast(counted.orders * 10_000 // func.nullif(counted.views, 0), BigInteger)
    columns = {
        **{name: counted[name] for name in _COUNTED[:5]},
        "sales": counted.sales_minor,
        "refunds": counted.refunds_minor,
        "revenue": counted.sales_minor - counted.refunds_minor,
        # What nobody looked at comes after everything else.
        "conversion": case((counted.views == 0, -1), else_=hundredths),
    }
    return parse_sort(sort, _MOST_REVENUE, columns, counted.product_id)


async def _names(connection: AsyncConnection, ids: list[UUID]) -> Mapping[UUID, Any]:
    if not ids:
        return {}
    return {row[0]: row for row in await rows_of(connection, _NAMES, ids=ids)}


def _product(row: Any, named: Any) -> ProductFigures:  # noqa: ANN401  rows
    _, name, sku, slug, deleted_at = named or (None, "", "", "", True)
    return ProductFigures(
        product_id=row.product_id,
        vendor_id=row.vendor_id,
        name=name,
        sku=before_deletion(sku, row.product_id),
        slug=before_deletion(slug, row.product_id),
        is_deleted=deleted_at is not None,
        **_figures(row._mapping),
    )


def _figures(counted: Mapping[Any, Any]) -> dict[str, Any]:
    views, orders = counted["views"], counted["orders"]
    sales, refunds = counted["sales_minor"], counted["refunds_minor"]
    return {
        **{name: counted[name] for name in _COUNTED[:5]},
        "sales": to_number(sales),
        "refunds": to_number(refunds),
        "revenue": to_number(sales - refunds),
        "conversion": to_number(orders * 10_000 // views) if views else None,
    }
