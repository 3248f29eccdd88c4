"""The stock that the catalogue writes with its products."""

from collections.abc import Collection, Mapping
from uuid import UUID

from mestore.inventory.service import InventoryService
from mestore.inventory.types import NewLevel
from mestore.kernel.db import Tx


class OpeningStockBook:
    """What the catalogue asks for when products are written: its port `OpeningStock`."""

    async def put(
        self,
        tx: Tx,
        vendor_id: UUID,
        product_id: UUID,
        levels: Mapping[UUID, int],
        actor_id: UUID,
    ) -> None:
        """Write the first levels of a new product, by variant."""
        await InventoryService(tx).open_levels(vendor_id, product_id, levels, actor_id)

    async def set(
        self,
        tx: Tx,
        vendor_id: UUID,
        product_id: UUID,
        variant_id: UUID,
        quantity: int,
        actor_id: UUID,
    ) -> None:
        """Make `quantity` the units on hand at the main place; refuses less than orders hold."""
        await InventoryService(tx).set_levels([NewLevel(variant_id, quantity)], actor_id=actor_id)

    async def put_many(
        self,
        tx: Tx,
        vendor_id: UUID,
        products: Mapping[UUID, Mapping[UUID, int]],
        actor_id: UUID,
    ) -> None:
        """Write the first levels of new variants, by product and variant."""
        await InventoryService(tx).open_many(vendor_id, products, actor_id)

    async def set_many(
        self, tx: Tx, vendor_id: UUID, levels: Mapping[UUID, int], actor_id: UUID
    ) -> Collection[UUID]:
        """Make levels of the main place what is said; return which were not so before."""
        return await InventoryService(tx).set_many(vendor_id, levels, actor_id)
