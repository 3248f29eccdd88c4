"""What files need of the catalogue and of the stock: read-only, constant statements a chunk."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.types import uuid_in
from mestore.inventory.types import MAIN_LOCATION
from mestore.kernel.columns import Code, Minor

_PRODUCTS = table(
    "products",
    column("number", BigInteger),
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("category_id", Uuid),
    column("sku", Code(100)),
    column("name", String),
    column("description", String),
    column("short_description", String),
    column("price_minor", Minor),
    column("compare_at_price_minor", Minor),
    column("cost_price_minor", Minor),
    column("tax_rate", Integer),
    column("brand", String),
    column("tags", JSON),
    column("weight_grams", Integer),
    column("dimensions", JSON),
    column("status", String),
    column("is_visible", Boolean),
    column("seo_title", String),
    column("seo_description", String),
    column("images", JSON),
    column("videos", JSON),
    column("metadata", JSON),
    column("track_inventory", Boolean),
    column("low_stock_threshold", Integer),
    column("deleted_at", DateTime),
)
_VARIANTS = table(
    "product_variants",
    column("id", Uuid),
    column("product_id", Uuid),
    column("sku", Code(100)),
    column("title", String),
    column("option1", String),
    column("option2", String),
    column("option3", String),
    column("price_minor", Minor),
    column("barcode", String),
    column("position", Integer),
    column("is_default", Boolean),
    column("inventory_policy", String),
    column("deleted_at", DateTime),
)
_CATEGORIES = table("categories", column("id", Uuid), column("slug", String))
_LEVELS = table(
    "stock_levels",
    column("variant_id", Uuid),
    column("location_id", BigInteger),
    column("on_hand", Integer),
)
_LOCATIONS = table(
    "stock_locations",
    column("id", BigInteger),
    column("vendor_id", Uuid),
    column("name", String),
)

_KNOWN = select(_PRODUCTS.c.sku, _PRODUCTS.c.id, _PRODUCTS.c.images).where(
    _PRODUCTS.c.vendor_id == bindparam("vendor_id"),
    _PRODUCTS.c.deleted_at.is_(None),
    _PRODUCTS.c.sku.in_(bindparam("skus", expanding=True)),
)
_SLUGS = select(_CATEGORIES.c.slug).where(
    _CATEGORIES.c.slug.in_(bindparam("slugs", expanding=True))
)
_IDS = select(_CATEGORIES.c.id).where(_CATEGORIES.c.id.in_(bindparam("ids", expanding=True)))
_SOLD = (
    select(_VARIANTS.c.sku, _VARIANTS.c.id)
    .join_from(_VARIANTS, _PRODUCTS, _PRODUCTS.c.id == _VARIANTS.c.product_id)
    .where(
        _PRODUCTS.c.vendor_id == bindparam("vendor_id"),
        _PRODUCTS.c.deleted_at.is_(None),
        _VARIANTS.c.deleted_at.is_(None),
        _VARIANTS.c.sku.in_(bindparam("skus", expanding=True)),
    )
)
_PAGE = (
    select(*_PRODUCTS.c, _CATEGORIES.c.slug.label("category"))
    .select_from(_PRODUCTS)
    .outerjoin(_CATEGORIES, _CATEGORIES.c.id == _PRODUCTS.c.category_id)
    .where(
        _PRODUCTS.c.vendor_id == bindparam("vendor_id"),
        _PRODUCTS.c.number > bindparam("after"),
        _PRODUCTS.c.deleted_at.is_(None),
    )
    .order_by(_PRODUCTS.c.number)
)
_VARIANTS_OF = (
    select(*_VARIANTS.c, _LEVELS.c.on_hand)
    .select_from(_VARIANTS)
    .outerjoin(
        _LEVELS,
        and_(
            _LEVELS.c.variant_id == _VARIANTS.c.id,
            _LEVELS.c.location_id == bindparam("location_id"),
        ),
    )
    .where(
        _VARIANTS.c.product_id.in_(bindparam("product_ids", expanding=True)),
        _VARIANTS.c.deleted_at.is_(None),
    )
    .order_by(_VARIANTS.c.product_id, _VARIANTS.c.position, _VARIANTS.c.id)
)
# As the inventory has it: the place of that name, or else the oldest one.
_MAIN = (
    select(_LOCATIONS.c.id)
    .where(_LOCATIONS.c.vendor_id == bindparam("vendor_id"))
    .order_by(case((_LOCATIONS.c.name == MAIN_LOCATION, 0), else_=1), _LOCATIONS.c.id)
    .limit(1)
)


async def known_products(
    connection: AsyncConnection, vendor_id: UUID, skus: Collection[str]
) -> dict[str, tuple[UUID, frozenset[str]]]:
    """Return those products of a vendor that exist, by SKU: the id, where its pictures lie."""
    found = await connection.execute(_KNOWN, {"vendor_id": vendor_id, "skus": list(skus)})
    return {
        row.sku: (row.id, frozenset(image["urls"]["original"] for image in row.images or ()))
        for row in found
    }


async def known_categories(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Return which ids and slugs are of categories."""
    ids = {found: key for key in keys if (found := uuid_in(key)) is not None}
    slugs = [key for key in keys if key not in ids.values()]
    known = set((await connection.execute(_SLUGS, {"slugs": slugs})).scalars()) if slugs else set()
    if ids:
        rows = (await connection.execute(_IDS, {"ids": list(ids)})).scalars()
        known |= {ids[each] for each in rows}
    return known


async def variants_by_sku(
    connection: AsyncConnection, vendor_id: UUID, skus: Collection[str]
) -> dict[str, list[UUID]]:
    """Return the variants of a vendor by SKU; products may share the SKUs of their variants."""
    found: dict[str, list[UUID]] = {}
    for row in await connection.execute(_SOLD, {"vendor_id": vendor_id, "skus": list(skus)}):
        found.setdefault(row.sku, []).append(row.id)
    return found


async def main_location(connection: AsyncConnection, vendor_id: UUID) -> int:
    """Return the main place of a vendor; 0 where it has none yet."""
    return (await connection.execute(_MAIN, {"vendor_id": vendor_id})).scalar() or 0


async def products_after(
    connection: AsyncConnection,
    vendor_id: UUID,
    number: int,
    limit: int,
    *,
    status: str | None = None,
    category: str | None = None,
) -> Sequence[Mapping[str, Any]]:
    """Return the next products of a vendor by number, with the slug of their category."""
    query = _PAGE.limit(limit)
    if status is not None:
        query = query.where(_PRODUCTS.c.status == status)
    if category is not None:
        key = uuid_in(category)
        is_it = _CATEGORIES.c.slug == category if key is None else _CATEGORIES.c.id == key
        query = query.where(is_it)
    found = await connection.execute(query, {"vendor_id": vendor_id, "after": number})
    return [dict(row) for row in found.mappings()]


async def variants_of(
    connection: AsyncConnection, product_ids: Collection[UUID], location_id: int
) -> Sequence[Mapping[str, Any]]:
    """Return the variants of products in order, each with its units at a place or None."""
    values = {"product_ids": list(product_ids), "location_id": location_id}
    found = await connection.execute(_VARIANTS_OF, values)
    return [dict(row) for row in found.mappings()]
