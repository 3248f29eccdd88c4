"""Every SQL statement that writes orders."""

from mestore.orders.repository.holds import HoldRepository
from mestore.orders.repository.orders import OrderRepository

__all__ = ["HoldRepository", "OrderRepository"]
