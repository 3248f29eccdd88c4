"""The catalogue's door for rooms that name brands."""

from mestore.catalog.folding import folded

KEY_LENGTH = 100


def brand_key(brand: str) -> str:
    """Return a brand as products are filed under it: without case and accents."""
    return folded(brand)[:KEY_LENGTH]
