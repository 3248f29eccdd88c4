"""The words of payments: what we want, one try at one gateway, and what a gateway answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from mestore.payments.types.screening import CardFacts, ReviewState

MAXIMUM_INSTALLMENTS = 36


class PaymentMethod(StrEnum):
    """How a buyer pays."""

    CARD = "CARD"
    PSE = "PSE"
    NEQUI = "NEQUI"
    BANCOLOMBIA_TRANSFER = "BANCOLOMBIA_TRANSFER"
    BANCOLOMBIA_COLLECT = "BANCOLOMBIA_COLLECT"
    DAVIPLATA = "DAVIPLATA"
    EFECTY = "EFECTY"
    CASH = "CASH"
    BANK_REFERENCE = "BANK_REFERENCE"

    @property
    def is_cash(self) -> bool:
        """Say whether the buyer gets a voucher and pays it at a counter."""
        return self in _AT_A_COUNTER


_AT_A_COUNTER = frozenset(
    {
        PaymentMethod.BANCOLOMBIA_COLLECT,
        PaymentMethod.EFECTY,
        PaymentMethod.CASH,
        PaymentMethod.BANK_REFERENCE,
    }
)


class PaymentStatus(StrEnum):
    """What a payment, seen over all its attempts, has come to."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"
    ERROR = "ERROR"
    REFUNDED = "REFUNDED"


class AttemptStatus(StrEnum):
    """Where one try stands. CREATED, PENDING and UNKNOWN are open: money may still arrive.

    CREATED was committed before the call and has no answer; UNKNOWN had an answer that says
    nothing; both are resolved by asking the gateway, never by sending again. HELD waits for staff
    to review it: no gateway knows of it.
    """

    HELD = "HELD"
    CREATED = "CREATED"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"
    ERROR = "ERROR"


OPEN_STATUSES = frozenset({AttemptStatus.CREATED, AttemptStatus.PENDING, AttemptStatus.UNKNOWN})


PAID_STATUSES = frozenset({PaymentStatus.APPROVED, PaymentStatus.REFUNDED})
FINAL_PAYMENT = {
    AttemptStatus.DECLINED: PaymentStatus.DECLINED,
    AttemptStatus.VOIDED: PaymentStatus.VOIDED,
    AttemptStatus.ERROR: PaymentStatus.ERROR,
}


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays, as gateways ask for it."""

    email: str
    full_name: str
    phone_number: str | None = None
    legal_id_type: str | None = None
    legal_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    device_id: str | None = None
    card: CardFacts | None = None
    """What the buyer's page knows of the card before any gateway does."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One try to collect money: committed with its unique reference before any call."""

    reference: str
    method: PaymentMethod
    amount_minor: int
    tax_minor: int
    currency: str
    payer: Payer
    description: str
    return_url: str
    installments: int = 1
    details: dict[str, Any] = field(default_factory=dict)
    """Fields of the method: token, financial_institution_code, user_type …"""
    expires_at: datetime | None = None
    """Until when a voucher can be paid; its gateway may name another end in the voucher."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """What a buyer shows at a counter to pay in cash."""

    reference: str
    agreement: str | None
    """The number of the collector's agreement (convenio), where the counter asks for one."""
    expires_at: datetime | None
    barcode: str | None = None
    """The human-readable GS1-128 text, where the voucher has a bar code."""
    receipt_url: str | None = None
    barcode_elements: str | None = None
    """The element string of the bar code; `<FNC1>` stands for that function character."""
    barcode_svg: str | None = None
    instructions: list[str] | None = None
    """What the buyer does at the counter, step by step, in Spanish as it is said there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a gateway says of one transaction."""

    gateway: str
    reference: str
    transaction_id: str
    status: AttemptStatus
    amount_minor: int
    currency: str
    payment_url: str | None = None
    decline_code: str | None = None
    voucher: Voucher | None = None
    fee_minor: int | None = None
    """What the gateway keeps of it, where it says so."""
    happened_at: datetime | None = None
    card: CardFacts | None = None


class NoticeKind(StrEnum):
    """What a signal is about."""

    TRANSACTION = "TRANSACTION"
    REFUND = "REFUND"
    DISPUTE = "DISPUTE"
    NOTHING = "NOTHING"
    """A genuine event that we have no use for: stored, answered 200, never acted on."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified signal: which event, about which transaction. The truth is asked for.

    For a REFUND or a DISPUTE, `object_id` is the gateway's own id of it.
    """

    event_key: str
    transaction_id: str
    reference: str | None
    kind: NoticeKind = NoticeKind.TRANSACTION
    object_id: str | None = None


class RefundStatus(StrEnum):
    """Where a refund stands at its gateway. PENDING and UNKNOWN are asked for again."""

    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to give back through the gateway that took it; `reference` is unique and ours."""

    reference: str
    transaction_id: str
    charge_reference: str
    method: PaymentMethod
    amount_minor: int
    charged_minor: int
    currency: str
    reason: str
    charged_at: datetime
    requested_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """What a gateway says of a refund."""

    status: RefundStatus
    refund_id: str | None = None
    code: str | None = None


class DisputeStatus(StrEnum):
    """Where a chargeback stands at its gateway."""

    OPEN = "OPEN"
    UNDER_REVIEW = "UNDER_REVIEW"
    WON = "WON"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class DisputeOutcome:
    """What a gateway says of a dispute of one of its transactions."""

    dispute_id: str
    transaction_id: str
    status: DisputeStatus
    amount_minor: int
    currency: str
    reason: str
    evidence_due_at: datetime | None = None
    took_funds: bool = True
    """Whether the gateway took the money out; an inquiry only asks."""


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank that PSE can reach."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The amounts, in minor units, that a method takes; None where the gateway names no limit."""

    minimum_minor: int | None = None
    maximum_minor: int | None = None
    multiple_minor: int = 1
    """What every amount is a multiple of: 100 where the gateway takes whole pesos only."""

    def allow(self, amount_minor: int) -> bool:
        """Say whether an amount lies within and can be expressed."""
        return self.reach(amount_minor) and amount_minor % self.multiple_minor == 0

    def reach(self, amount_minor: int) -> bool:
        """Say whether an amount lies within."""
        lowest = 0 if self.minimum_minor is None else self.minimum_minor
        return amount_minor >= lowest and (
            self.maximum_minor is None or amount_minor <= self.maximum_minor
        )


@dataclass(frozen=True, slots=True)
class GatewayProfile:
    """What anybody may know of a configured gateway: never a secret."""

    environment: str
    """`test` or `production`."""
    public_key: str
    api_url: str
    limits: Mapping[PaymentMethod, Limits]
    refundable: frozenset[PaymentMethod] = frozenset()
    """The methods whose money the gateway can send back; the rest is returned by bank transfer."""
    partly_refundable: frozenset[PaymentMethod] = frozenset()
    knows_refunds_again: bool = False
    """Whether a refund that is sent again is told to be there, also while it is not shown yet."""
    refunds_one_at_a_time: bool = False
    """Whether a charge takes no second refund while the first one is under way."""
    lists_transactions: bool = False
    tells_disputes: bool = False


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The addresses of the two documents that a shopper accepts before paying."""

    policy_url: str
    personal_data_url: str


@dataclass(frozen=True, slots=True)
class AttemptState:
    """An attempt as its row has it now, with the order and the status of its payment."""

    id: int
    payment_id: UUID
    order_id: int
    gateway: str
    method: PaymentMethod
    reference: str
    transaction_id: str | None
    status: AttemptStatus
    amount_minor: int
    currency: str
    payment_url: str | None
    polls: int
    created_at: datetime
    payment_status: PaymentStatus
    expires_at: datetime | None = None
    voucher: dict[str, Any] | None = None
    """What the buyer shows at a counter, as plain JSON."""
    fraud_score: int | None = None
    fraud_reasons: list[Any] | None = None
    review: ReviewState | None = None
    """Where the review of its order stands, if there is one."""

    @property
    def is_open(self) -> bool:
        """Say whether money may still arrive."""
        return self.status in OPEN_STATUSES

    def has_payable_voucher(self, moment: datetime) -> bool:
        """Say whether a counter would still take the money."""
        is_over = self.expires_at is not None and self.expires_at <= moment
        return self.voucher is not None and not is_over


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A signal in the inbox."""

    id: int
    gateway: str
    transaction_id: str
    received_at: datetime
    handled_at: datetime | None
    kind: NoticeKind = NoticeKind.TRANSACTION
    object_id: str | None = None


class Verdict(StrEnum):
    """What applying an outcome to its attempt came to."""

    APPROVED = "APPROVED"
    """The payment is approved by this, for the first time."""
    NOTED = "NOTED"
    """The attempt moved, and nothing else follows."""
    REPEATED = "REPEATED"
    """Nothing new."""
    QUEUED = "QUEUED"
    """Money came that the payment cannot take; it lies in a named queue."""
