"""What the JSON API takes and says of disputes."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from mestore.accounts.types import Line
from mestore.disputes.types import (
    Cause,
    Claim,
    Decision,
    DisputeFilter,
    DisputeKind,
    DisputeState,
    LossReason,
)
from mestore.kernel.ids import RowId
from mestore.kernel.money import Price, to_minor
from mestore.kernel.paging import PaginationOut

Reason = Annotated[Line, StringConstraints(min_length=3, max_length=300)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=5_000, pattern=r"^[^\x00]*$"),
]
_LOSSES = {
    "LOST": LossReason.DECIDED,
    "ACCEPTED": LossReason.ACCEPTED,
    "EXPIRED": LossReason.EXPIRED,
}


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ClaimIn(_Input):
    """A claim that came by mail; without `amount` it is about all that was paid."""

    order_id: Annotated[RowId, Field(strict=True)]
    cause: Cause
    bank_reference: Annotated[Line, StringConstraints(min_length=2, max_length=100)]
    kind: DisputeKind = DisputeKind.REVERSION
    amount: Annotated[Price, Field(gt=Decimal(0))] | None = None
    evidence_due_at: AwareDatetime | None = None
    funds_withdrawn: bool = False

    def claim(self) -> Claim:
        """Return the claim."""
        return Claim(
            order_id=self.order_id,
            kind=self.kind,
            cause=self.cause,
            bank_reference=self.bank_reference,
            amount_minor=None if self.amount is None else to_minor(self.amount),
            evidence_due_at=self.evidence_due_at,
            is_withdrawn=self.funds_withdrawn,
        )


class EvidenceIn(_Input):
    """What speaks against the dispute: tracking numbers, proof of delivery, what was agreed."""

    text: Text


class StateIn(_Input):
    """Where a dispute goes. ACCEPTED and EXPIRED are lost too; `correct` turns a decision round."""

    state: Literal["EVIDENCE_SENT", "WON", "LOST", "ACCEPTED", "EXPIRED"]
    reason: Reason
    correct: bool = False

    def decision(self) -> Decision:
        """Return what was decided."""
        loss = _LOSSES.get(self.state)
        state = DisputeState.LOST if loss else DisputeState(self.state)
        return Decision(state, self.reason, loss)


class DisputeQuery(_Input):
    """Which disputes are listed."""

    state: DisputeState | None = None
    gateway: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}$")] | None = None
    order_id: RowId | None = None

    def filter(self) -> DisputeFilter:
        """Return the filter."""
        return DisputeFilter(self.state, self.gateway, self.order_id)


class EvidenceOut(BaseModel):
    """What somebody said; `vendor_id` is null for the operator."""

    id: int
    vendor_id: UUID | None
    text: str
    created_at: datetime


class ChangeOut(BaseModel):
    """A step of a dispute; `actor_id` is null where the gateway said so."""

    from_state: DisputeState | None
    to_state: DisputeState
    actor_id: UUID | None
    reason: str
    created_at: datetime


class PartOut(BaseModel):
    """What one vendor would lose, IVA included."""

    vendor_id: UUID
    amount: float


class VendorDisputeOut(BaseModel):
    """A dispute as a vendor sees it: the amount is its own share, once the bank took the money."""

    id: int
    gateway: str
    gateway_dispute_id: str
    order_id: int | None
    amount: float
    currency: str
    kind: DisputeKind
    reason: str
    state: DisputeState
    loss_reason: LossReason | None
    evidence_due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    evidence: list[EvidenceOut] | None
    """Null in lists."""


class DisputeOut(VendorDisputeOut):
    """A dispute as staff sees it; evidence, parts and history are null in lists."""

    reference: str | None
    transaction_id: str
    funds_withdrawn: bool
    decided_by: UUID | None
    parts: list[PartOut] | None
    history: list[ChangeOut] | None


class DisputeListOut(BaseModel):
    """A page of disputes, the newest first."""

    disputes: list[DisputeOut]
    pagination: PaginationOut


class VendorDisputeListOut(BaseModel):
    """A page of the disputes about a vendor's parts, the newest first."""

    disputes: list[VendorDisputeOut]
    pagination: PaginationOut
