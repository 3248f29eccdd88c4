"""What orders tell the other rooms."""

from dataclasses import dataclass
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class OrderPlaced(Event):
    """An order was written and its stock is reserved."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderPaid(Event):
    """The whole order was paid; published once an order."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    """The order ended unpaid or was called off."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderDelivered(Event):
    """One vendor's part of an order arrived; published once a part."""

    order_id: int
    vendor_id: UUID
