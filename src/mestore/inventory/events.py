"""What the inventory tells the other rooms."""

from dataclasses import dataclass
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class LowStock(Event):
    """The free units of a variant have just fallen to its product's threshold or below it."""

    product_id: UUID
    variant_id: UUID
    available: int
    threshold: int
