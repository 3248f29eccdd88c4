"""The stock that the catalogue writes with its products."""

from collections.abc import Collection, Mapping
from uuid import UUID

from mestore.catalog.errors import StockIsPerPlace
from mestore.inventory.service import InventoryService
from mestore.inventory.types import MAIN_LOCATION, NewLevel
from mestore.kernel.clock import now
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
        """Make `quantity` the units on hand where they lie; refuses less than orders hold.

        The number that is shown, sent back, changes nothing. Raises `StockIsPerPlace`.
        """
        inventory = InventoryService(tx)
        levels = await inventory.stock.lock_levels_of([variant_id])
        if quantity == sum(level.available for level in levels):
            return
        place = await inventory.places.usual_location(variant_id, MAIN_LOCATION)
        location_id = await inventory.places.ensure_location(vendor_id, place, now())
        there = {each.id for each in await inventory.places.levels_in([variant_id], location_id)}
        if any(level.on_hand for level in levels if level.id not in there):
            raise StockIsPerPlace(id=product_id)
        await inventory.set_levels([NewLevel(variant_id, quantity, place)], actor_id=actor_id)

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
