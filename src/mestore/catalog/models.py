"""Tables of the catalogue: categories, products, variants, pictures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.catalog.types import ChangeState, ImageState, InventoryPolicy, ProductStatus
from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime, enum_column
from mestore.kernel.trigrams import index_of_parts


class Category(Base):
    """A node of the category tree. `path` is the numbers from the root to it: `/1/5/`."""

    __tablename__ = "categories"

    number: Mapped[int] = mapped_column(BigPk, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    parent_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("categories.id"), index=True)
    path: Mapped[str] = mapped_column(Code(500), index=True)
    name: Mapped[str] = mapped_column(String(150))
    slug: Mapped[str] = mapped_column(Code(150), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    seo_title: Mapped[str | None] = mapped_column(String(200))
    seo_description: Mapped[str | None] = mapped_column(String(500))
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Product(Base):
    """What a vendor offers. `is_public` says that anybody may see and buy it now.

    `images` repeats the rows of `product_images` as clients see them, written by the same service,
    so that a list needs no second look. `version` grows with every edit and is the ETag.
    `brand_key` and `search_text` are brand, name and tags without accents and case, for filters.
    `rating_score` is the average in hundredths, rounded half up, so that lists sort by an index.
    """

    __tablename__ = "products"

    number: Mapped[int] = mapped_column(BigPk, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"))
    category_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("categories.id"))
    sku: Mapped[str] = mapped_column(Code(100))
    name: Mapped[str] = mapped_column(String(500))
    slug: Mapped[str] = mapped_column(Code(200), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    short_description: Mapped[str | None] = mapped_column(String(500))
    price_minor: Mapped[int] = mapped_column(Minor)
    compare_at_price_minor: Mapped[int | None] = mapped_column(Minor)
    cost_price_minor: Mapped[int | None] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    tax_rate: Mapped[int] = mapped_column(SmallInteger)
    brand: Mapped[str | None] = mapped_column(String(100))
    brand_key: Mapped[str | None] = mapped_column(Code(100))
    search_text: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[str]] = mapped_column(Json)
    weight_grams: Mapped[int | None] = mapped_column(Integer)
    dimensions: Mapped[dict[str, Any] | None] = mapped_column(Json)
    status: Mapped[ProductStatus] = mapped_column(enum_column(ProductStatus))
    rejection_reason: Mapped[str | None] = mapped_column(String(500))
    is_visible: Mapped[bool] = mapped_column(Boolean)
    is_featured: Mapped[bool] = mapped_column(Boolean)
    is_public: Mapped[bool] = mapped_column(Boolean)
    seo_title: Mapped[str | None] = mapped_column(String(200))
    seo_description: Mapped[str | None] = mapped_column(String(500))
    images: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    videos: Mapped[list[str]] = mapped_column(Json)
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", Json)
    track_inventory: Mapped[bool] = mapped_column(Boolean)
    low_stock_threshold: Mapped[int] = mapped_column(Integer)
    rating_sum: Mapped[int] = mapped_column(Integer)
    rating_count: Mapped[int] = mapped_column(Integer)
    rating_score: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("vendor_id", "sku"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint("tax_rate IN (0, 5, 19)", name="tax_rate"),
        Index(
            "ix_products_public",
            "is_public",
            "number",
            # What a search asks of hundreds of products stands here close together.
            postgresql_include=[
                "id",
                "price_minor",
                "rating_score",
                "brand_key",
                "brand",
                "vendor_id",
                "category_id",
                "track_inventory",
            ],
        ),
        Index("ix_products_public_price", "is_public", "price_minor", "number"),
        Index("ix_products_public_name", "is_public", "name", "number"),
        Index("ix_products_public_rating", "is_public", "rating_score", "number"),
        Index("ix_products_public_brand", "is_public", "brand_key", "number"),
        Index("ix_products_public_featured", "is_public", "is_featured", "number"),
        Index("ix_products_public_category", "is_public", "category_id", "number"),
        Index(
            "ix_products_public_category_price",
            "is_public",
            "category_id",
            "price_minor",
            "number",
        ),
        Index("ix_products_public_vendor", "is_public", "vendor_id", "number"),
        Index("ix_products_vendor", "vendor_id", "number"),
        Index("ix_products_vendor_status", "vendor_id", "status", "number"),
        Index("ix_products_vendor_category", "vendor_id", "category_id", "number"),
        Index("ix_products_vendor_price", "vendor_id", "price_minor", "number"),
        Index("ix_products_vendor_name", "vendor_id", "name", "number"),
        Index("ix_products_vendor_rating", "vendor_id", "rating_score", "number"),
        Index("ix_products_status", "status", "number"),
        index_of_parts("ix_products_search_text", "search_text"),
    )


class ProductChange(Base):
    """An edit of an approved product that waits for the operator; at most one a product."""

    __tablename__ = "product_changes"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"), unique=True)
    fields: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[ChangeState] = mapped_column(enum_column(ChangeState))
    reason: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(Integer)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_product_changes_state", "state", "id"),)


class Variant(Base):
    """What is really sold and counted. Every product has a default one, with its own SKU."""

    __tablename__ = "product_variants"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    sku: Mapped[str] = mapped_column(Code(100))
    title: Mapped[str | None] = mapped_column(String(200))
    option1: Mapped[str | None] = mapped_column(String(100))
    option2: Mapped[str | None] = mapped_column(String(100))
    option3: Mapped[str | None] = mapped_column(String(100))
    price_minor: Mapped[int | None] = mapped_column(Minor)
    barcode: Mapped[str | None] = mapped_column(String(50))
    position: Mapped[int] = mapped_column(Integer)
    is_default: Mapped[bool] = mapped_column(Boolean)
    inventory_policy: Mapped[InventoryPolicy] = mapped_column(
        enum_column(InventoryPolicy),
        default=InventoryPolicy.DENY,
        server_default=InventoryPolicy.DENY.value,
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("product_id", "sku"),)


class ProductPrice(Base):
    """A price that a product really had, from one moment until another; the present one is open.

    Written in the transaction that changes the price, while the product's row is held.
    """

    __tablename__ = "product_prices"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    price_minor: Mapped[int] = mapped_column(Minor)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_product_prices_product", "product_id", "until"),)


class OldSlug(Base):
    """An address that a product had before. Others may have it once the product is deleted."""

    __tablename__ = "product_old_slugs"

    slug: Mapped[str] = mapped_column(Code(200), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProductImage(Base):
    """A picture of a product; its files lie in the blob store under `key`."""

    __tablename__ = "product_images"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"), index=True)
    key: Mapped[str] = mapped_column(Code(200), index=True)
    alt: Mapped[str | None] = mapped_column(String(300))
    position: Mapped[int] = mapped_column(Integer)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    state: Mapped[ImageState] = mapped_column(
        enum_column(ImageState), server_default=ImageState.READY.value
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
