"""HTTP for disputes: staff opens and decides them, vendors look on and say what they know."""

from mestore.disputes.endpoints.admin import router as admin_router
from mestore.disputes.endpoints.vendors import router as vendor_router

__all__ = ["admin_router", "vendor_router"]
