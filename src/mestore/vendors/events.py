"""What vendors tell the other rooms."""

from dataclasses import dataclass
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class VendorApproved(Event):
    """A vendor may sell from now on."""

    vendor_id: UUID


@dataclass(frozen=True, slots=True)
class VendorSuspended(Event):
    """A vendor may not sell until approved again."""

    vendor_id: UUID
    reason: str | None
