"""What search does when a product says something else of itself."""

from mestore.catalog.events import ProductArchived, ProductChanged, ProductPublished
from mestore.kernel.db import Tx
from mestore.search.service import IndexService


async def on_product_moved(
    tx: Tx, event: ProductPublished | ProductChanged | ProductArchived
) -> None:
    """Write the product's terms anew from what the catalogue says now."""
    await IndexService(tx).refresh(event.product_id)
