"""How the catalogue takes the names of filters: a category with its branch, a brand by its key."""

from mestore.catalog.folding import brand_key, slug_of
from mestore.catalog.views.categories import branch_of
from mestore.catalog.views.totals import Totals

__all__ = ["Totals", "branch_of", "brand_key", "slug_of"]
