"""Edits and deletions of many products at once, each with its own outcome."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from mestore.catalog.ports import OpeningStock
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import Editor, HeldProduct, ProductFields
from mestore.kernel.db import Tx
from mestore.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class Change:
    """What one product is to be told."""

    id: UUID
    fields: ProductFields
    stock: int | None = None


class BulkService:
    """Does the same to many products; a refusal of one leaves the others, unless `atomic`."""

    def __init__(self, tx: Tx, editor: Editor) -> None:
        self.tx = tx
        self.editor = editor
        self.catalog = CatalogService(tx)

    async def edit(
        self, changes: Sequence[Change], *, atomic: bool, levels: OpeningStock
    ) -> dict[UUID, Refusal | None]:
        """Change products; the first refusal is raised where `atomic`."""
        by_id = {change.id: change for change in changes}

        async def edit(product: HeldProduct) -> None:
            change = by_id[product.id]
            await self.catalog.edit(
                product, self.editor, change.fields, stock=change.stock, levels=levels
            )

        return await self._each(list(by_id), edit, atomic=atomic)

    async def withdraw(self, ids: Sequence[UUID], *, atomic: bool) -> dict[UUID, Refusal | None]:
        """Delete products; the first refusal is raised where `atomic`."""

        async def withdraw(product: HeldProduct) -> None:
            await self.catalog.withdraw(product, self.editor)

        return await self._each(list(dict.fromkeys(ids)), withdraw, atomic=atomic)

    async def _each(
        self, ids: list[UUID], act: Callable[[HeldProduct], Awaitable[None]], *, atomic: bool
    ) -> dict[UUID, Refusal | None]:
        outcomes: dict[UUID, Refusal | None] = {}
        # By id, so that two of these wait for each other in the same order.
        for product_id in sorted(ids):
            sent = len(self.tx.jobs)
            try:
                async with self.tx.connection.begin_nested():
                    await act(await self.catalog.hold(str(product_id), self.editor))
            except Refusal as refusal:
                if atomic:
                    raise
                del self.tx.jobs[sent:]
                outcomes[product_id] = refusal
            else:
                outcomes[product_id] = None
        return outcomes
