"""Lists of products: one statement a page, built once for every shape of request.

A shape is what decides the text of the SQL: the conditions, the order, the limit, how the page is
found. Its statement is kept; a request only binds values, so SQLAlchemy's and the driver's own
caches find it by identity and by text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from mestore.catalog.models import Category, Product, Variant
from mestore.catalog.views.products import (
    LEVELS,
    OWN_COLUMNS,
    PUBLIC_COLUMNS,
    VENDORS,
    OwnProductView,
    ProductView,
    own_product,
    public_product,
    stock_of,
)
from mestore.catalog.views.totals import Totals
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import Database
from mestore.kernel.lane import Plan
from mestore.kernel.paging import (
    Page,
    PageRequest,
    SortKey,
    beyond,
    page_of,
    parse_sort,
    position_of,
)

SHAPES_KEPT = 256
NEWEST_FIRST = "-created_at"
MOST_WORDS = 6
MOST_TAGS = 5
SHORTEST_PART = 3

View = TypeVar("View")

# Numbers are given in order of creation, and every index ends in them.
_SORTS = {
    "created_at": Product.number,
    "price": Product.price_minor,
    "name": Product.name,
    "rating": Product.rating_score,
}
_HAS_STOCK = or_(
    Product.track_inventory == false(),
    exists()
    .where(LEVELS.c.product_id == Product.id, LEVELS.c.on_hand > LEVELS.c.reserved)
    .correlate(Product),
)
_OTHER = aliased(Variant)
# As the inventory's own list of what is few has it: by variant, and only where units are counted. A
# default variant that only stands for the others is not on any shelf.
_LOW_STOCK = and_(
    Product.track_inventory == true(),
    exists()
    .where(
        Variant.product_id == Product.id,
        Variant.deleted_at.is_(None),
        stock_of(LEVELS.c.variant_id == Variant.id) <= Product.low_stock_threshold,
        or_(
            Variant.is_default == false(),
            exists().where(LEVELS.c.variant_id == Variant.id),
            ~exists().where(
                _OTHER.product_id == Variant.product_id,
                _OTHER.id != Variant.id,
                _OTHER.deleted_at.is_(None),
            ),
        ),
    )
    .correlate(Product),
)

# Conditions with values that stand in an index before the number.
_INDEXED = ({"vendor"}, {"category"}, {"brand"}, {"status"}, {"vendor", "status"})
_PLACES = {column.key: place for place, column in enumerate(PUBLIC_COLUMNS)}


def _search(name: str) -> Any:  # noqa: ANN401  a condition
    return Product.search_text.like(bindparam(name))


def _beginning(name: str) -> Any:  # noqa: ANN401  a condition
    """Return the condition that a word of the name or the brand begins so, or a tag."""
    begins = bindparam(name, type_=Text)
    text = Product.search_text
    inside = (text.like(literal_column(before, Text) + begins) for before in ("'% '", "'%#'"))
    return or_(text.like(begins), *inside)


def _own_search(name: str) -> Any:  # noqa: ANN401  a condition
    return or_(_search(name), func.lower(Product.sku).like(bindparam(name)))


# Every condition that a list can have. Where it needs a value, the parameter has the same name.
_CONDITIONS: dict[str, Any] = {
    "public": Product.is_public == true(),
    "kept": Product.deleted_at.is_(None),
    "status": Product.status == bindparam("status"),
    "vendor": Product.vendor_id == bindparam("vendor"),
    "category": Product.category_id == bindparam("category"),
    "branch": Product.category_id.in_(bindparam("branch", expanding=True)),
    "brand": Product.brand_key == bindparam("brand"),
    "min_price": Product.price_minor >= bindparam("min_price"),
    "max_price": Product.price_minor <= bindparam("max_price"),
    "min_rating": Product.rating_score >= bindparam("min_rating"),
    "created_from": Product.created_at >= bindparam("created_from", type_=UtcDateTime),
    "created_to": Product.created_at < bindparam("created_to", type_=UtcDateTime),
    "in_stock": _HAS_STOCK,
    "out_of_stock": ~_HAS_STOCK,
    "low_stock": _LOW_STOCK,
    "no_low_stock": ~_LOW_STOCK,
    "featured": Product.is_featured == true(),
    "not_featured": Product.is_featured == false(),
    **{f"tag_{index}": _search(f"tag_{index}") for index in range(MOST_TAGS)},
    **{f"word_{index}": _search(f"word_{index}") for index in range(MOST_WORDS)},
    **{f"beginning_{index}": _beginning(f"beginning_{index}") for index in range(MOST_WORDS)},
    **{f"own_word_{index}": _own_search(f"own_word_{index}") for index in range(MOST_WORDS)},
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which products a list shows: conditions without a value, and those with theirs."""

    flags: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Return the names of all conditions."""
        return (*self.flags, *self.values)

    async def total(self, database: Database) -> int:
        """Count the products."""
        counted = await database.rows(_count(self.conditions), self.values, plan=Plan.ANEW)
        return int(counted[0][0])

    def plan(self, order: SortKey) -> Plan:
        """Return how a page is planned: once where an index has the conditions and the order."""
        is_sure = order.column is Product.number and self.values.keys() in _INDEXED
        return Plan.ONCE if is_sure or not self.values else Plan.ANEW


@dataclass(frozen=True, slots=True)
class Lens(Generic[View]):
    """As whom a list is seen: the columns that are read, and what becomes of a row."""

    columns: tuple[Any, ...]
    view: Callable[[Sequence[Any]], View]


PUBLIC: Lens[ProductView] = Lens(PUBLIC_COLUMNS, public_product)
OWN: Lens[OwnProductView] = Lens(OWN_COLUMNS, own_product)


def order_of(sort: str | None) -> SortKey:
    """Return the order that `sort` asks for, newest first by default; raises `UnknownSort`."""
    return parse_sort(sort, NEWEST_FIRST, _SORTS, Product.number)


async def list_products(
    database: Database,
    totals: Totals,
    listing: Listing,
    order: SortKey,
    wanted: PageRequest,
    lens: Lens[View],
) -> Page[View]:
    """Return one page of products: one statement, and one more where the total is not known."""
    position = position_of(wanted, order)
    values, way, descending = dict(listing.values), "first", order.descending
    if position is not None:
        way, descending = "after", order.descending == position.forward
        values |= {"after": position.value, "after_number": position.tiebreak}
    elif wanted.page > 1:
        way = "skipped"
        values["skipped"] = (wanted.page - 1) * wanted.per_page
    conditions, column = listing.conditions, order.column
    statement = _page(lens.columns, conditions, column, descending, wanted.per_page + 1, way)
    rows = await database.rows(statement, values, plan=listing.plan(order))
    if way == "first" and len(rows) <= wanted.per_page:
        total = len(rows)
    else:
        key = (conditions, *listing.values.values())
        total = await totals.counts.get(key, lambda: listing.total(database))
    page = page_of(rows, wanted, order, total, (_PLACES[column.key], _PLACES["number"]))
    return Page([lens.view(row) for row in page.rows], page.pagination)


@lru_cache(maxsize=SHAPES_KEPT)
def _page(
    columns: tuple[Any, ...],
    conditions: tuple[str, ...],
    column: Any,  # noqa: ANN401  the column to sort by
    descending: bool,
    limit: int,
    way: str,
) -> Select[Any]:
    """Return the statement of one shape.

    The page is found on the products alone, from an index where there is one; only then are its
    rows joined. The limit stands in the text: PostgreSQL keeps a plan that it knows to be short.
    """
    order = SortKey("", column, Product.number, descending)
    sorted_by = dict.fromkeys((column, Product.number))
    found = select(Product.number).where(*(_CONDITIONS[name] for name in conditions))
    if way == "after":
        found = found.where(
            beyond(order, bindparam("after"), bindparam("after_number"), descending)
        )
    elif way == "skipped":
        found = found.offset(bindparam("skipped", type_=Integer))
    found = found.limit(literal_column(str(limit)))
    directed = [part.desc() if descending else part.asc() for part in sorted_by]
    page = found.order_by(*directed).subquery("page")
    return (
        select(*columns)
        .select_from(page)
        .join(Product, Product.number == page.c.number)
        .join(VENDORS, VENDORS.c.id == Product.vendor_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .order_by(*directed)
    )


@lru_cache(maxsize=SHAPES_KEPT)
def _count(conditions: tuple[str, ...]) -> Select[Any]:
    return (
        select(func.count())
        .select_from(Product)
        .where(and_(*(_CONDITIONS[name] for name in conditions)))
    )
