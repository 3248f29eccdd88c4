"""The words of the ledger. A positive amount is a debit, a negative one a credit."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class EntryKind(StrEnum):
    """Which posting template made an entry."""

    CAPTURE = "CAPTURE"
    COMMISSION = "COMMISSION"
    UNAPPLIED = "UNAPPLIED"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: an account by its code, and a signed amount in minor units."""

    account: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class VendorShare:
    """What one vendor's part of an order comes to, in minor units."""

    vendor_id: UUID
    gross_minor: int
    """What the buyer paid for the vendor's lines, IVA included."""
    commission_minor: int
    commission_tax_minor: int


def gateway_account(gateway: str) -> str:
    """Return the account of money that a gateway holds for us."""
    return f"gateway:{gateway}"


def vendor_pending_account(vendor_id: UUID) -> str:
    """Return the account of what a vendor earned and may not draw yet."""
    return f"vendor:{vendor_id}:pending"


SHIPPING_INCOME = "platform:shipping"
COMMISSION_INCOME = "platform:commission"
COMMISSION_TAX = "platform:commission-iva"
UNAPPLIED = "platform:unapplied"
"""Money that a gateway took and no order has: a second, late or wrong payment."""
