"""The words of the ledger. A positive amount is a debit, a negative one a credit."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class EntryKind(StrEnum):
    """Which posting template made an entry."""

    CAPTURE = "CAPTURE"
    COMMISSION = "COMMISSION"
    UNAPPLIED = "UNAPPLIED"
    UNAPPLIED_END = "UNAPPLIED_END"
    REFUND = "REFUND"
    SETTLEMENT = "SETTLEMENT"
    FEE = "FEE"
    RELEASE = "RELEASE"
    DISPUTE = "DISPUTE"
    PAYOUT = "PAYOUT"
    ADJUSTMENT = "ADJUSTMENT"


class UnappliedEnd(StrEnum):
    """What became of money that no order had."""

    REFUND = "refund"
    SALE = "sale"
    """An order takes it after all: the sale itself is posted by its own template."""
    WRITE_OFF = "write_off"


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


@dataclass(frozen=True, slots=True)
class RefundShare:
    """What one vendor's part of a refund comes to, in minor units."""

    vendor_id: UUID
    gross_minor: int
    """What the buyer gets back for the vendor's lines, IVA included."""
    commission_minor: int
    commission_tax_minor: int


def gateway_account(gateway: str) -> str:
    """Return the account of money that a gateway holds for us."""
    return f"gateway:{gateway}"


def vendor_pending_account(vendor_id: UUID) -> str:
    """Return the account of what a vendor earned and may not draw yet."""
    return f"vendor:{vendor_id}:pending"


def vendor_available_account(vendor_id: UUID) -> str:
    """Return the account of what a vendor may draw."""
    return f"vendor:{vendor_id}:available"


def vendor_reserve_account(vendor_id: UUID) -> str:
    """Return the account of what is kept back from a vendor's release for a while."""
    return f"vendor:{vendor_id}:reserve"


def vendor_held_account(vendor_id: UUID) -> str:
    """Return the account of what a vendor may not draw while a buyer disputes it."""
    return f"vendor:{vendor_id}:held"


def vendor_payout_account(vendor_id: UUID) -> str:
    """Return the account of what is on its way to a vendor's bank."""
    return f"vendor:{vendor_id}:in-payout"


def bank_account(channel: str) -> str:
    """Return the account of what left for vendors through a payout channel."""
    return f"bank:{channel}"


def settled_account(gateway: str) -> str:
    """Return the account of what a gateway paid into the operator's bank."""
    return f"settled:{gateway}"


def release_key(order_id: int, vendor_id: UUID) -> str:
    """Return the business key under which a vendor's part of an order is released."""
    return f"release:{order_id}:{vendor_id}"


SHIPPING_INCOME = "platform:shipping"
GATEWAY_FEES = "platform:gateway-fees"
WITHHELD_TAX = "platform:withheld-tax"
"""Tax that gateways and card networks kept on account of the operator's own."""

ADJUSTMENTS = "platform:adjustments"
"""What the operator gave vendors, or charged them, by its own decision."""

COMMISSION_INCOME = "platform:commission"
COMMISSION_TAX = "platform:commission-iva"
UNAPPLIED = "platform:unapplied"
"""Money that a gateway took and no order has: a second, late or wrong payment."""

DISPUTED = "platform:disputed"
"""Money that a bank took back while a dispute runs."""

WRITTEN_OFF = "platform:written-off"
"""Money that nobody claimed, kept by the operator's decision."""
