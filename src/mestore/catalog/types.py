"""The words of the catalogue."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ProductStatus(StrEnum):
    """Where a product stands on its way to the public. Only APPROVED ones are sold."""

    DRAFT = "DRAFT"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class SaleItem:
    """A variant as it is sold now: what carts and checkout need, prices in minor units.

    `is_on_sale` is false where the product is not public: it may be shown in a cart, not ordered.
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
    image_url: str | None
