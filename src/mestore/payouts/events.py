"""What payouts tell the other rooms, and themselves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class BankAccountChanged(Event):
    """A vendor named a bank account, or another one, which is `usable_from` a time on."""

    vendor_id: UUID
    ends_in: str
    changed_at: datetime
    usable_from: datetime


@dataclass(frozen=True, slots=True)
class PayoutRequested(Event):
    """A vendor asked for money; it waits for the operator's word."""

    payout_id: UUID
    vendor_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PayoutPaid(Event):
    """Money reached a vendor's bank; published once a payout."""

    payout_id: UUID
    vendor_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PayoutReturned(Event):
    """A payout was called off or failed, and its money is available again."""

    payout_id: UUID
    vendor_id: UUID
    amount_minor: int
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class PayoutSignalReceived(Event):
    """A signed event of a payout channel is in the inbox."""

    event_id: int
