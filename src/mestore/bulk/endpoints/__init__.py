"""HTTP of bulk work: imports, exports, jobs."""

from mestore.bulk.endpoints.exports import router as exports_router
from mestore.bulk.endpoints.imports import products_router, stock_router
from mestore.bulk.endpoints.jobs import router as jobs_router

__all__ = ["exports_router", "jobs_router", "products_router", "stock_router"]
