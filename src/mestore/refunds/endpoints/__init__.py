"""HTTP for refunds: of orders, by transfer, and of money that lies in the queues."""

from mestore.refunds.endpoints.admin import router as admin_router
from mestore.refunds.endpoints.orders import router as orders_router
from mestore.refunds.endpoints.queues import router as queues_router
from mestore.refunds.endpoints.transfers import router

__all__ = ["admin_router", "orders_router", "queues_router", "router"]
