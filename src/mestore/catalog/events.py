"""What the catalogue tells the other rooms."""

from dataclasses import dataclass
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class ProductPublished(Event):
    """From now on anybody may see and buy the product."""

    product_id: UUID


@dataclass(frozen=True, slots=True)
class ProductChanged(Event):
    """Something about the product changed; whether it is public did not."""

    product_id: UUID


@dataclass(frozen=True, slots=True)
class ProductArchived(Event):
    """The product left the public: archived, deleted, rejected, hidden, or its vendor suspended."""

    product_id: UUID
