"""What search does when a product says something else of itself."""

from uuid import UUID

from mestore.catalog.events import (
    ProductArchived,
    ProductChanged,
    ProductPublished,
    ProductsWritten,
)
from mestore.kernel.db import Tx
from mestore.search.service import IndexService
from mestore.search.types import EmbedProducts, VectorPolicy


async def on_product_moved(
    tx: Tx, event: ProductPublished | ProductChanged | ProductArchived
) -> None:
    """Write the product's terms anew from what the catalogue says now."""
    await _follow(tx, event.product_id)


async def on_products_written(tx: Tx, event: ProductsWritten) -> None:
    """Write the terms of an import's products anew, in a batch's constant statements."""
    await _follow(tx, *event.product_ids)


async def _follow(tx: Tx, *product_ids: UUID) -> None:
    await IndexService(tx).refresh(*product_ids)
    if tx.policy(VectorPolicy).is_on:
        # Work of its own: what makes vectors may be slow or away, and words do not wait for it.
        tx.enqueue(EmbedProducts(list(product_ids)))
