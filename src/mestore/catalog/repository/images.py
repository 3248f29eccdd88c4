"""The pictures of products: their rows, for writing."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.models import ProductImage
from mestore.catalog.types import ImageState
from mestore.kernel.db import affected

_TABLE = cast(Table, ProductImage.__table__)
_OF_PRODUCT = (
    select(
        ProductImage.id,
        ProductImage.product_id,
        ProductImage.key,
        ProductImage.alt,
        ProductImage.position,
        ProductImage.width,
        ProductImage.height,
        ProductImage.state,
    )
    .where(ProductImage.product_id == bindparam("product_id"))
    .order_by(ProductImage.position, ProductImage.id)
)
_ONE = _OF_PRODUCT.with_only_columns(
    ProductImage.id, ProductImage.product_id, ProductImage.key, ProductImage.state
).where(ProductImage.id == bindparam("image_id"))

_KEPT = select(ProductImage.key).where(ProductImage.key.in_(bindparam("keys", expanding=True)))


class ImageRepository:
    """Statements about pictures; the caller holds the product."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def all_of(self, product_id: UUID) -> list[dict[str, Any]]:
        """Return the pictures of a product in order, in any state."""
        rows = await self.connection.execute(_OF_PRODUCT, {"product_id": product_id})
        return [dict(row) for row in rows.mappings()]

    async def key_of_waiting(self, product_id: UUID, image_id: UUID) -> str | None:
        """Return the key of a picture whose sizes are still to be made, or None."""
        found = await self.connection.execute(
            _ONE, {"product_id": product_id, "image_id": image_id}
        )
        row = found.one_or_none()
        return row.key if row is not None and row.state is ImageState.PROCESSING else None

    async def kept(self, keys: Collection[str]) -> set[str]:
        """Return those of the keys that pictures have."""
        return set((await self.connection.execute(_KEPT, {"keys": list(keys)})).scalars())

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write pictures, in one statement."""
        await self.connection.execute(insert(ProductImage), list(rows))

    async def change(self, image_id: UUID, values: Mapping[str, Any]) -> None:
        """Change columns of a picture."""
        statement = update(ProductImage).where(ProductImage.id == image_id)
        await affected(self.connection, statement.values(**values))

    async def arrange(self, ids: Sequence[UUID]) -> None:
        """Number pictures in this order."""
        statement = (
            update(_TABLE)
            .where(_TABLE.c.id == bindparam("image_id"))
            .values(position=bindparam("place"))
        )
        rows = [{"image_id": each, "place": place} for place, each in enumerate(ids)]
        if rows:
            await self.connection.execute(statement, rows)

    async def remove(self, ids: Collection[UUID]) -> None:
        """Remove pictures."""
        await affected(self.connection, delete(ProductImage).where(ProductImage.id.in_(ids)))
