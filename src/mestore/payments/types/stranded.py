"""The words of money that did not arrive as it should: its queues and its ends."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ExceptionKind(StrEnum):
    """The named queues of money that did not arrive as it should."""

    SECOND_APPROVAL = "SECOND_APPROVAL"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    LATE_APPROVAL = "LATE_APPROVAL"
    ORPHAN = "ORPHAN"
    VOIDED_LATER = "VOIDED_LATER"
    NEVER_ENDED = "NEVER_ENDED"


class ExceptionState(StrEnum):
    """Whether somebody still has to look."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class ExceptionEnd(StrEnum):
    """How the money of an exception came to its end."""

    REFUND = "REFUND"
    """It goes back to who paid it."""
    REVIVE = "REVIVE"
    """The order that was called off takes it after all."""
    ACCEPT = "ACCEPT"
    """Seen and right as it is; money that no order can have becomes the operator's income."""
    WRITE_OFF = "WRITE_OFF"
    """The operator bears or keeps it, and says why."""


@dataclass(frozen=True, slots=True)
class StrandedMoney:
    """An entry of a named queue."""

    id: int
    kind: ExceptionKind
    state: ExceptionState
    gateway: str
    transaction_id: str
    reference: str
    order_id: int | None
    amount_minor: int
    currency: str
    created_at: datetime
    resolution: ExceptionEnd | None
    reason: str | None
    resolved_by: UUID | None
    resolved_at: datetime | None
