"""HTTP for search: for shoppers, and for the operator."""

from mestore.search.endpoints.admin import health_router
from mestore.search.endpoints.admin import router as admin_router
from mestore.search.endpoints.products import router

__all__ = ["admin_router", "health_router", "router"]
