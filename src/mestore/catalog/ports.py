"""The port to the stock of products. The room that counts stock stands on a higher floor."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from mestore.kernel.db import Tx


class OpeningStock(Protocol):
    """Writes stock levels in the caller's own transaction."""

    async def put(
        self,
        tx: Tx,
        vendor_id: UUID,
        product_id: UUID,
        levels: Mapping[UUID, int],
        actor_id: UUID,
    ) -> None:
        """Write the first levels of a new product, by variant."""
        ...

    async def set(
        self,
        tx: Tx,
        vendor_id: UUID,
        product_id: UUID,
        variant_id: UUID,
        quantity: int,
        actor_id: UUID,
    ) -> None:
        """Make `quantity` the units on hand of a variant; refuses less than orders hold.

        The number that is shown, sent back, changes nothing. Raises `StockIsPerPlace`.
        """
        ...

    async def put_many(
        self,
        tx: Tx,
        vendor_id: UUID,
        products: Mapping[UUID, Mapping[UUID, int]],
        actor_id: UUID,
    ) -> None:
        """Write the first levels of new variants, by product and variant; a few statements."""
        ...

    async def set_many(
        self, tx: Tx, vendor_id: UUID, levels: Mapping[UUID, int], actor_id: UUID
    ) -> Collection[UUID]:
        """Make levels of the main place what is said, by variant; return which were not so before.

        The caller holds the products. A few statements; refuses less than orders hold.
        """
        ...
