"""What carts tell the other rooms."""

from dataclasses import dataclass
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class AddedToCart(Event):
    """A product was put into a cart as a new line; a line that grows is not told of again.

    `at` is ISO 8601 in UTC.
    """

    product_id: UUID
    vendor_id: UUID
    at: str
