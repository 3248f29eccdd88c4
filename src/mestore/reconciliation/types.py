"""The words of reconciliation. Amounts are minor units."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from mestore.payments.types import AttemptStatus


class RunState(StrEnum):
    """How a day's comparison with one gateway ended."""

    DONE = "DONE"
    NO_LIST = "NO_LIST"
    """The gateway keeps no list that could be compared."""


class DifferenceKind(StrEnum):
    """In which way one transaction disagrees."""

    MISSING_HERE = "MISSING_HERE"
    """The gateway took money that our payments or our ledger do not know."""
    MISSING_THERE = "MISSING_THERE"
    """We count money that the gateway does not."""
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"


class DifferenceState(StrEnum):
    """Whether somebody still has to look."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class OwnAttempt:
    """An attempt as our tables have it."""

    order_id: int
    reference: str
    transaction_id: str | None
    status: AttemptStatus
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger has of one gateway's money: an amount by business key, and refunded orders.

    A sale is booked once an order, money without a use once a transaction.
    """

    amounts: dict[str, int]
    refunded_orders: frozenset[int]


@dataclass(frozen=True, slots=True)
class Difference:
    """One transaction on which gateway, payments and ledger do not agree; None where it is not."""

    kind: DifferenceKind
    reference: str
    transaction_id: str
    order_id: int | None
    gateway_minor: int | None
    payment_minor: int | None
    ledger_minor: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A day at one gateway: how many transactions agree, and those that do not."""

    matched: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class RunResult:
    """How the comparison of one gateway's day ended."""

    gateway: str
    day: date
    state: RunState
    matched: int
    open_differences: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a gateway paid into the bank on a day, and what it kept: its fee and withheld tax."""

    gateway: str
    bank_reference: str
    settled_on: date
    net_minor: int
    fee_minor: int
    withheld_minor: int

    @property
    def gross_minor(self) -> int:
        """Return by how much the gateway holds less."""
        return self.net_minor + self.fee_minor + self.withheld_minor


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """Which differences to list."""

    state: DifferenceState | None = None
    kind: DifferenceKind | None = None
    gateway: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceView:
    """A difference as operators see it."""

    id: int
    gateway: str
    day: date
    kind: DifferenceKind
    state: DifferenceState
    reference: str
    transaction_id: str
    order_id: int | None
    gateway_amount: int | float | None
    payment_amount: int | float | None
    ledger_amount: int | float | None
    reason: str | None
    closed_by: UUID | None
    closed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementView:
    """A settlement as operators see it."""

    id: int
    gateway: str
    bank_reference: str
    settled_on: date
    amount: int | float
    fee: int | float
    withheld: int | float
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the books have on one account; a debit is positive."""

    account: str
    balance: int | float
