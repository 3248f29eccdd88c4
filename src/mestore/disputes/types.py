"""The words of disputes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class DisputeKind(StrEnum):
    """Who began it: a card's bank (chargeback), or a buyer by law (Ley 1480 de 2011, art. 51)."""

    CHARGEBACK = "CHARGEBACK"
    REVERSION = "REVERSION"


class Cause(StrEnum):
    """The causes of a reversión del pago (Decreto 587 de 2016)."""

    FRAUD = "FRAUD"
    NOT_REQUESTED = "NOT_REQUESTED"
    NOT_RECEIVED = "NOT_RECEIVED"
    NOT_AS_ORDERED = "NOT_AS_ORDERED"
    DEFECTIVE = "DEFECTIVE"


class DisputeState(StrEnum):
    """OPEN until evidence is sent, then EVIDENCE_SENT until it is WON or LOST."""

    OPEN = "OPEN"
    EVIDENCE_SENT = "EVIDENCE_SENT"
    WON = "WON"
    LOST = "LOST"


RUNNING = frozenset({DisputeState.OPEN, DisputeState.EVIDENCE_SENT})


class LossReason(StrEnum):
    """Why a dispute was lost."""

    DECIDED = "DECIDED"
    """The bank decided for the buyer."""
    EXPIRED = "EXPIRED"
    """No evidence was sent in time."""
    ACCEPTED = "ACCEPTED"
    """The operator accepted the claim."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a dispute goes, and why; `loss_reason` is None where the bank decided."""

    state: DisputeState
    reason: str
    loss_reason: LossReason | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as staff writes it down; `amount_minor` is None for all that was paid."""

    order_id: int
    kind: DisputeKind
    cause: Cause
    bank_reference: str
    amount_minor: int | None
    evidence_due_at: datetime | None
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class NewDispute:
    """A dispute to write down; `amount_minor` is what the bank takes, or would take."""

    gateway: str
    gateway_dispute_id: str
    reference: str | None
    """Our reference of the payment attempt; None where the gateway names no payment of ours."""
    order_id: int | None
    """The order whose money it is; None for money that no order has."""
    transaction_id: str
    amount_minor: int
    currency: str
    kind: DisputeKind
    reason: str
    evidence_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as its row has it now; amounts in minor units."""

    id: int
    gateway: str
    gateway_dispute_id: str
    order_id: int | None
    transaction_id: str
    amount_minor: int
    excess_minor: int
    """What the bank took beyond what was left of the order: refunds had given it back already."""
    shipping_minor: int
    """What of the amount is the operator's shipping fee."""
    currency: str
    kind: DisputeKind
    state: DisputeState
    is_withdrawn: bool
    """Whether the bank has the money now."""
    round: int
    """How often a decision was corrected; part of the business keys in the ledger."""
    evidence_due_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Say whether nobody decided yet."""
        return self.state in RUNNING


@dataclass(frozen=True, slots=True)
class DisputedLine:
    """What a bank took of one order line, in minor units, IVA included."""

    order_item_id: int
    vendor_id: UUID
    amount_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Allotment:
    """How an amount falls on an order's lines and shipping fee, in minor units."""

    lines: tuple[DisputedLine, ...] = ()
    shipping_minor: int = 0

    @property
    def total_minor(self) -> int:
        """Return what is allotted in all."""
        return sum(line.amount_minor for line in self.lines) + self.shipping_minor


@dataclass(frozen=True, slots=True)
class DisputeFilter:
    """Which disputes are wanted."""

    state: DisputeState | None = None
    gateway: str | None = None
    order_id: int | None = None
