"""Products by their ids, for rooms that decide which ones to show."""

from mestore.catalog.views.products import ProductView
from mestore.catalog.views.shown import shown_products

__all__ = ["ProductView", "shown_products"]
