"""The words of refunds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from mestore.payments.types import PaymentMethod, RefundOrder


class RefundState(StrEnum):
    """Where a refund stands.

    REQUESTED was committed before any call. SUBMITTED was claimed for one call that has no answer
    yet, UNKNOWN had an answer that says nothing: both are resolved by asking, never by sending.
    TRANSFER_DUE is money that the gateway cannot send back, until staff has transferred it.
    """

    REQUESTED = "REQUESTED"
    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    ERROR = "ERROR"
    TRANSFER_DUE = "TRANSFER_DUE"
    TRANSFERRED = "TRANSFERRED"


OPEN_STATES = frozenset(
    {
        RefundState.REQUESTED,
        RefundState.SUBMITTED,
        RefundState.PENDING,
        RefundState.UNKNOWN,
        RefundState.TRANSFER_DUE,
    }
)
ASKED_STATES = frozenset({RefundState.SUBMITTED, RefundState.PENDING, RefundState.UNKNOWN})
PAID_STATES = frozenset({RefundState.APPROVED, RefundState.TRANSFERRED})


_UNKNOWN_WAITS = tuple(timedelta(seconds=each) for each in (10, 30, 120, 600, 1800))
_PENDING_WAITS = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60))


@dataclass(frozen=True, slots=True)
class LineWish:
    """Units of an order line to give the money back for, and whether they go back on the shelf."""

    order_item_id: int
    quantity: int
    restock: bool | None = None


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What staff wants to give back: some lines, or an amount, or else all that is left."""

    reason: str
    lines: tuple[LineWish, ...] | None = None
    amount_minor: int | None = None
    shipping: bool | None = None
    """Whether the shipping fee goes back; by default only with all that is left."""
    restock: bool = False
    """What holds for lines that say nothing themselves."""


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """What goes back for one order line, in minor units."""

    order_item_id: int
    vendor_id: UUID
    variant_id: UUID
    product_name: str
    quantity: int
    amount_minor: int
    tax_minor: int
    restock: bool


@dataclass(frozen=True, slots=True)
class OpenUnits:
    """Units of a variant whose money is on its way back."""

    variant_id: UUID
    quantity: int
    restock: bool
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What goes back in all, in minor units."""

    lines: tuple[PlannedLine, ...]
    shipping_minor: int
    left_minor: int
    """What could go back at most, this included."""

    @property
    def total_minor(self) -> int:
        """Return what the buyer gets."""
        return sum(line.amount_minor for line in self.lines) + self.shipping_minor

    def claims(self) -> Mapping[int, tuple[int, int]]:
        """Return units and money by order line."""
        return {line.order_item_id: (line.quantity, line.amount_minor) for line in self.lines}


@dataclass(frozen=True, slots=True)
class Taken:
    """Money that a gateway took, as what it takes to give it back."""

    gateway: str
    method: PaymentMethod | None
    transaction_id: str
    reference: str
    amount_minor: int
    currency: str
    charged_at: datetime


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a buyer wants money that no gateway can send back."""

    bank: str
    account_type: str
    account_number: str
    holder_name: str
    legal_id_type: str
    legal_id: str


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as its row has it now; amounts in minor units."""

    id: int
    order_id: int | None
    exception_id: int | None
    gateway: str
    method: PaymentMethod | None
    """None where nobody knows how it was paid; such money goes back by transfer."""
    transaction_id: str
    charge_reference: str
    charged_minor: int
    charged_at: datetime
    amount_minor: int
    shipping_minor: int
    currency: str
    reason: str
    state: RefundState
    reference: str
    gateway_refund_id: str | None
    code: str | None
    is_owed: bool
    polls: int
    created_at: datetime
    updated_at: datetime

    def next_poll(self, state: RefundState, moment: datetime) -> datetime:
        """Return when its gateway is asked again: soon where nobody knows, then ever later."""
        waits = _PENDING_WAITS if state is RefundState.PENDING else _UNKNOWN_WAITS
        return moment + waits[min(self.polls, len(waits) - 1)]

    def order(self) -> RefundOrder:
        """Return what its gateway is asked to do."""
        if self.method is None:
            raise LookupError(f"refund {self.reference} has no method")
        return RefundOrder(
            reference=self.reference,
            transaction_id=self.transaction_id,
            charge_reference=self.charge_reference,
            method=self.method,
            amount_minor=self.amount_minor,
            charged_minor=self.charged_minor,
            currency=self.currency,
            reason=self.reason,
            charged_at=self.charged_at,
            requested_at=self.created_at,
        )


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """How long money without an order waits for a person before it is sent back."""

    refund_after: timedelta = timedelta(hours=48)
