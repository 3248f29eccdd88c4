"""HTTP for the catalogue; one file a prefix."""

from mestore.catalog.endpoints.admin import router as admin_router
from mestore.catalog.endpoints.categories import router as categories_router
from mestore.catalog.endpoints.products import router as products_router
from mestore.catalog.endpoints.vendors import router as vendor_products_router

__all__ = ["admin_router", "categories_router", "products_router", "vendor_products_router"]
