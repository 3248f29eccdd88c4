"""The words of commissions."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from mestore.kernel.money import divide_half_up


class CommissionStatus(StrEnum):
    """QUOTED with the order, PENDING once it is paid, then APPROVED, then PAID with a payout."""

    QUOTED = "QUOTED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REVERSED = "REVERSED"
    """Given up because all of the line went back."""


@dataclass(frozen=True, slots=True)
class CommissionPolicy:
    """What the operator takes where no rule says otherwise, and the IVA on it, in per cent."""

    default_percent: Decimal = Decimal(5)
    tax_percent: Decimal = Decimal(19)


@dataclass(frozen=True, slots=True)
class CommissionLine:
    """The commission of one order line, and what was given up of it so far, in minor units."""

    id: int
    order_item_id: int
    vendor_id: UUID
    base_minor: int
    amount_minor: int
    tax_minor: int
    refunded_base_minor: int
    refunded_amount_minor: int
    refunded_tax_minor: int

    def given_up(self, base_minor: int) -> tuple[int, int]:
        """Return commission and IVA given up once `base_minor` of the base went back.

        Counted from the whole each time, so that any parts add up to what one refund would be.
        """
        if self.base_minor == 0:
            return self.amount_minor, self.tax_minor
        return (
            divide_half_up(self.amount_minor * base_minor, self.base_minor),
            divide_half_up(self.tax_minor * base_minor, self.base_minor),
        )
