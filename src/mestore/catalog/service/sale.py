"""The catalogue's door for carts and checkout."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.types import SaleItem
from mestore.catalog.views.sale import sale_items


class SaleItems:
    """Says what is sold, by whom and for how much, at this moment."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def of(
        self, keys: Sequence[tuple[UUID, UUID | None]]
    ) -> dict[tuple[UUID, UUID | None], SaleItem]:
        """Return what is sold under each (product, variant or None), in one statement.

        None stands for the default variant. What does not exist is absent.
        """
        return await sale_items(self.connection, keys)
