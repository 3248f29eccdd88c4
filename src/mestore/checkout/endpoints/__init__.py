"""HTTP for checkout: orders to place and cancel, payments to start, follow and review."""

from mestore.checkout.endpoints.orders import router as orders_router
from mestore.checkout.endpoints.payments import router as payments_router
from mestore.checkout.endpoints.reviews import router as reviews_router

__all__ = ["orders_router", "payments_router", "reviews_router"]
