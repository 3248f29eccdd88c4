"""The words of earnings. Amounts are minor units, positive where the vendor is owed them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from mestore.kernel.clock import BOGOTA
from mestore.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class EarningsPolicy:
    """When earnings are released, and what is kept back where a vendor has no terms of its own."""

    extra_days: int = 2
    """Calendar days after the right of withdrawal has ended."""
    reserve_basis_points: int = 0
    """Hundredths of a per cent of each release."""
    reserve_days: int = 30


@dataclass(frozen=True, slots=True)
class Terms:
    """What is kept back of a vendor's releases, and for how long."""

    reserve_basis_points: int
    reserve_days: int

    def reserve_of(self, amount_minor: int) -> int:
        """Return what is kept back of a release; nothing of a debt."""
        return max(0, amount_minor) * self.reserve_basis_points // 10_000


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What the operator gives a vendor, or charges it where negative, and why."""

    amount_minor: int
    reference: str
    reason: str


class Purpose(StrEnum):
    """The accounts of a vendor, as the last part of their codes says."""

    PENDING = "pending"
    AVAILABLE = "available"
    RESERVE = "reserve"
    HELD = "held"
    IN_PAYOUT = "in-payout"


def vendor_codes(vendor_id: UUID) -> list[str]:
    """Return the codes of all accounts of a vendor."""
    return [f"vendor:{vendor_id}:{purpose}" for purpose in Purpose]


@dataclass(frozen=True, slots=True)
class Part:
    """A vendor's part of an order, as a release asks about it."""

    order_id: int
    vendor_id: UUID
    currency: str
    delivered_at: datetime | None
    is_over: bool
    """Whether nothing of its money is left, and its order was called off or refunded."""
    has_open_refund: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A release as its row has it."""

    id: int
    order_id: int
    vendor_id: UUID
    released_at: datetime | None
    amount_minor: int
    reserve_minor: int
    reserve_due_at: datetime | None
    reserve_released_at: datetime | None


@dataclass(frozen=True, slots=True)
class Released:
    """What a release moved. `is_new` is False where it had been released before."""

    amount_minor: int
    reserve_minor: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part that staff wants released, and the id by which it was named."""

    order_id: int
    vendor_id: UUID
    commission_id: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What became of one id: what was released, or why not, and from when it can be."""

    order_id: int | None
    vendor_id: UUID | None
    commission_id: int | None
    released: Released | None
    refusal: Refusal | None = None
    possible_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Bogotá."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """Return the month in which an instant is."""
        day = moment.astimezone(BOGOTA)
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> "Month":
        """Read `2026-01`; ValueError for anything else."""
        day = date.fromisoformat(f"{text}-01")
        if not 2000 <= day.year < 2999:
            raise ValueError(text)
        return cls(day.year, day.month)

    def plus(self, months: int) -> "Month":
        """Return the month so many later; earlier with a negative number."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)

    @property
    def begins(self) -> datetime:
        """The first instant of the month."""
        return datetime(self.year, self.month, 1, tzinfo=BOGOTA)

    @property
    def ends(self) -> datetime:
        """The first instant after the month."""
        return self.plus(1).begins

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return (self.ends - timedelta(days=1)).date()

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"

    def __lt__(self, other: "Month") -> bool:
        return (self.year, self.month) < (other.year, other.month)


class StatementFormat(StrEnum):
    """How a statement is written."""

    JSON = "json"
    CSV = "csv"
    PDF = "pdf"


class StatementLine(msgspec.Struct, frozen=True):
    """What one entry of the ledger did to what a vendor is owed, in minor units.

    `gross` less commission and IVA is the amount: the two are negative where the operator keeps
    them, and positive where it gives them back.
    """

    entry_id: int
    at: datetime
    kind: str
    order_number: str | None
    gross_minor: int
    commission_minor: int
    tax_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class StatementHead:
    """What a statement says before and after its lines."""

    month: Month
    business_name: str
    currency: str
    opening_minor: int
    closing_minor: int
