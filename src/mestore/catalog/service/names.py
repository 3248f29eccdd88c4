"""How the catalogue takes the names of filters: a category with its branch, a brand by its key."""

from mestore.catalog.folding import folded, slug_of
from mestore.catalog.views.categories import branch_of
from mestore.catalog.views.totals import Totals

BRAND_KEY_LENGTH = 100

__all__ = ["Totals", "branch_of", "brand_key", "slug_of"]


def brand_key(brand: str) -> str:
    """Return a brand as filters compare it: without case, accents and signs."""
    return folded(brand)[:BRAND_KEY_LENGTH]
