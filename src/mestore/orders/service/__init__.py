"""The use cases of orders: placing and paying, giving back, and progress to the buyer's door."""

from mestore.orders.service.holding import HeldOrders, paid_history
from mestore.orders.service.placed import (
    OrderService,
    RefundedOrders,
    new_order_number,
    read_money,
    read_order,
    view_of,
)
from mestore.orders.service.progress import OrderProgress, delivered_orders

__all__ = [
    "HeldOrders",
    "OrderProgress",
    "OrderService",
    "RefundedOrders",
    "delivered_orders",
    "new_order_number",
    "paid_history",
    "read_money",
    "read_order",
    "view_of",
]
