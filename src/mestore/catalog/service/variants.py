"""The variants of a product, after it was offered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.catalog.errors import (
    DefaultVariantKept,
    SkuTaken,
    TooManyVariants,
    VariantInUse,
    VariantNotFound,
)
from mestore.catalog.ports import OpeningStock
from mestore.catalog.repository.variants import VariantRepository
from mestore.catalog.service.columns import check_choices
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import Editor, HeldProduct, NewVariant, choice_of, deleted_mark
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.ids import uuid7

MOST_VARIANTS = 100
_COLUMNS = ("sku", "title", "option1", "option2", "option3", "price_minor", "barcode")


class VariantService:
    """Adds, changes and removes variants of a product that the caller holds."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.catalog = CatalogService(tx)
        self.variants = VariantRepository(tx.connection)

    async def add(
        self, product: HeldProduct, editor: Editor, variant: NewVariant, *, levels: OpeningStock
    ) -> UUID:
        """Add a variant with its first stock and return its id."""
        present = await self.variants.all_of(product.id)
        if len(present) >= MOST_VARIANTS:
            raise TooManyVariants(most=MOST_VARIANTS)
        check_choices([variant], map(_choice, present))
        last = max((each["position"] for each in present), default=-1)
        row = _columns(variant) | {
            "id": uuid7(),
            "product_id": product.id,
            "position": last + 1 if variant.position is None else variant.position,
            "is_default": False,
            "created_at": now(),
        }
        if not await self.variants.add(row):
            raise SkuTaken(sku=variant.sku)
        await levels.put(
            self.tx, product.vendor_id, product.id, {row["id"]: variant.stock}, editor.user_id
        )
        await self._changed(product, editor, None, row)
        return UUID(str(row["id"]))

    async def change(
        self, product: HeldProduct, editor: Editor, variant_id: UUID, variant: NewVariant
    ) -> None:
        """Replace what is said of a variant; its stock stays, and so does a place left out."""
        present = await self.variants.all_of(product.id)
        before = _found(present, variant_id)
        check_choices([variant], (_choice(each) for each in present if each is not before))
        if before["is_default"]:
            variant = _default(product, variant)
        values = _columns(variant)
        if variant.position is not None:
            values["position"] = variant.position
        if not await self.variants.change(variant_id, values):
            raise SkuTaken(sku=variant.sku)
        await self._changed(product, editor, before, values)

    async def remove(self, product: HeldProduct, editor: Editor, variant_id: UUID) -> None:
        """Delete a variant that no stock, order or cart holds; its SKU is free again."""
        before = _found(await self.variants.all_of(product.id), variant_id)
        if before["is_default"]:
            raise DefaultVariantKept
        moment = now()
        stock = await self.variants.stock_of(variant_id)
        on_hand, reserved = sum(row[0] for row in stock), sum(row[1] for row in stock)
        carts = await self.variants.count_cart_lines(variant_id, moment)
        waiting = await self.variants.count_waiting(variant_id)
        if on_hand or reserved or carts or waiting:
            raise VariantInUse(on_hand=on_hand, reserved=reserved, carts=carts, waiting=waiting)
        mark = deleted_mark(variant_id)
        values = {"sku": before["sku"][: 100 - len(mark)] + mark, "deleted_at": moment}
        await self.variants.change(variant_id, values)
        await self._changed(product, editor, before, None)

    async def _changed(
        self,
        product: HeldProduct,
        editor: Editor,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        await self.catalog.renew(product)
        if editor.is_staff:
            record(
                self.tx,
                Act.PRODUCT_EDITED,
                Subject.PRODUCT,
                product.id,
                before={"variant": _shown(before)},
                after={"variant": _shown(after)},
            )


def _found(present: Sequence[dict[str, Any]], variant_id: UUID) -> dict[str, Any]:
    for variant in present:
        if variant["id"] == variant_id:
            return variant
    raise VariantNotFound(variant_id=variant_id)


def _default(product: HeldProduct, variant: NewVariant) -> NewVariant:
    """Return the default variant to write: lists show its product's price, so it has no other."""
    if variant.sku != product.sku or variant.price_minor not in {None, product.price_minor}:
        raise DefaultVariantKept
    return replace(variant, price_minor=None)


def _choice(variant: Mapping[str, Any]) -> tuple[str, ...] | None:
    return choice_of(variant["option1"], variant["option2"], variant["option3"])


def _columns(variant: NewVariant) -> dict[str, Any]:
    values = {name: getattr(variant, name) for name in _COLUMNS}
    return values | {"inventory_policy": variant.inventory_policy}


def _shown(variant: dict[str, Any] | None) -> dict[str, Any] | None:
    return variant and {name: variant[name] for name in _COLUMNS}
