"""Products by terms: the best of the rarest word, looked up under the others, then joined.

However common a word is, only its best products are read: an index keeps them in order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.columns import Code, UtcDateTime
from mestore.kernel.db import Database
from mestore.kernel.lane import Plan
from mestore.search.types import Hit, Slot, WidthPolicy
from mestore.search.views.terms import (
    ORDERS,
    SIGNED,
    STATEMENTS,
    Shape,
    begin,
    may_have,
    said,
    shape_of,
    values_of,
)

PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("number", BigInteger),
    column("brand", String),
    column("brand_key", Code(100)),
    column("category_id", Uuid),
    column("vendor_id", Uuid),
    column("price_minor", BigInteger),
    column("rating_score", Integer),
    column("rating_count", Integer),
    column("is_public", Boolean),
    column("track_inventory", Boolean),
    column("created_at", UtcDateTime),
)
_LEVELS = table(
    "stock_levels",
    column("product_id", Uuid),
    column("on_hand", Integer),
    column("reserved", Integer),
)


def in_stock(products: Any) -> Any:  # noqa: ANN401
    """Return the condition that a product of a table may be sold now."""
    # Not EXISTS: of that PostgreSQL makes one table of all products in stock, for each search anew.
    units = (
        select(_LEVELS.c.on_hand)
        .where(_LEVELS.c.product_id == products.c.id, _LEVELS.c.on_hand > _LEVELS.c.reserved)
        .limit(literal_column("1"))
        .correlate(products)
        .scalar_subquery()
    )
    return or_(products.c.track_inventory == false(), units.is_not(None))


def has_stock(products: Any, filters: Sequence[str] = ()) -> Any:  # noqa: ANN401
    """Return 1 for what may be sold now, else 0; a filter may have said it already."""
    if "in_stock" in filters:
        return literal_column("1", Integer)
    if "out_of_stock" in filters:
        return literal_column("0", Integer)
    return case((in_stock(products), 1), else_=0)


def meet(products: Any, filters: Sequence[str]) -> list[Any]:  # noqa: ANN401
    """Return the conditions of these names on a table of products."""
    conditions: dict[str, Callable[[], Any]] = {
        "category": lambda: products.c.category_id.in_(bindparam("category", expanding=True)),
        "brand": lambda: products.c.brand_key.in_(bindparam("brand", expanding=True)),
        "vendor": lambda: products.c.vendor_id.in_(bindparam("vendor", expanding=True)),
        "min_price": lambda: products.c.price_minor >= bindparam("min_price", type_=BigInteger),
        "max_price": lambda: products.c.price_minor <= bindparam("max_price", type_=BigInteger),
        "min_rating": lambda: products.c.rating_score >= bindparam("min_rating", type_=Integer),
        "in_stock": lambda: in_stock(products),
        "out_of_stock": lambda: ~in_stock(products),
    }
    return [conditions[name]() for name in filters]


COLUMNS = (
    PRODUCTS.c.number,
    PRODUCTS.c.id,
    PRODUCTS.c.price_minor,
    PRODUCTS.c.rating_score,
    PRODUCTS.c.brand_key,
    PRODUCTS.c.brand,
    PRODUCTS.c.vendor_id,
    PRODUCTS.c.category_id,
)
_OF_IDS = select(*COLUMNS, has_stock(PRODUCTS)).where(
    PRODUCTS.c.is_public == true(), PRODUCTS.c.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Looked:
    """A window of the best products with every word, and how many were looked at and matched.

    `is_cut` where there may be more that match below those that were looked at.
    """

    hits: list[Hit]
    looked_at: int
    matched: int
    is_cut: bool


async def hits(
    database: Database,
    slots: Sequence[Slot],
    values: Mapping[str, Any],
    window: tuple[int, int],
    *,
    width: int,
    sort: str = "relevance",
) -> Looked:
    """Return public products with every word, those in stock first, then by the sum of the ranks.

    The first slot is the one to begin with: of each of its terms the `width` best are looked at, or
    where there are other words, those that may have them of several times as many.
    `window` is (skip, most) of what was found, `values` are conditions by name. In another order of
    the index the first are looked at instead.
    """
    skipped, most = window
    reach = database.policy(WidthPolicy).reach(width, slots)
    is_counted = skipped > 0 or most < width
    shape, filters = shape_of(slots), tuple(sorted(values))
    statement = _hits(shape, filters, (width, reach), sort, is_counted=is_counted)
    bound = values_of(slots) | conditions(values) | {"skipped": skipped, "most": most}
    rows = await database.rows(statement, bound, plan=Plan.ONCE)
    found = [hit_of(row, sum(row[12:]), tuple(row[12:])) for row in rows]
    if not rows:
        return Looked(found, 0, 0, is_cut=False)
    read, passed, matched = rows[0][9:12]
    is_cut = read >= reach or passed > width
    looked_at = read * width // passed if passed > width else read
    return Looked(found, looked_at, matched if is_counted else len(rows), is_cut)


async def of_numbers(
    database: Database, numbers: Mapping[int, int], values: Mapping[str, Any]
) -> list[Hit]:
    """Return the public ones of these products (number: score) that meet the conditions."""
    bound = conditions(values) | {"numbers": sorted(numbers)}
    rows = await database.rows(_by_number(tuple(sorted(values))), bound, plan=Plan.ONCE)
    return [hit_of(row, numbers[row[0]]) for row in rows]


async def of_ids(connection: AsyncConnection, ids: Sequence[UUID]) -> list[Hit]:
    """Return the public ones of these products."""
    return [hit_of(row, 0) for row in await connection.execute(_OF_IDS, {"ids": list(ids)})]


async def browse(
    database: Database, values: Mapping[str, Any], sort: str, window: tuple[int, int]
) -> list[Hit]:
    """Return public products without any word, in an order that the catalogue's indexes have."""
    bound = conditions(values) | {"skipped": window[0], "most": window[1]}
    rows = await database.rows(_browsed(tuple(sorted(values)), sort), bound, plan=Plan.ANEW)
    return [hit_of(row, 0) for row in rows]


def conditions(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that conditions are bound with; some of them need none."""
    return {name: value for name, value in values.items() if value is not True}


def hit_of(row: Sequence[Any], score: int, words: tuple[int, ...] = ()) -> Hit:
    """Return a hit of a row of `COLUMNS` and stock."""
    number, product_id, price, rating, brand_key, brand, vendor, category, in_stock = row[:9]
    return Hit(
        number=number,
        id=product_id,
        price_minor=price,
        rating_score=rating,
        brand_key=brand_key,
        brand=brand,
        vendor_id=vendor,
        category_id=category,
        in_stock=bool(in_stock),
        score=score,
        words=words,
    )


@lru_cache(maxsize=STATEMENTS)
def _hits(
    shape: Shape, filters: tuple[str, ...], looks: tuple[int, int], sort: str, *, is_counted: bool
) -> Select[Any]:
    width, reach = looks
    limits = [name for name in filters if "price" in name and "price" in sort]
    first = begin(shape[0], reach, sort, limits, is_signed=len(shape) > 2)
    begun = first.limit(literal_column(str(reach))).cte("begun")
    if len(shape) > 2:
        order = ORDERS[sort](begun.c.word_0, begun.c)
        scored = _may_have_all(begun, order, shape[2:], width)
    else:
        scored = _all_of(begun, width)
    for at, size in enumerate(shape[2:], 1):
        # Without the words so far a product is not looked up under the next one.
        asked = select(scored, said(at, size, scored.c.number).label(f"word_{at}"))
        so_far = scored.c[f"word_{at - 1}"].is_not(None)
        scored = _limited(asked.where(so_far) if at > 1 else asked, width, at)
    words = [scored.c[f"word_{at}"] for at in range(len(shape) - 1)]
    # Filters are looked at afterwards: the planner would find all products of a brand by its index.
    seen = (
        select(*COLUMNS, PRODUCTS.c.track_inventory, scored.c.read, scored.c.passed, *words)
        .select_from(scored)
        .join(PRODUCTS, PRODUCTS.c.number == scored.c.number)
        .where(and_(PRODUCTS.c.is_public == true(), *(word.is_not(None) for word in words[1:])))
        .limit(literal_column(str(width)))
        .subquery("seen")
    )
    stock = has_stock(seen, filters)
    matched = func.count().over() if is_counted else literal_column("0", Integer)
    ranks = [seen.c[word.name] for word in words]
    by_relevance = [sum(ranks[1:], ranks[0]).desc(), seen.c.number.desc()]
    if "in_stock" not in filters and "out_of_stock" not in filters:
        # What a filter has said is a constant, which would name a column to sort by.
        by_relevance.insert(0, stock.desc())
    return (
        select(
            *(seen.c[column.name] for column in COLUMNS),
            stock,
            seen.c.read,
            seen.c.passed,
            matched.label("matched"),
            *ranks,
        )
        .where(*meet(seen, filters))
        .order_by(*(by_relevance if sort == "relevance" else order_of(sort, seen)))
        .limit(bindparam("most"))
        .offset(bindparam("skipped"))
    )


def _all_of(begun: Any, width: int) -> Any:  # noqa: ANN401
    read = func.count().over().label("read")
    passed = literal_column("0", Integer).label("passed")
    return _limited(select(begun.c.number, begun.c.word_0, read, passed), width, 0)


def _may_have_all(begun: Any, order: Any, sizes: Sequence[int], width: int) -> Any:  # noqa: ANN401
    """Return the first `width` whose signature may have all the other words."""
    read = select(func.count()).select_from(begun).scalar_subquery().label("read")
    passed = func.count().over().label("passed")
    few = (
        select(begun.c.number, begun.c.word_0, read, passed)
        .where(*(may_have(at, size, begun.c) for at, size in enumerate(sizes, 1) if size <= SIGNED))
        .order_by(*order)
    )
    return _limited(few, width, 0)


def _limited(rows: Select[Any], width: int, at: int) -> Any:  # noqa: ANN401
    """Return rows as a table; the limit keeps PostgreSQL from working a rank out at each use."""
    return rows.limit(literal_column(str(width))).subquery(f"scored_{at}")


@lru_cache(maxsize=STATEMENTS)
def _by_number(filters: tuple[str, ...]) -> Select[Any]:
    return select(*COLUMNS, has_stock(PRODUCTS, filters)).where(
        PRODUCTS.c.is_public == true(),
        PRODUCTS.c.number.in_(bindparam("numbers", expanding=True)),
        *meet(PRODUCTS, filters),
    )


@lru_cache(maxsize=STATEMENTS)
def _browsed(filters: tuple[str, ...], sort: str) -> Select[Any]:
    return (
        select(*COLUMNS, has_stock(PRODUCTS, filters))
        .where(PRODUCTS.c.is_public == true(), *meet(PRODUCTS, filters))
        .order_by(*order_of(sort, PRODUCTS))
        .limit(bindparam("most"))
        .offset(bindparam("skipped"))
    )


def order_of(sort: str, products: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Return what puts products into an order that the catalogue has an index for."""
    # Numbers are given in order of creation.
    number, price = products.c.number, products.c.price_minor
    orders: dict[str, tuple[Any, ...]] = {
        "price": (price, number),
        "-price": (price.desc(), number.desc()),
        "rating": (products.c.rating_score.desc(), number.desc()),
        "newest": (number.desc(),),
    }
    return orders[sort]
