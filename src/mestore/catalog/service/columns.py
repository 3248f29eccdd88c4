"""What columns of a product follow from others, and what it has before anybody says otherwise."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from mestore.catalog.errors import CompareAtPriceTooLow, OptionsTaken
from mestore.catalog.folding import brand_key, search_text, slug_of
from mestore.catalog.types import NewVariant, uuid_in

SLUG_LENGTH = 180
# Addresses under /products that a slug would hide behind.
_RESERVED_SLUGS = frozenset(
    {
        "analytics",
        "bulk-delete",
        "bulk-import",
        "bulk-update",
        "export",
        "my-products",
        "recently-viewed",
        "recommendations",
        "search",
        "suggestions",
    }
)

# What a new product has where nobody said otherwise.
FIRST: dict[str, Any] = {
    "tags": [],
    "is_visible": True,
    "is_featured": False,
    "images": [],
    "videos": [],
    "metadata": {},
    "track_inventory": True,
    "tax_rate": 19,
    "low_stock_threshold": 10,
    "rating_sum": 0,
    "rating_count": 0,
    "rating_score": 0,
    "version": 1,
}


def derived(product: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that follow from others; raises `CompareAtPriceTooLow`."""
    compare_at = product.get("compare_at_price_minor")
    if compare_at is not None and compare_at <= product["price_minor"]:
        raise CompareAtPriceTooLow
    brand = product.get("brand")
    return {
        "brand_key": brand_key(brand) if brand else None,
        "search_text": search_text(product["name"], brand, product.get("tags", ())),
    }


def check_choices(
    variants: Iterable[NewVariant], taken: Iterable[tuple[str, ...] | None] = ()
) -> None:
    """Refuse variants with the options of one before them, or of one that is there."""
    seen = set(taken)
    for variant in variants:
        if variant.choice is not None and variant.choice in seen:
            raise OptionsTaken(sku=variant.sku)
        seen.add(variant.choice)


def repeated(skus: Iterable[str]) -> str | None:
    """Return the first SKU that stands twice among these, if one does."""
    seen: set[str] = set()
    for sku in skus:
        if sku in seen:
            return sku
        seen.add(sku)
    return None


def slugs_of(name: str) -> tuple[str, str]:
    """Return the address that a name makes, and the one to try first."""
    base = slug_of(name, SLUG_LENGTH) or "producto"
    return base, base if is_free(base) else with_suffix(base)


def is_free(slug: str) -> bool:
    """Say whether no address of ours hides behind this slug."""
    return slug not in _RESERVED_SLUGS and uuid_in(slug) is None


def with_suffix(slug: str) -> str:
    """Return a slug that nobody has, but for bad luck."""
    return f"{slug}-{secrets.token_hex(3)}"
