"""The port to the stock of products. The room that counts stock stands on a higher floor."""

from collections.abc import Mapping
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
        """Make `quantity` the units on hand of a variant; refuses less than orders hold."""
        ...
