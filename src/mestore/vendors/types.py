"""The words of vendors."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class VendorStatus(StrEnum):
    """Whether a vendor may sell."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True)
class VendorPolicy:
    """Whether a new vendor may sell at once, without the operator looking."""

    auto_approve: bool = True
    terms_version: str = "2026-01"


@dataclass(frozen=True, slots=True)
class SellingVendor:
    """What other rooms need to know of a vendor."""

    id: UUID
    user_id: UUID
    business_name: str
    status: VendorStatus
    is_trusted: bool
