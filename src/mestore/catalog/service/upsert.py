"""Many products of one vendor at once, by SKU: what imports use."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from mestore.catalog.errors import (
    FeaturedByStaff,
    ShopNotOpen,
    SkuTaken,
    UnknownCategory,
)
from mestore.catalog.events import ProductsWritten
from mestore.catalog.ports import OpeningStock
from mestore.catalog.repository.products import ProductRepository
from mestore.catalog.repository.upserts import UpsertRepository
from mestore.catalog.service.changes import WaitingChanges, shown
from mestore.catalog.service.columns import (
    FIRST,
    check_choices,
    derived,
    repeated,
    slugs_of,
    with_suffix,
)
from mestore.catalog.service.prices import Claim, PriceBook, PriceChange
from mestore.catalog.service.variant_plan import VariantPlan, variant_row
from mestore.catalog.types import (
    REVIEWED,
    NewVariant,
    ProductStatus,
    UpsertResult,
    UpsertRow,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.ids import uuid7
from mestore.kernel.money import CURRENCY
from mestore.vendors.types import SellingVendor

# What a product may be told, with what it is where nothing was ever said.
_EMPTY: dict[str, Any] = dict.fromkeys(
    (
        "category_id",
        "description",
        "short_description",
        "compare_at_price_minor",
        "cost_price_minor",
        "brand",
        "weight_grams",
        "dimensions",
        "rejection_reason",
        "seo_title",
        "seo_description",
    )
)
# One event a product would be 50,000 jobs for an import of as many.
_TOLD_AT_ONCE = 100


async def upsert_products(
    tx: Tx,
    vendor: SellingVendor,
    rows: Sequence[UpsertRow],
    *,
    levels: OpeningStock,
    actor_id: UUID | None = None,
) -> list[UpsertResult]:
    """Insert or change up to about 500 products of one vendor by SKU; one result a row, in order.

    A constant number of statements. All or nothing: the first bad row refuses the whole call,
    and the caller's transaction is to be rolled back. SKUs must differ (`SkuTaken`). In rows of
    products that exist, absent fields stay; `status` may be DRAFT or PENDING on new ones only and
    is ignored on others. Writes price history and stock, in the name of `actor_id` or else of the
    vendor, and publishes `ProductsWritten`.
    Raises `ShopNotOpen`, `FeaturedByStaff`, `SkuTaken`, `UnknownCategory`, `CompareAtPriceTooLow`,
    `CompareAtPriceNotReal`, `TooManyVariants`, the inventory's `BelowReserved`, and `LostRace`
    (then try again).
    """
    return await _Upsert(tx, vendor, levels, actor_id or vendor.user_id).run(rows)


class _Upsert:
    def __init__(self, tx: Tx, vendor: SellingVendor, levels: OpeningStock, actor_id: UUID) -> None:
        self.tx = tx
        self.vendor = vendor
        self.levels = levels
        self.actor_id = actor_id
        self.store = UpsertRepository(tx.connection)
        self.products = ProductRepository(tx.connection)
        self.prices = PriceBook(tx)
        self.moment = now()
        self.told: list[UUID] = []
        self.published: set[UUID] = set()

    async def run(self, rows: Sequence[UpsertRow]) -> list[UpsertResult]:
        if not await self.products.vendor_may_sell(self.vendor.id):
            raise ShopNotOpen
        _check(rows)
        categories = await self._categories(rows)
        held = await self.store.hold_by_sku(self.vendor.id, [row.fields["sku"] for row in rows])
        new = [row for row in rows if row.fields["sku"] not in held]
        old = [row for row in rows if row.fields["sku"] in held]
        added = await self._add(new, categories) if new else {}
        changed = await self._change(old, held, categories) if old else set()
        if added or changed:
            self.tx.touch("catalog", *(f"product:{held[sku]['id']}" for sku in changed))
        for start in range(0, len(self.told), _TOLD_AT_ONCE):
            part = tuple(self.told[start : start + _TOLD_AT_ONCE])
            published = tuple(key for key in part if key in self.published)
            self.tx.publish(ProductsWritten(part, published))
        return [
            UpsertResult(sku, added[sku], True)
            if sku in added
            else UpsertResult(sku, held[sku]["id"], False if sku in changed else None)
            for sku in (row.fields["sku"] for row in rows)
        ]

    async def _add(
        self, rows: Sequence[UpsertRow], categories: Mapping[str, UUID]
    ) -> dict[str, UUID]:
        slugs = await self._slugs([row.fields["name"] for row in rows])
        products = [self._new(row, slug, categories) for row, slug in zip(rows, slugs, strict=True)]
        await self.store.add_products(products)
        await self.prices.open([(product["id"], product["price_minor"]) for product in products])
        variants, stock = [], {}
        for product, row in zip(products, rows, strict=True):
            default = NewVariant(product["sku"], stock=row.stock or 0)
            made = [
                variant_row(product["id"], variant, place, self.moment)
                for place, variant in enumerate((default, *row.variants))
            ]
            variants += made
            stock[product["id"]] = {
                written["id"]: variant.stock
                for written, variant in zip(made, (default, *row.variants), strict=True)
            }
        await self.store.add_variants(variants)
        await self.levels.put_many(self.tx, self.vendor.id, stock, self.actor_id)
        self.told += [product["id"] for product in products if product["is_public"]]
        return {product["sku"]: product["id"] for product in products}

    def _new(self, row: UpsertRow, slug: str, categories: Mapping[str, UUID]) -> dict[str, Any]:
        values = _EMPTY | FIRST | _written(row, categories)
        status = row.fields.get("status", ProductStatus.PENDING)
        if status is ProductStatus.PENDING and self.vendor.is_trusted:
            status = ProductStatus.APPROVED
        return (
            values
            | derived(values)
            | {
                "id": uuid7(),
                "vendor_id": self.vendor.id,
                "slug": slug,
                "currency": CURRENCY,
                "status": status,
                "is_public": status is ProductStatus.APPROVED and values["is_visible"],
                "created_at": self.moment,
                "updated_at": self.moment,
            }
        )

    async def _change(
        self,
        rows: Sequence[UpsertRow],
        held: Mapping[str, dict[str, Any]],
        categories: Mapping[str, UUID],
    ) -> set[str]:
        changed: dict[str, dict[str, Any]] = {}
        waiting: dict[UUID, dict[str, Any]] = {}
        for row in rows:
            before = held[row.fields["sku"]]
            after = before | _written(row, categories)
            is_approved = before["status"] is ProductStatus.APPROVED
            if is_approved and not self.vendor.is_trusted:
                named = row.fields.keys() & REVIEWED
                after, waiting[before["id"]] = _held_back(before, after, named)
            after |= derived(after)
            after["is_public"] = is_approved and after["is_visible"]
            if after != before:
                changed[before["sku"]] = after | {"updated_at": self.moment}
        for sku in await self._put_off(rows, waiting, held):
            # The next version, so that nobody agrees to what they have not read.
            changed.setdefault(sku, held[sku] | {"updated_at": self.moment})
        await self.prices.check([_claim(held[sku], after) for sku, after in changed.items()])
        columns = sorted(
            {
                name
                for sku, after in changed.items()
                for name, value in after.items()
                if value != held[sku][name]
            }
            | {"id"}
        )
        await self.store.change_products(
            [{name: after[name] for name in columns} for after in changed.values()]
        )
        await self.prices.change(
            [
                PriceChange(
                    after["id"], after["created_at"], held[sku]["price_minor"], after["price_minor"]
                )
                for sku, after in changed.items()
                if after["price_minor"] != held[sku]["price_minor"]
            ]
        )
        shown_now = (sku for sku, after in changed.items() if after["is_public"])
        self.published |= {held[sku]["id"] for sku in shown_now if not held[sku]["is_public"]}
        with_variants = await self._change_variants(rows, held)
        self.told += [held[sku]["id"] for sku in sorted(set(changed) | with_variants)]
        return set(changed) | with_variants

    async def _put_off(
        self,
        rows: Sequence[UpsertRow],
        waiting: Mapping[UUID, Mapping[str, Any]],
        held: Mapping[str, dict[str, Any]],
    ) -> list[str]:
        """Let edits wait for the operator; return the SKUs where what waits is another now."""
        changes, other = WaitingChanges(self.tx), set()
        named = {held[row.fields["sku"]]["id"]: row.fields.keys() & REVIEWED for row in rows}
        at_once = {key: names for key, names in named.items() if names and key not in waiting}
        if at_once:
            other |= await changes.give_way(at_once)
        wanted = {key: fields for key, fields in waiting.items() if fields}
        if wanted:
            present = {each["id"]: shown(each) for each in held.values()}
            other |= await changes.put_many(wanted, present)
        return [sku for sku, each in held.items() if each["id"] in other]

    async def _change_variants(
        self, rows: Sequence[UpsertRow], held: Mapping[str, dict[str, Any]]
    ) -> set[str]:
        """Write variants and stock of products that exist; return the SKUs where something was."""
        rows = [row for row in rows if row.variants or row.stock is not None]
        if not rows:
            return set()
        skus = {held[row.fields["sku"]]["id"]: row.fields["sku"] for row in rows}
        present = await self.store.variants_of(list(skus))
        plan = VariantPlan(present, self.moment)
        for row in rows:
            plan.add(held[row.fields["sku"]]["id"], row)
        await self.store.add_variants(plan.new)
        await self.store.change_variants(plan.changed)
        if plan.put:
            await self.levels.put_many(self.tx, self.vendor.id, plan.put, self.actor_id)
        if plan.set_to:
            moved = await self.levels.set_many(self.tx, self.vendor.id, plan.set_to, self.actor_id)
            products = {variant["id"]: variant["product_id"] for variant in present}
            plan.touched |= {products[variant_id] for variant_id in moved}
        return {skus[product_id] for product_id in plan.touched}

    async def _categories(self, rows: Sequence[UpsertRow]) -> dict[str, UUID]:
        keys = {key for row in rows if (key := row.fields.get("category")) is not None}
        known = await self.store.hold_categories(keys) if keys else {}
        for key in sorted(keys - known.keys()):
            raise UnknownCategory(category=key)
        return known

    async def _slugs(self, names: Sequence[str]) -> list[str]:
        wanted = [slugs_of(name) for name in names]
        taken = await self.store.taken_slugs({slug for _, slug in wanted})
        slugs = []
        for base, slug in wanted:
            slugs.append(with_suffix(base) if slug in taken else slug)
            taken.add(slugs[-1])
        return slugs


def _check(rows: Sequence[UpsertRow]) -> None:
    seen: set[str] = set()
    for row in rows:
        sku = row.fields["sku"]
        twice = repeated([sku, *(variant.sku for variant in row.variants)])
        if sku in seen or twice is not None:
            raise SkuTaken(sku=twice or sku)
        check_choices(row.variants)
        if row.fields.get("is_featured"):
            raise FeaturedByStaff
        seen.add(sku)


def _written(row: UpsertRow, categories: Mapping[str, UUID]) -> dict[str, Any]:
    """Return the columns that a row names; its status is not one of them."""
    values: dict[str, Any] = dict(row.fields)
    values.pop("status", None)
    values.pop("is_featured", None)
    if "category" in values:
        key = values.pop("category")
        values["category_id"] = None if key is None else categories[key]
    return values


def _held_back(
    before: Mapping[str, Any], after: Mapping[str, Any], named: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what applies at once, and the fields that wait for the operator."""
    present, wanted = shown(before), shown(after)
    # What a file repeats of the product says nothing: an older edit of it goes on waiting.
    waiting = {name: wanted[name] for name in named if wanted[name] != present[name]}
    kept = {"category_id" if name == "category" else name for name in waiting}
    return {**after, **{name: before[name] for name in kept}}, waiting


def _claim(before: Mapping[str, Any], after: Mapping[str, Any]) -> Claim:
    return Claim(
        after["id"],
        after["created_at"],
        before["price_minor"],
        before["compare_at_price_minor"],
        after["compare_at_price_minor"],
    )
