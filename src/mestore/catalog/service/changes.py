"""Edits of approved products that wait until the operator agrees.

What a buyer is told may not change behind the approval; price and stock apply at once.
"""

from collections.abc import Mapping, Set
from typing import Any
from uuid import UUID

from mestore.catalog.repository.changes import ChangeRepository
from mestore.catalog.repository.products import ProductRepository
from mestore.catalog.types import (
    REVIEWED,
    ChangeState,
    Editor,
    HeldProduct,
    ProductStatus,
    WaitingChange,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace


def is_reviewed(product: HeldProduct, editor: Editor, status: ProductStatus) -> bool:
    """Say whether what this editor says of a product that gets `status` waits for the operator."""
    stays_approved = product.status is status is ProductStatus.APPROVED
    return stays_approved and not editor.is_staff and not product.is_trusted


class WaitingChanges:
    """Keeps the one edit of each product that waits."""

    def __init__(self, tx: Tx) -> None:
        self.changes = ChangeRepository(tx.connection)
        self.products = ProductRepository(tx.connection)

    async def put(self, product_id: UUID, wanted: Mapping[str, Any]) -> None:
        """Let fields of one product wait, as `put_many` does."""
        waiting = await self.changes.find(product_id)
        names = [*wanted, *(waiting.fields if waiting else ())]
        present = {product_id: await self._present(product_id, names)}
        known = {product_id: waiting} if waiting else {}
        await self._put({product_id: wanted}, present, known)

    async def put_many(
        self,
        wanted: Mapping[UUID, Mapping[str, Any]],
        present: Mapping[UUID, Mapping[str, Any]],
    ) -> set[UUID]:
        """Let fields wait beside those that wait already; return the products where one is new.

        What says what is `present` already does not wait. A constant number of statements.
        """
        return await self._put(wanted, present, await self.changes.find_many(wanted))

    async def give_way(self, said: Mapping[UUID, Set[str]]) -> set[UUID]:
        """Forget of what waits the fields that their vendor has said directly since.

        Of a draft or an archived product nothing waits: what is said last counts. Returns the
        products where something waited.
        """
        known = await self.changes.find_many(said)
        left = {
            key: {name: value for name, value in each.fields.items() if name not in said[key]}
            for key, each in known.items()
            if each.state is ChangeState.PENDING and not said[key].isdisjoint(each.fields)
        }
        await self._leave(known, left)
        return set(left)

    async def move_category(self, source: UUID, target: UUID | None) -> None:
        """Let edits that name a category name the one that takes its place, or none."""
        known = await self.changes.find_naming(source)
        instead = {} if target is None else {"category": str(target)}
        left = {
            key: {name: value for name, value in each.fields.items() if name != "category"}
            | instead
            for key, each in known.items()
        }
        await self._leave(known, left)

    async def reject(self, waiting: WaitingChange, reason: str) -> None:
        """Say no to what waits, and why; the vendor still sees it."""
        if not await self.changes.reject(waiting, reason):
            raise LostRace

    async def _leave(
        self, known: Mapping[UUID, WaitingChange], left: Mapping[UUID, Mapping[str, Any]]
    ) -> None:
        await self.changes.replace({known[key].id: left[key] for key in left if left[key]}, now())
        await self.changes.drop_many([key for key in left if not left[key]])

    async def _put(
        self,
        wanted: Mapping[UUID, Mapping[str, Any]],
        present: Mapping[UUID, Mapping[str, Any]],
        known: Mapping[UUID, WaitingChange],
    ) -> set[UUID]:
        left = {
            product_id: _left(fields, present[product_id], known.get(product_id))
            for product_id, fields in wanted.items()
        }
        new = {key: fields for key, fields in left.items() if fields and key not in known}
        other = {
            key: fields
            for key, fields in left.items()
            if fields and key in known and not _is_same(known[key], fields)
        }
        await self.changes.add(new, now())
        await self.changes.replace({known[key].id: fields for key, fields in other.items()}, now())
        await self.changes.drop_many([key for key in known if not left[key]])
        return {*new, *other}

    async def _present(self, product_id: UUID, names: list[str]) -> dict[str, Any]:
        columns = ["category_id" if name == "category" else name for name in names]
        found = await self.products.columns(product_id, columns) if columns else {}
        return shown(found)


def shown(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns of a product as fields; a category is its id as text."""
    fields = {name: columns[name] for name in columns.keys() & REVIEWED}
    if "category_id" in columns:
        category_id = columns["category_id"]
        fields["category"] = None if category_id is None else str(category_id)
    return fields


def _left(
    wanted: Mapping[str, Any], present: Mapping[str, Any], waiting: WaitingChange | None
) -> dict[str, Any]:
    is_pending = waiting is not None and waiting.state is ChangeState.PENDING
    merged = {**(waiting.fields if waiting and is_pending else {}), **wanted}
    return {name: value for name, value in merged.items() if value != present[name]}


def _is_same(waiting: WaitingChange, fields: Mapping[str, Any]) -> bool:
    return waiting.state is ChangeState.PENDING and waiting.fields == fields
