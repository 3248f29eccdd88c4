"""HTTP for insights: recommendations, figures by product, and proposals."""

from mestore.insights.endpoints.optimization import router as optimization_router
from mestore.insights.endpoints.products import router

__all__ = ["optimization_router", "router"]
