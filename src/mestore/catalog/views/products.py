"""Products as clients see them: the columns that are read, and one product in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    String,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.errors import ProductNotFound
from mestore.catalog.models import Category, Product, ProductChange, Variant
from mestore.catalog.types import ChangeState, InventoryPolicy, uuid_in
from mestore.kernel.columns import enum_column
from mestore.kernel.db import Database
from mestore.kernel.money import to_number
from mestore.vendors.types import VendorStatus

VENDORS = table(
    "vendors",
    column("id", Uuid),
    column("user_id", Uuid),
    column("business_name", String),
    column("status", enum_column(VendorStatus)),
)
LEVELS = table(
    "stock_levels",
    column("product_id", Uuid),
    column("variant_id", Uuid),
    column("on_hand", BigInteger),
    column("reserved", BigInteger),
)


class CategoryRef(msgspec.Struct, frozen=True):
    """The category of a product."""

    id: UUID
    name: str
    slug: str


class VendorRef(msgspec.Struct, frozen=True):
    """Who sells a product."""

    id: UUID
    business_name: str


class Rating(msgspec.Struct, frozen=True):
    """What buyers think: the average of 1 to 5, 0 while nobody has said."""

    average: int | float
    count: int


class ProductView(msgspec.Struct, frozen=True):
    """A product as everybody sees it. JSON columns are passed on as the database stored them."""

    id: UUID
    number: int
    sku: str
    name: str
    slug: str
    description: str | None
    short_description: str | None
    price: int | float
    compare_at_price: int | float | None
    currency: str
    tax_rate: int
    category: CategoryRef | None
    brand: str | None
    tags: msgspec.Raw
    weight: int | float | None
    dimensions: msgspec.Raw | None
    status: str
    is_visible: bool
    is_featured: bool
    seo_title: str | None
    seo_description: str | None
    images: msgspec.Raw
    videos: msgspec.Raw
    track_inventory: bool
    stock: int
    in_stock: bool
    is_backorder: bool
    low_stock_threshold: int
    rating: Rating
    vendor: VendorRef
    metadata: msgspec.Raw
    created_at: datetime
    updated_at: datetime


class OwnProductView(ProductView, frozen=True):
    """A product as its vendor and the operator see it."""

    cost_price: int | float | None
    rejection_reason: str | None
    pending_changes: msgspec.Raw | None


class VariantView(msgspec.Struct, frozen=True):
    """A choice of a product; `price_override` is null where it costs what the product costs."""

    id: UUID
    product_id: UUID
    sku: str
    title: str | None
    option1: str | None
    option2: str | None
    option3: str | None
    price: int | float
    price_override: int | float | None
    barcode: str | None
    position: int
    is_default: bool
    inventory_policy: str
    stock: int
    in_stock: bool
    is_backorder: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """A product that somebody asked for, and what decides who may see it."""

    id: UUID
    vendor_id: UUID
    owner_id: UUID
    version: int
    is_public: bool
    row: Sequence[Any]

    def public(self) -> ProductView:
        """Return it as everybody sees it."""
        return public_product(self.row)

    def own(self) -> OwnProductView:
        """Return it as its vendor and the operator see it."""
        return own_product(self.row)


def stock_of(matches: Any) -> Any:  # noqa: ANN401  SQL expressions
    """Return the units that can be bought of what matches, as a column."""
    # Cast, because the sum of integers is a decimal on MariaDB.
    free = func.sum(LEVELS.c.on_hand - LEVELS.c.reserved)
    total = cast(func.coalesce(free, literal_column("0")), BigInteger)
    return select(total).where(matches).scalar_subquery()


_TAKES_BACKORDERS = (
    select(func.count())
    .where(
        Variant.product_id == Product.id,
        Variant.inventory_policy == InventoryPolicy.CONTINUE,
        Variant.deleted_at.is_(None),
    )
    .correlate(Product)
    .scalar_subquery()
)
PUBLIC_COLUMNS = (
    Product.id,
    Product.number,
    Product.sku,
    Product.name,
    Product.slug,
    Product.description,
    Product.short_description,
    Product.price_minor,
    Product.compare_at_price_minor,
    Product.currency,
    Product.tax_rate,
    Category.id.label("category_id"),
    Category.name.label("category_name"),
    Category.slug.label("category_slug"),
    Product.brand,
    cast(Product.tags, Text).label("tags"),
    Product.weight_grams,
    cast(Product.dimensions, Text).label("dimensions"),
    type_coerce(Product.status, String).label("status"),
    Product.is_visible,
    Product.is_featured,
    Product.seo_title,
    Product.seo_description,
    cast(Product.images, Text).label("images"),
    cast(Product.videos, Text).label("videos"),
    Product.track_inventory,
    stock_of(LEVELS.c.product_id == Product.id).label("stock"),
    Product.low_stock_threshold,
    Product.rating_score,
    Product.rating_count,
    VENDORS.c.id.label("vendor_id"),
    VENDORS.c.business_name,
    cast(Product.extra, Text).label("metadata"),
    Product.created_at,
    Product.updated_at,
    _TAKES_BACKORDERS,
)
_WAITING = (
    select(cast(ProductChange.fields, Text))
    .where(ProductChange.product_id == Product.id, ProductChange.state == ChangeState.PENDING)
    .scalar_subquery()
)
OWN_COLUMNS = (*PUBLIC_COLUMNS, Product.cost_price_minor, Product.rejection_reason, _WAITING)

_DETAIL = (
    select(*OWN_COLUMNS, Product.version, Product.is_public, VENDORS.c.user_id)
    .join(VENDORS, VENDORS.c.id == Product.vendor_id)
    .outerjoin(Category, Category.id == Product.category_id)
    .where(Product.deleted_at.is_(None))
)
_BY_ID = _DETAIL.where(Product.id == bindparam("key"))
_BY_SLUG = _DETAIL.where(Product.slug == bindparam("key"))
_SHOP = select(VENDORS.c.id).where(
    VENDORS.c.id == bindparam("vendor_id"), VENDORS.c.status == VendorStatus.APPROVED
)
_VARIANTS = (
    select(
        Variant.id,
        Variant.product_id,
        Variant.sku,
        Variant.title,
        Variant.option1,
        Variant.option2,
        Variant.option3,
        Product.price_minor,
        Variant.price_minor,
        Variant.barcode,
        Variant.position,
        Variant.is_default,
        type_coerce(Variant.inventory_policy, String),
        stock_of(LEVELS.c.variant_id == Variant.id),
        Product.track_inventory,
        Variant.created_at,
    )
    .join(Product, Product.id == Variant.product_id)
    .where(Variant.product_id == bindparam("product_id"), Variant.deleted_at.is_(None))
    .order_by(Variant.position, Variant.id)
)


def public_product(row: Sequence[Any]) -> ProductView:
    """Return a row of PUBLIC_COLUMNS as everybody sees it."""
    return ProductView(*_values(row))


def own_product(row: Sequence[Any]) -> OwnProductView:
    """Return a row of OWN_COLUMNS as its vendor sees it."""
    cost_minor, reason, waiting = row[36:39]
    pending = waiting and msgspec.Raw(waiting)
    return OwnProductView(*(*_values(row), _number(cost_minor), reason, pending))


async def get_product(database: Database, key: str) -> FoundProduct:
    """Return the product of an id or slug, in one statement; `ProductNotFound`."""
    product_id = uuid_in(key)
    statement = _BY_SLUG if product_id is None else _BY_ID
    return _found(await database.rows(statement, {"key": product_id or key}))


async def get_written(connection: AsyncConnection, product_id: UUID) -> FoundProduct:
    """Return a product as the connection's own transaction has left it; `ProductNotFound`."""
    return _found((await connection.execute(_BY_ID, {"key": product_id})).all())


def _found(rows: Sequence[Sequence[Any]]) -> FoundProduct:
    if not rows:
        raise ProductNotFound
    (row,) = rows
    version, is_public, owner_id = row[39:]
    return FoundProduct(row[0], row[30], owner_id, version, is_public, row)


async def all_variants(connection: AsyncConnection, product_id: UUID) -> list[VariantView]:
    """Return the variants of a product, the default one first."""
    rows = await connection.execute(_VARIANTS, {"product_id": product_id})
    return [_variant(row) for row in rows]


async def vendor_is_open(connection: AsyncConnection, vendor_id: UUID) -> bool:
    """Say whether there is such a vendor and it may sell."""
    return (await connection.execute(_SHOP, {"vendor_id": vendor_id})).first() is not None


def _variant(row: Sequence[Any]) -> VariantView:
    price_minor, own_minor, barcode, position, is_default, policy, *others = row[7:]
    stock, is_tracked, created_at = others
    values = (
        *row[:7],
        to_number(price_minor if own_minor is None else own_minor),
        _number(own_minor),
        barcode,
        position,
        is_default,
        policy,
        stock,
        not is_tracked or stock > 0,
        is_tracked and stock <= 0 and policy == InventoryPolicy.CONTINUE,
        created_at,
    )
    return VariantView(*values)


def _values(row: Sequence[Any]) -> tuple[Any, ...]:
    # By position, and one tuple: this runs for every row of every list.
    (category_id, category_name, category_slug, brand, tags, grams, dimensions) = row[11:18]
    (images, videos, is_tracked, stock, threshold, score, count, vendor_id, vendor) = row[23:32]
    return (
        *row[:7],
        to_number(row[7]),
        _number(row[8]),
        row[9],
        row[10],
        category_id and CategoryRef(category_id, category_name, category_slug),
        brand,
        msgspec.Raw(tags),
        _ratio(grams, 1000),
        dimensions and msgspec.Raw(dimensions),
        *row[18:23],
        msgspec.Raw(images),
        msgspec.Raw(videos),
        is_tracked,
        stock,
        stock > 0 or not is_tracked,
        stock <= 0 and is_tracked and row[35] > 0,
        threshold,
        Rating(_ratio(score, 100), count),
        VendorRef(vendor_id, vendor),
        msgspec.Raw(row[32]),
        row[33],
        row[34],
    )


def _number(minor: int | None) -> int | float | None:
    return None if minor is None else to_number(minor)


def _ratio(parts: int | None, whole: int) -> Any:  # noqa: ANN401  None only for None
    if parts is None:
        return None
    return parts // whole if parts % whole == 0 else parts / whole
