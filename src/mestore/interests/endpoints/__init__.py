"""HTTP for interests: one's own history, saved searches and price alerts."""

from mestore.interests.endpoints.alerts import router as alerts_router
from mestore.interests.endpoints.history import router as history_router
from mestore.interests.endpoints.history import viewed_router
from mestore.interests.endpoints.saved import router as saved_router

__all__ = ["alerts_router", "history_router", "saved_router", "viewed_router"]
