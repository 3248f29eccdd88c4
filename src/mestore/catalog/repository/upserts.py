"""Products of one vendor by SKU, many at once: each call is one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, insert, or_, select, union_all, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.models import Category, OldSlug, Product, Variant
from mestore.catalog.types import uuid_in
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import LostRace

_PRODUCTS = cast(Table, Product.__table__)
_VARIANTS = cast(Table, Variant.__table__)
# By id, so that two writers wait for each other in the same order.
_HELD = (
    select(_PRODUCTS)
    .where(Product.vendor_id == bindparam("vendor_id"), Product.deleted_at.is_(None))
    .order_by(Product.id)
    .with_for_update()
)
_HELD_BY_SKU = _HELD.where(Product.sku.in_(bindparam("skus", expanding=True)))
_AMONG: Any = bindparam("slugs", expanding=True)
_SLUGS = union_all(
    select(Product.slug).where(Product.slug.in_(_AMONG)),
    select(OldSlug.slug)
    .join(Product, Product.id == OldSlug.product_id)
    .where(OldSlug.slug.in_(_AMONG), Product.deleted_at.is_(None)),
)
_OF_PRODUCTS = select(_VARIANTS).where(
    Variant.product_id.in_(bindparam("product_ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class UpsertRepository:
    """Reads that hold, and writes of many rows; a SKU or slug that a rival took is a LostRace."""

    connection: AsyncConnection

    async def hold_by_sku(
        self, vendor_id: UUID, skus: Collection[str]
    ) -> dict[str, dict[str, Any]]:
        """Return and hold all columns of those products of a vendor that exist, by SKU."""
        values = {"vendor_id": vendor_id, "skus": list(skus)}
        rows = (await self.connection.execute(_HELD_BY_SKU, values)).mappings()
        return {row["sku"]: dict(row) for row in rows}

    async def taken_slugs(self, slugs: Collection[str]) -> set[str]:
        """Return which of these slugs products have, or had and still lead to them."""
        return set((await self.connection.execute(_SLUGS, {"slugs": list(slugs)})).scalars())

    async def hold_categories(self, keys: Collection[str]) -> dict[str, UUID]:
        """Return those categories that exist, by the id or slug that was asked for."""
        ids = {key: found for key in keys if (found := uuid_in(key)) is not None}
        matches = or_(Category.id.in_(ids.values()), Category.slug.in_(set(keys) - set(ids)))
        query = select(Category.id, Category.slug).where(matches).order_by(Category.id)
        known: dict[str, UUID] = {}
        for category_id, slug in await self.connection.execute(query.with_for_update(read=True)):
            known[slug] = category_id
            known |= {key: found for key, found in ids.items() if found == category_id}
        return known

    async def variants_of(self, product_ids: Collection[UUID]) -> list[dict[str, Any]]:
        """Return all columns of the variants of products, deleted ones too."""
        rows = await self.connection.execute(_OF_PRODUCTS, {"product_ids": list(product_ids)})
        return [dict(row) for row in rows.mappings()]

    async def add_products(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write new products."""
        await self._write(insert(_PRODUCTS).inline(), rows)

    async def add_variants(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write new variants."""
        await self._write(insert(_VARIANTS).inline(), rows)

    async def change_products(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write values of held products, all rows with the same columns; versions grow."""
        await self._change(_PRODUCTS, rows, version=_PRODUCTS.c.version + 1)

    async def change_variants(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write values of variants, all rows with the same columns."""
        await self._change(_VARIANTS, rows)

    async def _change(
        self, target: Table, rows: Sequence[Mapping[str, Any]], **follows: ColumnElement[Any]
    ) -> None:
        if not rows:
            return
        values: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in rows[0] if name != "id"
        }
        statement = (
            update(target).where(target.c.id == bindparam("of_id")).values(**values, **follows)
        )
        given = [
            {"of_id": row["id"], **{f"new_{name}": row[name] for name in values}} for row in rows
        ]
        await self._write(statement, given)

    async def _write(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401  an insert or update
        if not rows:
            return
        try:
            await self.connection.execute(statement, list(rows))
        except DBAPIError as error:
            if fault_of(error) is not Fault.UNIQUE:
                raise
            raise LostRace from error
