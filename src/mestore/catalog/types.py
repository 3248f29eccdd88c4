"""The words of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict
from uuid import UUID

from mestore.kernel.messages import Task
from mestore.vendors.types import VendorStatus

IMAGE_SIZES = ("original", "large", "medium", "small", "thumbnail")
DEEPEST_LEVEL = 10

REVIEWED = (
    "name",
    "slug",
    "description",
    "short_description",
    "category",
    "brand",
    "tags",
    "tax_rate",
    "seo_title",
    "seo_description",
    "videos",
    "metadata",
)
"""The fields that the operator approved a product by, in the order in which they are shown."""


class ProductStatus(StrEnum):
    """Where a product stands on its way to the public. Only APPROVED ones are sold."""

    DRAFT = "DRAFT"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    ARCHIVED = "ARCHIVED"


class ChangeState(StrEnum):
    """Where a vendor's edit of an approved product stands. An accepted one is gone."""

    PENDING = "PENDING"
    REJECTED = "REJECTED"


class InventoryPolicy(StrEnum):
    """What happens when stock has run out: DENY refuses orders, CONTINUE takes them."""

    DENY = "DENY"
    CONTINUE = "CONTINUE"


# Where its vendor may move a product. PENDING asks for approval, which a trusted vendor has.
VENDOR_MOVES = {
    ProductStatus.DRAFT: (ProductStatus.PENDING, ProductStatus.ARCHIVED),
    ProductStatus.PENDING: (ProductStatus.DRAFT, ProductStatus.ARCHIVED),
    ProductStatus.APPROVED: (ProductStatus.DRAFT, ProductStatus.ARCHIVED),
    ProductStatus.REJECTED: (ProductStatus.DRAFT, ProductStatus.PENDING, ProductStatus.ARCHIVED),
    ProductStatus.ARCHIVED: (ProductStatus.DRAFT, ProductStatus.PENDING),
}
# Where the operator may move it. A draft has not been handed in, so there is nothing to approve.
STAFF_MOVES = {
    ProductStatus.DRAFT: (ProductStatus.PENDING, ProductStatus.ARCHIVED),
    ProductStatus.PENDING: (
        ProductStatus.APPROVED,
        ProductStatus.REJECTED,
        ProductStatus.DRAFT,
        ProductStatus.ARCHIVED,
    ),
    ProductStatus.APPROVED: (
        ProductStatus.PENDING,
        ProductStatus.REJECTED,
        ProductStatus.ARCHIVED,
    ),
    ProductStatus.REJECTED: (
        ProductStatus.PENDING,
        ProductStatus.APPROVED,
        ProductStatus.ARCHIVED,
    ),
    ProductStatus.ARCHIVED: (ProductStatus.DRAFT, ProductStatus.PENDING),
}


class ImageState(StrEnum):
    """Where a picture stands: only a READY one is public. FAILED: its original was lost."""

    PROCESSING = "PROCESSING"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class MakeSizes(Task):
    """Make the smaller sizes of an uploaded picture."""

    product_id: UUID
    image_id: UUID


@dataclass(frozen=True, slots=True)
class FailImage(Task):
    """Give a picture up whose sizes could not be made."""

    product_id: UUID
    image_id: UUID


@dataclass(frozen=True, slots=True)
class DropImages(Task):
    """Remove the files of pictures, by their keys in the blob store, where no row has the key."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """Where browsers find pictures: the prefix of every address."""

    media_url: str = "/media"


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """How honest a price before must be: one the product had within `compare_at_days`.

    A product younger than `new_days` has no such past, and its vendor is believed. With 0
    `compare_at_days` nothing is checked. Law 1480 of 2011, articles 26 and 30.
    """

    compare_at_days: int = 90
    new_days: int = 30


class ProductFields(TypedDict, total=False):
    """What people write of a product, by column; what is absent stays as it is.

    `category` is an id or a slug, or None for no category. Amounts are in minor units.
    """

    sku: str
    name: str
    slug: str
    description: str | None
    short_description: str | None
    price_minor: int
    compare_at_price_minor: int | None
    cost_price_minor: int | None
    tax_rate: int
    category: str | None
    brand: str | None
    tags: list[str]
    weight_grams: int | None
    dimensions: dict[str, Any] | None
    status: ProductStatus
    is_visible: bool
    is_featured: bool
    seo_title: str | None
    seo_description: str | None
    videos: list[str]
    metadata: dict[str, Any]
    track_inventory: bool
    low_stock_threshold: int


class CategoryFields(TypedDict):
    """What people write of a category; `parent` is an id or a slug, or None for the root."""

    name: str
    slug: str | None
    parent: str | None
    description: str | None
    seo_title: str | None
    seo_description: str | None
    position: int


@dataclass(frozen=True, slots=True)
class NewVariant:
    """A choice of a product. Without a price of its own it costs what the product costs."""

    sku: str
    title: str | None = None
    option1: str | None = None
    option2: str | None = None
    option3: str | None = None
    price_minor: int | None = None
    barcode: str | None = None
    stock: int = 0
    position: int | None = None
    inventory_policy: InventoryPolicy = InventoryPolicy.DENY

    @property
    def choice(self) -> tuple[str, ...] | None:
        """What a buyer chooses it by."""
        return choice_of(self.option1, self.option2, self.option3)


def deleted_mark(key: UUID) -> str:
    """Return what is put after the SKU and slug of a deleted thing, so that they are free again."""
    return f"~{key.hex}"


def before_deletion(text: str, key: UUID) -> str:
    """Return a SKU or slug as it was before its thing was deleted, if it was."""
    return text.removesuffix(deleted_mark(key))


def choice_of(*options: str | None) -> tuple[str, ...] | None:
    """Return the options of a variant as they are compared; None where it has none."""
    return tuple((option or "").casefold() for option in options) if any(options) else None


@dataclass(frozen=True, slots=True)
class UpsertRow:
    """A product to write by its SKU. A new one needs `name` and `price_minor` in `fields`.

    `stock` is what the default variant is to have at the main place; None leaves it as it is.
    Variants are known by their SKU within the product; one with `stock` 0 keeps what it has, but
    for those in `levels`, which are to have what it says, by SKU.
    """

    fields: ProductFields
    variants: tuple[NewVariant, ...] = ()
    stock: int | None = None
    levels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """What became of a row: `created` is True, False where it changed, None where nothing did."""

    sku: str
    product_id: UUID
    created: bool | None


@dataclass(frozen=True, slots=True)
class NewImage:
    """A picture; its files are in the blob store as `<key>/<size>.webp`. Pixels of the original."""

    key: str
    width: int
    height: int
    alt: str | None = None


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes a product: its vendor's owner, or the operator's staff."""

    user_id: UUID
    is_staff: bool


# Who finishes what somebody began: jobs and the sample shop.
SYSTEM_EDITOR = Editor(UUID(int=0), is_staff=True)


@dataclass(frozen=True, slots=True)
class HeldProduct:
    """A product as it is now, which nobody else changes until this transaction ends."""

    id: UUID
    vendor_id: UUID
    name: str
    slug: str
    sku: str
    price_minor: int
    compare_at_price_minor: int | None
    brand: str | None
    tags: list[str]
    status: ProductStatus
    rejection_reason: str | None
    is_visible: bool
    is_featured: bool
    is_public: bool
    version: int
    owner_id: UUID
    vendor_status: VendorStatus
    is_trusted: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """What a vendor wants to say of an approved product, and nobody has agreed to yet."""

    id: int
    product_id: UUID
    fields: ProductFields
    state: ChangeState
    reason: str | None
    version: int


@dataclass(frozen=True, slots=True)
class HeldCategory:
    """A category as it is now, while this transaction holds the whole tree."""

    id: UUID
    parent_id: UUID | None
    path: str
    slug: str

    @property
    def level(self) -> int:
        """Return how deep it lies; a root is at 1."""
        return self.path.count("/") - 1


@dataclass(frozen=True, slots=True)
class SaleItem:
    """A variant as it is sold now: what carts and checkout need, prices in minor units.

    `is_on_sale` is false where the product is not public: it may be shown in a cart, not ordered.
    `takes_backorders` says that it may be ordered while no unit is there.
    `has_choice` says that the product has other variants: who buys it must say which.
    """

    variant_id: UUID
    product_id: UUID
    vendor_id: UUID
    category_id: UUID | None
    product_name: str
    variant_title: str | None
    sku: str
    price_minor: int
    tax_rate: int
    track_inventory: bool
    is_on_sale: bool
    has_choice: bool
    image_url: str | None
    takes_backorders: bool = False


def uuid_in(key: str) -> UUID | None:
    """Return the id that `key` is in its usual form; None where it can only be a slug."""
    if len(key) != 36:
        return None
    try:
        return UUID(key)
    except ValueError:
        return None
