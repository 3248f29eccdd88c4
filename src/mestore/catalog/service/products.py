"""Products: vendors offer and edit them, the operator decides which of them the public sees."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from mestore.accounts.service.acts import is_by_operator, record
from mestore.accounts.types.acts import Act, Subject
from mestore.catalog.errors import (
    FeaturedByStaff,
    ProductAwaited,
    ProductNotFound,
    ReasonRequired,
    ShopNotOpen,
    SkuTaken,
    SlugTaken,
    StatusChangeNotAllowed,
    StockIsPerVariant,
    UnknownCategory,
)
from mestore.catalog.events import ProductArchived, ProductChanged, ProductPublished, VendorShown
from mestore.catalog.ports import OpeningStock
from mestore.catalog.repository.categories import CategoryRepository
from mestore.catalog.repository.products import ProductRepository
from mestore.catalog.repository.variants import VariantRepository
from mestore.catalog.service.changes import WaitingChanges, is_reviewed
from mestore.catalog.service.columns import (
    FIRST,
    check_choices,
    derived,
    is_free,
    repeated,
    slugs_of,
    with_suffix,
)
from mestore.catalog.service.prices import Claim, PriceBook, PriceChange
from mestore.catalog.types import (
    REVIEWED,
    STAFF_MOVES,
    VENDOR_MOVES,
    DropImages,
    Editor,
    HeldProduct,
    NewVariant,
    ProductFields,
    ProductStatus,
    deleted_mark,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace, PreconditionFailed
from mestore.kernel.ids import uuid7
from mestore.kernel.money import CURRENCY
from mestore.vendors.types import SellingVendor, VendorStatus

SLUG_TRIES = 4


class CatalogService:
    """Adds products, changes them, and keeps what the public sees in step."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.products = ProductRepository(tx.connection)
        self.categories = CategoryRepository(tx.connection)
        self.prices = PriceBook(tx)

    async def offer(
        self,
        vendor: SellingVendor,
        fields: ProductFields,
        *,
        variants: Sequence[NewVariant] = (),
        stock: int = 0,
        levels: OpeningStock,
    ) -> UUID:
        """Add a product of a vendor with its first stock and return its id.

        It waits for approval unless the vendor is trusted. `stock` is that of the default variant.
        """
        if not await self.products.vendor_may_sell(vendor.id):
            raise ShopNotOpen
        if fields.get("is_featured"):
            raise FeaturedByStaff
        status = fields.get("status", ProductStatus.PENDING)
        if status is ProductStatus.PENDING and vendor.is_trusted:
            status = ProductStatus.APPROVED
        product_id, moment = uuid7(), now()
        row = FIRST | await self._columns(fields)
        row |= {
            "id": product_id,
            "vendor_id": vendor.id,
            "currency": CURRENCY,
            "status": status,
            "is_public": status is ProductStatus.APPROVED and fields.get("is_visible", True),
            "created_at": moment,
            "updated_at": moment,
        }
        await self._add(row)
        default = NewVariant(fields["sku"], stock=stock)
        await self.prices.open([(product_id, row["price_minor"])])
        first_levels = await self._add_variants(product_id, [default, *variants])
        await levels.put(self.tx, vendor.id, product_id, first_levels, vendor.user_id)
        if row["is_public"]:
            self.tx.publish(ProductPublished(product_id))
        self.tx.touch("catalog")
        return product_id

    async def hold(self, key: str, editor: Editor) -> HeldProduct:
        """Return a product that `editor` may change, and keep it from everybody else."""
        product = await self.products.lock_product(key)
        if not editor.is_staff and product.owner_id != editor.user_id:
            raise ProductNotFound
        return product

    async def edit(
        self,
        product: HeldProduct,
        editor: Editor,
        fields: ProductFields,
        *,
        stock: int | None = None,
        levels: OpeningStock,
    ) -> None:
        """Change some fields of a product, and the stock of one that has a single variant."""
        is_featured = fields.get("is_featured", product.is_featured)
        if is_featured != product.is_featured and not editor.is_staff:
            raise FeaturedByStaff
        status = _moved(product, fields.get("status", product.status), VENDOR_MOVES)
        if status is not product.status and _needs_no_approval(product, status):
            status = ProductStatus.APPROVED
        if is_reviewed(product, editor, status):
            fields = await self._hold_back(product, fields)
        elif not editor.is_staff and (said := fields.keys() & REVIEWED):
            await WaitingChanges(self.tx).give_way({product.id: said})
        values = await self._columns(fields, product)
        await self._follow_sku(product, fields.get("sku", product.sku))
        await self._move_slug(product, fields.get("slug", product.slug))
        if editor.is_staff:
            await self._record_edit(product, values | {"status": status})
        await self._change(product, values, status, fields.get("is_visible", product.is_visible))
        if stock is not None:
            await self._set_stock(product, stock, editor, levels)

    async def decide(
        self, product: HeldProduct, status: ProductStatus, reason: str | None = None
    ) -> None:
        """Move a product to another status, as the operator may; a rejection needs a reason."""
        if status is ProductStatus.REJECTED and not reason:
            raise ReasonRequired
        moved = _moved(product, status, STAFF_MOVES)
        values = {"rejection_reason": reason} if moved is ProductStatus.REJECTED else {}
        await self._change(product, values, moved, product.is_visible)
        if is_by_operator(product.owner_id):
            before = {"status": product.status, "rejection_reason": product.rejection_reason}
            act = _DECISIONS.get(moved, Act.PRODUCT_MOVED)
            after = before | {"status": moved} | values
            record(self.tx, act, Subject.PRODUCT, product.id, before=before, after=after)

    async def withdraw(self, product: HeldProduct, editor: Editor) -> None:
        """Delete a product: nobody sees it any more, and its SKU and slug are free again.

        Raises `ProductAwaited` while orders wait for units of it: none could be let arrive.
        """
        if waiting := await VariantRepository(self.tx.connection).count_waiting_for(product.id):
            raise ProductAwaited(waiting=waiting)
        moment = now()
        mark = deleted_mark(product.id)
        values = {
            "deleted_at": moment,
            "updated_at": moment,
            "is_public": False,
            "sku": product.sku[: 100 - len(mark)] + mark,
            "slug": product.slug[: 200 - len(mark)] + mark,
            "images": [],
        }
        if not await self.products.change(product, values):
            raise PreconditionFailed
        if keys := await self.products.drop_images(product.id):
            self.tx.enqueue(DropImages(tuple(keys)))
        self.tx.publish(ProductArchived(product.id))
        self._touch(product.id)
        if editor.is_staff:
            before = {"name": product.name, "sku": product.sku, "status": product.status}
            record(self.tx, Act.PRODUCT_DELETED, Subject.PRODUCT, product.id, before=before)

    async def renew(self, product: HeldProduct, values: Mapping[str, Any] | None = None) -> None:
        """Let everybody read a product again whose variants or pictures changed."""
        await self._change(product, values or {}, product.status, product.is_visible)

    async def rate(self, product_id: UUID, sum_delta: int, count_delta: int) -> None:
        """Add to the sum and the number of a product's ratings; raises `ProductNotFound`.

        One conditional UPDATE, which also keeps `rating_score`: rivals may come in any order.
        """
        if not await self.products.rate(product_id, sum_delta, count_delta):
            raise ProductNotFound
        self._touch(product_id)

    async def show_vendor(self, vendor_id: UUID, *, is_shown: bool) -> None:
        """Show all approved products of a vendor who may sell again, or hide them."""
        await self.products.show_vendor(vendor_id, is_shown=is_shown, moment=now())
        self.tx.touch("catalog", f"vendor:{vendor_id}")
        if is_shown:
            self.tx.publish(VendorShown(vendor_id))

    async def _hold_back(self, product: HeldProduct, fields: ProductFields) -> ProductFields:
        """Let the reviewed fields wait for the operator and return those that apply at once."""
        waiting = {name: value for name, value in fields.items() if name in REVIEWED}
        if "category" in waiting:
            category_id = await self._category(fields["category"])
            waiting["category"] = None if category_id is None else str(category_id)
        await self._check_slug(product, fields.get("slug", product.slug))
        if waiting:
            await WaitingChanges(self.tx).put(product.id, waiting)
        at_once = {name: value for name, value in fields.items() if name not in waiting}
        return cast(ProductFields, at_once)

    async def _columns(
        self, fields: ProductFields, product: HeldProduct | None = None
    ) -> dict[str, Any]:
        """Return the columns that `fields` change, with those that follow from them."""
        values: dict[str, Any] = dict(fields)
        values.pop("status", None)
        if "category" in values:
            values["category_id"] = await self._category(values.pop("category"))
        now_has = {**_known(product), **fields}
        values |= derived(now_has)
        if product is not None and "compare_at_price_minor" in fields:
            claim = Claim(
                product.id,
                product.created_at,
                product.price_minor,
                product.compare_at_price_minor,
                fields["compare_at_price_minor"],
            )
            await self.prices.check([claim])
        return values

    async def _category(self, key: str | None) -> UUID | None:
        if key is None:
            return None
        category_id = await self.categories.hold(key)
        if category_id is None:
            raise UnknownCategory(category=key)
        return category_id

    async def _add(self, row: dict[str, Any]) -> None:
        base, slug = slugs_of(row["name"])
        if await self.products.leads_to_another(slug, row["id"]):
            slug = with_suffix(base)
        for _ in range(SLUG_TRIES):
            if await self.products.add({**row, "slug": slug}):
                return
            if await self.products.exists_sku(row["vendor_id"], row["sku"]):
                raise SkuTaken(sku=row["sku"])
            slug = with_suffix(base)
        raise LostRace

    async def _add_variants(
        self, product_id: UUID, variants: Sequence[NewVariant]
    ) -> dict[UUID, int]:
        check_choices(variants)
        if (sku := repeated(variant.sku for variant in variants)) is not None:
            raise SkuTaken(sku=sku)
        moment = now()
        rows: list[dict[str, Any]] = [
            {
                "id": uuid7(),
                "product_id": product_id,
                "sku": variant.sku,
                "title": variant.title,
                "option1": variant.option1,
                "option2": variant.option2,
                "option3": variant.option3,
                "price_minor": variant.price_minor,
                "barcode": variant.barcode,
                "position": position,
                "is_default": position == 0,
                "inventory_policy": variant.inventory_policy,
                "created_at": moment,
            }
            for position, variant in enumerate(variants)
        ]
        await self.products.add_variants(rows)
        return {row["id"]: variant.stock for row, variant in zip(rows, variants, strict=True)}

    async def _follow_sku(self, product: HeldProduct, sku: str) -> None:
        if sku == product.sku:
            return
        if await self.products.exists_sku(product.vendor_id, sku):
            raise SkuTaken(sku=sku)
        if not await self.products.rename_default_variant(product.id, sku):
            raise SkuTaken(sku=sku)

    async def _check_slug(self, product: HeldProduct, slug: str) -> None:
        if slug == product.slug:
            return
        if not is_free(slug) or await self.products.is_slug_taken(slug, product.id):
            raise SlugTaken(slug=slug)

    async def _move_slug(self, product: HeldProduct, slug: str) -> None:
        await self._check_slug(product, slug)
        if slug != product.slug and not await self.products.move_slug(product, slug, now()):
            raise SlugTaken(slug=slug)

    async def _change(
        self,
        product: HeldProduct,
        values: Mapping[str, Any],
        status: ProductStatus,
        is_visible: bool,
    ) -> None:
        is_public = status is ProductStatus.APPROVED and is_visible
        if is_public and product.is_public:
            is_public = product.vendor_status is VendorStatus.APPROVED
        elif is_public:
            is_public = await self.products.vendor_may_sell(product.vendor_id)
        row = {**values, "status": status, "is_public": is_public, "updated_at": now()}
        if status is ProductStatus.APPROVED:
            row["rejection_reason"] = None
        if not await self.products.change(product, row):
            raise PreconditionFailed
        price_minor = values.get("price_minor", product.price_minor)
        if price_minor != product.price_minor:
            change = PriceChange(product.id, product.created_at, product.price_minor, price_minor)
            await self.prices.change([change])
        if is_public == product.is_public:
            self.tx.publish(ProductChanged(product.id))
        elif is_public:
            self.tx.publish(ProductPublished(product.id))
        else:
            self.tx.publish(ProductArchived(product.id))
        self._touch(product.id)

    async def _record_edit(self, product: HeldProduct, values: Mapping[str, Any]) -> None:
        after = {name: value for name, value in values.items() if name not in _DERIVED}
        before = await self.products.columns(product.id, list(after))
        record(self.tx, Act.PRODUCT_EDITED, Subject.PRODUCT, product.id, before=before, after=after)

    async def _set_stock(
        self, product: HeldProduct, quantity: int, editor: Editor, levels: OpeningStock
    ) -> None:
        variant_ids = await self.products.all_variant_ids(product.id)
        if len(variant_ids) != 1:
            raise StockIsPerVariant(id=product.id)
        await levels.set(
            self.tx, product.vendor_id, product.id, variant_ids[0], quantity, editor.user_id
        )

    def _touch(self, product_id: UUID) -> None:
        self.tx.touch("catalog", f"product:{product_id}")


_DECISIONS = {
    ProductStatus.APPROVED: Act.PRODUCT_APPROVED,
    ProductStatus.REJECTED: Act.PRODUCT_REJECTED,
    ProductStatus.ARCHIVED: Act.PRODUCT_ARCHIVED,
}
# Columns that follow from others and say nothing of their own.
_DERIVED = frozenset({"brand_key", "search_text"})


def _known(product: HeldProduct | None) -> dict[str, Any]:
    if product is None:
        return {}
    return {
        "name": product.name,
        "brand": product.brand,
        "tags": product.tags,
        "price_minor": product.price_minor,
        "compare_at_price_minor": product.compare_at_price_minor,
    }


def _moved(
    product: HeldProduct,
    wanted: ProductStatus,
    moves: Mapping[ProductStatus, Sequence[ProductStatus]],
) -> ProductStatus:
    """Return the wanted status if it is the present one or may follow it."""
    if wanted is not product.status and wanted not in moves[product.status]:
        raise StatusChangeNotAllowed(
            status=product.status, wanted=wanted, allowed=", ".join(moves[product.status])
        )
    return wanted


def _needs_no_approval(product: HeldProduct, status: ProductStatus) -> bool:
    """Say whether handing in is enough: trust ends where the operator has said no before."""
    is_handed_in = status is ProductStatus.PENDING
    return is_handed_in and product.is_trusted and product.rejection_reason is None
