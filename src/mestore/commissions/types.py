"""The words of commissions."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class CommissionStatus(StrEnum):
    """QUOTED with the order, PENDING once it is paid, then APPROVED, then PAID with a payout."""

    QUOTED = "QUOTED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class CommissionPolicy:
    """What the operator takes where no rule says otherwise, and the IVA on it, in per cent."""

    default_percent: Decimal = Decimal(5)
    tax_percent: Decimal = Decimal(19)
