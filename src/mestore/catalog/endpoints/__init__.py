"""HTTP for the catalogue; one file a prefix."""

from mestore.catalog.endpoints.admin import router as admin_router
from mestore.catalog.endpoints.bulk import router as bulk_router
from mestore.catalog.endpoints.categories import router as categories_router
from mestore.catalog.endpoints.changes import admin_router as admin_changes_router
from mestore.catalog.endpoints.changes import router as changes_router
from mestore.catalog.endpoints.images import router as images_router
from mestore.catalog.endpoints.products import router as products_router
from mestore.catalog.endpoints.variants import router as variants_router
from mestore.catalog.endpoints.vendors import router as vendor_products_router

__all__ = [
    "admin_changes_router",
    "changes_router",
    "admin_router",
    "bulk_router",
    "categories_router",
    "images_router",
    "products_router",
    "variants_router",
    "vendor_products_router",
]
