"""What the JSON API says of lists of orders."""

from dataclasses import dataclass

from mestore.kernel.paging import PaginationOut
from mestore.orders.types import OrderView


@dataclass(frozen=True, slots=True)
class OrderListOut:
    """A page of orders, the newest first unless asked otherwise."""

    orders: list[OrderView]
    pagination: PaginationOut
