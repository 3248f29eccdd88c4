"""The sample catalogue as typed, read-only values."""

from importlib import resources
from typing import Literal

import msgspec


class SampleCategory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shelf of the sample shop."""

    slug: str
    name: str
    description: str
    seo_title: str
    seo_description: str


class SampleVendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One invented seller; `nit` carries a correct check digit and `phone` is E.164."""

    key: str
    email: str
    first_name: str
    last_name: str
    business_name: str
    nit: str
    phone: str
    city: str
    department: str
    primary_category: str
    description: str


class SampleVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One choice of a product; `price` is None when the product's own price applies."""

    sku: str
    title: str
    option1: str
    stock: int
    option2: str | None = None
    price: int | None = None


class SampleDimensions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The packed size in centimetres."""

    length: float
    width: float
    height: float


class SampleProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One product: whole pesos with tax included, kilograms, and the stock of all its variants."""

    sku: str
    name: str
    short_description: str
    description: str
    price: int
    compare_at_price: int | None
    tax_rate: Literal[0, 5, 19]
    brand: str
    tags: tuple[str, ...]
    weight: float
    dimensions: SampleDimensions
    category: str
    vendor: str
    stock: int
    is_featured: bool
    seo_title: str
    seo_description: str
    options: tuple[str, ...]
    variants: tuple[SampleVariant, ...]


class SampleCatalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the seed writes, in the order it is written."""

    categories: tuple[SampleCategory, ...]
    vendors: tuple[SampleVendor, ...]
    products: tuple[SampleProduct, ...]


def load_catalog() -> SampleCatalog:
    """Read the packaged catalogue; a file that does not match these types is refused."""
    content = resources.files(__package__).joinpath("catalog.json").read_bytes()
    return msgspec.json.decode(content, type=SampleCatalog)
