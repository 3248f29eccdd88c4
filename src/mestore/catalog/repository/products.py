"""Products with their variants and pictures: writing them, and holding them for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Integer,
    Table,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    delete,
    func,
    insert,
    select,
    table,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.errors import ProductNotFound
from mestore.catalog.models import OldSlug, Product, ProductImage, Variant
from mestore.catalog.types import HeldProduct, ProductStatus, uuid_in
from mestore.kernel.columns import enum_column
from mestore.kernel.db import affected, unless_taken
from mestore.vendors.types import VendorStatus

# The table itself: its columns have the names of the row, where `metadata` is one.
_PRODUCTS = cast(Table, Product.__table__)
_VENDORS = table(
    "vendors",
    column("id", Uuid),
    column("user_id", Uuid),
    column("status", enum_column(VendorStatus)),
    column("is_trusted", Boolean),
)


def _of_vendor(name: str) -> Any:  # noqa: ANN401  a column of that name
    # A join would make MariaDB hold the vendor's row as well, against the order of other writers.
    query = select(_VENDORS.c[name]).where(_VENDORS.c.id == Product.vendor_id)
    return query.scalar_subquery().label(f"vendor_{name}")


_LOCK = (
    select(
        Product.id,
        Product.vendor_id,
        Product.name,
        Product.slug,
        Product.sku,
        Product.price_minor,
        Product.compare_at_price_minor,
        Product.brand,
        Product.tags,
        Product.status,
        Product.rejection_reason,
        Product.is_visible,
        Product.is_featured,
        Product.is_public,
        Product.version,
        _of_vendor("user_id"),
        _of_vendor("status"),
        _of_vendor("is_trusted"),
        Product.created_at,
    )
    .where(Product.deleted_at.is_(None))
    .with_for_update()
)
_LOCK_BY_ID = _LOCK.where(Product.id == bindparam("key"))
_OLD_SLUGS = (
    select(OldSlug.slug)
    .join(Product, Product.id == OldSlug.product_id)
    .where(
        OldSlug.slug.in_(bindparam("slugs", expanding=True)),
        Product.deleted_at.is_(None),
        Product.id != bindparam("but", type_=Uuid),
    )
)
_LOCK_BY_SLUG = _LOCK.where(Product.slug == bindparam("key"))
# Shared: those who put products on sale do not wait for each other, who suspends a vendor does.
_HOLD_VENDOR = (
    select(_VENDORS.c.status)
    .where(_VENDORS.c.id == bindparam("vendor_id"))
    .with_for_update(read=True)
)
_SKU_IS_USED = select(Product.number).where(
    Product.vendor_id == bindparam("vendor_id"), Product.sku == bindparam("sku")
)
_VARIANT_IDS = (
    select(Variant.id)
    .where(Variant.product_id == bindparam("product_id"), Variant.deleted_at.is_(None))
    .order_by(Variant.position, Variant.id)
)
_SUM, _COUNT = bindparam("sum_delta", type_=Integer), bindparam("count_delta", type_=Integer)
_NEW_SUM, _NEW_COUNT = Product.rating_sum + _SUM, Product.rating_count + _COUNT
# The score first, out of the old values: MariaDB assigns from left to right.
_RATE = (
    update(_PRODUCTS)
    .where(Product.id == bindparam("of_product"), _NEW_COUNT >= 0, _NEW_SUM >= 0)
    .ordered_values(
        (
            _PRODUCTS.c.rating_score,
            case(
                (
                    _NEW_COUNT > 0,
                    # Hundredths rounded half up in whole numbers: (200 sum + count) // (2 count).
                    (200 * _NEW_SUM + _NEW_COUNT - (200 * _NEW_SUM + _NEW_COUNT) % (2 * _NEW_COUNT))
                    // (2 * _NEW_COUNT),
                ),
                else_=0,
            ),
        ),
        (_PRODUCTS.c.rating_sum, _NEW_SUM),
        (_PRODUCTS.c.rating_count, _NEW_COUNT),
    )
)


@dataclass(frozen=True, slots=True)
class ProductRepository:
    """Products, their variants and pictures; writes that may lose against a rival say so."""

    connection: AsyncConnection

    async def lock_product(self, key: str) -> HeldProduct:
        """Return the product of an id or slug and hold it; raises `ProductNotFound`."""
        product_id = uuid_in(key)
        statement = _LOCK_BY_SLUG if product_id is None else _LOCK_BY_ID
        found = await self.connection.execute(statement, {"key": product_id or key})
        row = found.one_or_none()
        if row is None:
            raise ProductNotFound
        return HeldProduct(*tuple(row))

    async def add(self, row: Mapping[str, Any]) -> bool:
        """Write a new product; False where its slug, or its SKU at its vendor, is in use."""
        return await self._unless_taken(insert(_PRODUCTS), row)

    async def add_variants(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the variants of a new product, whose SKUs differ."""
        await self.connection.execute(insert(Variant), rows)

    async def change(self, product: HeldProduct, values: Mapping[str, Any]) -> bool:
        """Write new values and the next version; False where the version is another by now.

        A SKU that the vendor already uses is an IntegrityError of the kind UNIQUE.
        """
        statement = (
            update(_PRODUCTS)
            .where(Product.id == product.id, Product.version == product.version)
            .values(**values, version=product.version + 1)
        )
        return await affected(self.connection, statement) == 1

    async def is_slug_taken(self, slug: str, product_id: UUID) -> bool:
        """Say whether another product has this address, or had it and is still reached by it."""
        taken = select(Product.number).where(Product.slug == slug, Product.id != product_id)
        if (await self.connection.execute(taken)).first() is not None:
            return True
        return await self.leads_to_another(slug, product_id)

    async def move_slug(self, product: HeldProduct, slug: str, moment: datetime) -> bool:
        """Remember a product's address before it gets a free one; False where a rival was there."""
        old = (slug, product.slug)
        await affected(self.connection, delete(OldSlug).where(OldSlug.slug.in_(old)))
        row = {"slug": product.slug, "product_id": product.id, "created_at": moment}
        return await self._unless_taken(insert(OldSlug), row)

    async def leads_to_another(self, slug: str, product_id: UUID) -> bool:
        """Say whether a slug is an old address of another product that is there."""
        values = {"slugs": [slug], "but": product_id}
        return (await self.connection.execute(_OLD_SLUGS, values)).first() is not None

    async def rate(self, product_id: UUID, sum_delta: int, count_delta: int) -> bool:
        """Add to what buyers think; False where there is no product or it would fall below 0."""
        values = {"of_product": product_id, "sum_delta": sum_delta, "count_delta": count_delta}
        return await affected(self.connection, _RATE, **values) == 1

    async def rename_default_variant(self, product_id: UUID, sku: str) -> bool:
        """Let the default variant follow the SKU of its product; False where another has it."""
        statement = update(Variant).where(Variant.product_id == product_id, Variant.is_default)
        return await self._unless_taken(statement.values(sku=sku))

    async def show_vendor(self, vendor_id: UUID, *, is_shown: bool, moment: datetime) -> int:
        """Make all approved products of a vendor public, or none; return how many changed."""
        may_be_public = and_(
            Product.status == ProductStatus.APPROVED,
            Product.is_visible == true(),
            Product.deleted_at.is_(None),
        )
        statement = (
            update(_PRODUCTS)
            .where(Product.vendor_id == vendor_id, may_be_public, Product.is_public != is_shown)
            .values(is_public=is_shown, updated_at=moment)
        )
        return await affected(self.connection, statement)

    async def vendor_may_sell(self, vendor_id: UUID) -> bool:
        """Say whether a vendor may sell, and keep it so until this transaction ends.

        For who makes products public: whoever hides all of a suspended vendor's sees them then.
        """
        found = await self.connection.execute(_HOLD_VENDOR, {"vendor_id": vendor_id})
        return found.scalar_one_or_none() is VendorStatus.APPROVED

    async def exists_sku(self, vendor_id: UUID, sku: str) -> bool:
        """Say whether a product of the vendor has this SKU."""
        values = {"vendor_id": vendor_id, "sku": sku}
        return (await self.connection.execute(_SKU_IS_USED, values)).first() is not None

    async def columns(self, product_id: UUID, names: Sequence[str]) -> dict[str, Any]:
        """Return some columns of a product that exists."""
        query = select(*(_PRODUCTS.c[name] for name in names)).where(Product.id == product_id)
        return dict((await self.connection.execute(query)).mappings().one())

    async def all_variant_ids(self, product_id: UUID) -> list[UUID]:
        """Return the variants of a product, the default one first."""
        rows = await self.connection.execute(_VARIANT_IDS, {"product_id": product_id})
        return list(rows.scalars())

    async def drop_images(self, product_id: UUID) -> list[str]:
        """Remove the pictures of a product and return the keys of their files."""
        keys = select(ProductImage.key).where(ProductImage.product_id == product_id)
        found = list((await self.connection.execute(keys)).scalars())
        if found:
            statement = delete(ProductImage).where(ProductImage.product_id == product_id)
            await affected(self.connection, statement)
        return found

    async def count_in_category(self, category_id: UUID) -> int:
        """Return how many products that are not deleted lie in a category itself."""
        query = select(func.count()).where(
            Product.category_id == category_id, Product.deleted_at.is_(None)
        )
        return int((await self.connection.execute(query)).scalar_one())

    async def move_category(self, source: UUID, target: UUID | None) -> None:
        """Put every product of a category, deleted ones too, into another one or none."""
        statement = update(_PRODUCTS).where(Product.category_id == source)
        await affected(self.connection, statement.values(category_id=target))

    async def _unless_taken(self, statement: Any, values: Any = None) -> bool:  # noqa: ANN401  a write and its rows
        async with unless_taken(self.connection):
            await self.connection.execute(statement, values)
            return True
        return False
