"""Variants that an import writes: what is to be done to them, collected before it is written."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mestore.catalog.errors import TooManyVariants
from mestore.catalog.service.columns import check_choices
from mestore.catalog.service.variants import MOST_VARIANTS
from mestore.catalog.types import NewVariant, UpsertRow, choice_of
from mestore.kernel.ids import uuid7

_VARIANT_COLUMNS = (
    "title",
    "option1",
    "option2",
    "option3",
    "price_minor",
    "barcode",
    "inventory_policy",
)


class VariantPlan:
    """What is to be done to the variants of held products."""

    def __init__(self, present: Sequence[Mapping[str, Any]], moment: datetime) -> None:
        self.moment = moment
        self.by_sku = {(each["product_id"], each["sku"]): each for each in present}
        self.counts = Counter(each["product_id"] for each in present)
        self.choices: defaultdict[UUID, dict[str, tuple[str, ...] | None]] = defaultdict(dict)
        for each in present:
            if each["deleted_at"] is None:
                choice = choice_of(each["option1"], each["option2"], each["option3"])
                self.choices[each["product_id"]][each["sku"]] = choice
        self.new: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        self.put: dict[UUID, dict[UUID, int]] = {}
        self.set_to: dict[UUID, int] = {}
        self.touched: set[UUID] = set()

    def add(self, product_id: UUID, row: UpsertRow) -> None:
        """Plan one row of an existing product."""
        if row.stock is not None:
            self.set_to[self.by_sku[product_id, row.fields["sku"]]["id"]] = row.stock
        for variant in row.variants:
            before = self.by_sku.get((product_id, variant.sku))
            if before is None:
                self._add_new(product_id, variant)
            else:
                self._change(before, variant, row.levels.get(variant.sku, variant.stock or None))
        self._check_room(product_id, row.variants)
        self._check_choices(product_id, row.variants)

    def _check_room(self, product_id: UUID, named: Sequence[NewVariant]) -> None:
        """Refuse more variants, beside the default one, than a new product may come with."""
        present = self.choices[product_id]
        new = {variant.sku for variant in named} - present.keys()
        if new and len(present) + len(new) > MOST_VARIANTS + 1:
            raise TooManyVariants(most=MOST_VARIANTS)

    def _check_choices(self, product_id: UUID, variants: Sequence[NewVariant]) -> None:
        """Refuse new options that a variant has which this row does not speak of."""
        named = {variant.sku: variant for variant in variants}
        kept, others = set(), []
        for sku, choice in self.choices[product_id].items():
            if sku not in named:
                others.append(choice)
            elif named[sku].choice == choice:
                kept.add(sku)
        for sku, variant in named.items():
            if sku not in kept:
                check_choices([variant], others)

    def _add_new(self, product_id: UUID, variant: NewVariant) -> None:
        self.new.append(variant_row(product_id, variant, self.counts[product_id], self.moment))
        self.counts[product_id] += 1
        self.put.setdefault(product_id, {})[self.new[-1]["id"]] = variant.stock
        self.touched.add(product_id)

    def _change(self, before: Mapping[str, Any], variant: NewVariant, units: int | None) -> None:
        if units is not None:
            self.set_to[before["id"]] = units
        after = {name: getattr(variant, name) for name in _VARIANT_COLUMNS}
        after |= {"id": before["id"], "deleted_at": None}
        if any(before[name] != value for name, value in after.items()):
            self.changed.append(after)
            self.touched.add(before["product_id"])


def variant_row(
    product_id: UUID, variant: NewVariant, place: int, moment: datetime
) -> dict[str, Any]:
    """Return the row of a new variant; the first place is that of the default one."""
    return {
        "id": uuid7(),
        "product_id": product_id,
        "sku": variant.sku,
        **{name: getattr(variant, name) for name in _VARIANT_COLUMNS},
        "position": place,
        "is_default": place == 0,
        "created_at": moment,
    }
