"""What the JSON API of the catalogue answers, for its document; the views make the same shapes."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, JsonValue

from mestore.catalog.types import ChangeState, InventoryPolicy, ProductStatus
from mestore.kernel.paging import PaginationOut


class CategoryRefOut(BaseModel):
    """The category of a product."""

    id: UUID
    name: str
    slug: str


class VendorRefOut(BaseModel):
    """Who sells a product."""

    id: UUID
    business_name: str


class RatingOut(BaseModel):
    """What buyers think: the average of 1 to 5, 0 while nobody has said."""

    average: float
    count: int


class ImageUrlsOut(BaseModel):
    """Where a picture lies in each size."""

    original: str
    large: str
    medium: str
    small: str
    thumbnail: str


class ImageOut(BaseModel):
    """A picture of a product; pixels of the original."""

    id: UUID
    alt: str | None
    position: int
    width: int
    height: int
    urls: ImageUrlsOut


class DimensionsOut(BaseModel):
    """The packed size in centimetres."""

    length: float
    width: float
    height: float


class ProductOut(BaseModel):
    """A product as everybody sees it."""

    id: UUID
    number: int
    sku: str
    name: str
    slug: str
    description: str | None
    short_description: str | None
    price: float
    compare_at_price: float | None
    currency: str
    tax_rate: int
    category: CategoryRefOut | None
    brand: str | None
    tags: list[str]
    weight: float | None
    dimensions: DimensionsOut | None
    status: ProductStatus
    is_visible: bool
    is_featured: bool
    seo_title: str | None
    seo_description: str | None
    images: list[ImageOut]
    videos: list[str]
    track_inventory: bool
    stock: int
    in_stock: bool
    is_backorder: bool
    low_stock_threshold: int
    rating: RatingOut
    vendor: VendorRefOut
    metadata: dict[str, JsonValue]
    created_at: datetime
    updated_at: datetime


class OwnProductOut(ProductOut):
    """A product as its vendor and the operator see it."""

    cost_price: float | None
    rejection_reason: str | None
    pending_changes: dict[str, JsonValue] | None


class FieldChangeOut(BaseModel):
    """What a field says now and what it is to say."""

    before: JsonValue
    after: JsonValue


class ChangeOut(BaseModel):
    """An edit of an approved product that waits or was rejected; `category` is an id."""

    id: int
    product_id: UUID
    product_name: str
    vendor_id: UUID
    product_version: int
    state: ChangeState
    reason: str | None
    submitted_at: datetime
    changes: dict[str, FieldChangeOut]


class ChangesOut(BaseModel):
    """A page of edits."""

    changes: list[ChangeOut]
    pagination: PaginationOut


class VariantOut(BaseModel):
    """A choice of a product; `price_override` is null where it costs what the product costs."""

    id: UUID
    product_id: UUID
    sku: str
    title: str | None
    option1: str | None
    option2: str | None
    option3: str | None
    price: float
    price_override: float | None
    barcode: str | None
    position: int
    is_default: bool
    inventory_policy: InventoryPolicy
    stock: int
    in_stock: bool
    is_backorder: bool
    created_at: datetime


class ProductsOut(BaseModel):
    """A page of products."""

    products: list[ProductOut]
    pagination: PaginationOut


class OwnProductsOut(BaseModel):
    """A page of one's own products."""

    products: list[OwnProductOut]
    pagination: PaginationOut


class VariantsOut(BaseModel):
    """The choices of a product, the default one first."""

    variants: list[VariantOut]


class ImagesOut(BaseModel):
    """The pictures of a product in order."""

    images: list[ImageOut]


class ProductMoved(BaseModel):
    """The product as it is now."""

    success: bool = True
    product: OwnProductOut


class BulkResultOut(BaseModel):
    """What became of one product; `code` and `detail` tell why it was refused."""

    id: UUID
    success: bool
    code: str | None = None
    detail: str | None = None


class BulkOut(BaseModel):
    """One result for each product, in the order in which they were sent."""

    success: bool
    done: int
    failed: int
    results: list[BulkResultOut]


class PastPriceOut(BaseModel):
    """A price and from when until when it was asked; the present one has no end."""

    price: float
    since: datetime
    until: datetime | None


class PriceHistoryOut(BaseModel):
    """The prices of the last 90 days, the newest first, and the lowest of the last 30."""

    product_id: UUID
    price: float
    currency: str
    lowest_30_days: float
    prices: list[PastPriceOut]


class CategoryOut(BaseModel):
    """A category with everything under it; `product_count` is of public products in all of it."""

    id: UUID
    number: int
    parent_id: UUID | None
    path: str
    name: str
    slug: str
    description: str | None
    seo_title: str | None
    seo_description: str | None
    position: int
    created_at: datetime
    updated_at: datetime
    product_count: int
    children: list["CategoryOut"]


class CategoriesOut(BaseModel):
    """The whole tree of categories."""

    categories: list[CategoryOut]
