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
    """The product is no longer public: archived, deleted, rejected or hidden.

    Of a suspended vendor's products `VendorSuspended` alone tells, once for all of them.
    """

    product_id: UUID


@dataclass(frozen=True, slots=True)
class ProductsWritten(Event):
    """Products of an import were added or changed, at most 100 in one message.

    It stands for the three above: what each product is now, the catalogue says. `published_ids`
    are those of them that became public by a change.
    """

    product_ids: tuple[UUID, ...]
    published_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class VendorShown(Event):
    """The approved products of a vendor who may sell again are public; no event tells of each."""

    vendor_id: UUID
