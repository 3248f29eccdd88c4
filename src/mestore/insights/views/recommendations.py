"""Reading candidates: a bounded number of rows, each by an index."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    String,
    Uuid,
    bindparam,
    column,
    func,
    select,
    table,
    true,
)

from mestore.insights.models import PopularProduct, ProductPair
from mestore.insights.types.recommendations import Traits
from mestore.kernel.db import Database

CANDIDATES = 60

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("number", BigInteger),
    column("category_id", Uuid),
    column("brand_key", String),
    column("price_minor", BigInteger),
    column("rating_score", Integer),
    column("is_public", Boolean),
    column("is_featured", Boolean),
)
_ORDERS = table("orders", column("id", BigInteger), column("buyer_id", Uuid))
_ITEMS = table("order_items", column("order_id", BigInteger), column("product_id", Uuid))
_TRAITS = select(
    _PRODUCTS.c.id,
    _PRODUCTS.c.category_id,
    _PRODUCTS.c.brand_key,
    _PRODUCTS.c.price_minor,
    _PRODUCTS.c.rating_score,
).where(_PRODUCTS.c.is_public == true())
_OF_IDS = _TRAITS.where(_PRODUCTS.c.id.in_(bindparam("ids", expanding=True)))
_OF_CATEGORIES = (
    _TRAITS.where(_PRODUCTS.c.category_id.in_(bindparam("categories", expanding=True)))
    .order_by(_PRODUCTS.c.number.desc())
    .limit(bindparam("most"))
)
_FEATURED = (
    select(_PRODUCTS.c.id)
    .where(_PRODUCTS.c.is_public == true(), _PRODUCTS.c.is_featured == true())
    .order_by(_PRODUCTS.c.number.desc())
    .limit(bindparam("most"))
)
_BEST_RATED = (
    select(_PRODUCTS.c.id)
    .where(_PRODUCTS.c.is_public == true())
    .order_by(_PRODUCTS.c.rating_score.desc(), _PRODUCTS.c.number.desc())
    .limit(bindparam("most"))
)
_POPULAR = (
    select(PopularProduct.product_id)
    .order_by(PopularProduct.units.desc(), PopularProduct.product_id)
    .limit(bindparam("most"))
)
_TOGETHER = (
    select(ProductPair.other_id)
    .where(ProductPair.product_id.in_(bindparam("ids", expanding=True)))
    .group_by(ProductPair.other_id)
    .order_by(func.sum(ProductPair.orders).desc(), ProductPair.other_id)
    .limit(bindparam("most"))
)
_LAST_ORDERS = (
    select(_ORDERS.c.id)
    .where(_ORDERS.c.buyer_id == bindparam("buyer_id", type_=Uuid))
    .order_by(_ORDERS.c.id.desc())
    .limit(10)
    .subquery()
)
_BOUGHT = (
    select(_ITEMS.c.product_id)
    .join(_LAST_ORDERS, _LAST_ORDERS.c.id == _ITEMS.c.order_id)
    .order_by(_ITEMS.c.order_id.desc())
    .limit(bindparam("most"))
)


async def traits_of(database: Database, ids: Sequence[UUID]) -> list[Traits]:
    """Return the traits of the public ones of these products."""
    return [Traits(*row) for row in await database.rows(_OF_IDS, {"ids": list(ids)})]


async def of_categories(database: Database, categories: Sequence[UUID]) -> list[Traits]:
    """Return the newest public products of these categories."""
    values = {"categories": list(categories), "most": CANDIDATES}
    return [Traits(*row) for row in await database.rows(_OF_CATEGORIES, values)]


async def bought_with(database: Database, ids: Sequence[UUID]) -> list[UUID]:
    """Return what was bought together with these products, the most often first."""
    rows = await database.rows(_TOGETHER, {"ids": list(ids), "most": CANDIDATES})
    return [row[0] for row in rows]


async def bought_by(database: Database, buyer_id: UUID) -> list[UUID]:
    """Return what a buyer ordered last."""
    rows = await database.rows(_BOUGHT, {"buyer_id": buyer_id, "most": CANDIDATES})
    return list(dict.fromkeys(row[0] for row in rows))


async def popular(database: Database) -> list[UUID]:
    """Return what sells; a shop without sales has featured products, and then the best rated."""
    found: list[UUID] = []
    for query in (_POPULAR, _FEATURED, _BEST_RATED):
        found += [row[0] for row in await database.rows(query, {"most": CANDIDATES})]
    return list(dict.fromkeys(found))
