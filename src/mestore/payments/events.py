"""What payments tell the other rooms."""

from dataclasses import dataclass
from uuid import UUID

from mestore.kernel.messages import Event
from mestore.payments.types import NoticeKind


@dataclass(frozen=True, slots=True)
class SignalReceived(Event):
    """A gateway's verified signal was stored and nobody has acted on it yet."""

    event_id: int


@dataclass(frozen=True, slots=True)
class RefundSignalReceived(Event):
    """The same, about a refund."""

    event_id: int


@dataclass(frozen=True, slots=True)
class DisputeSignalReceived(Event):
    """The same, about a dispute."""

    event_id: int


@dataclass(frozen=True, slots=True)
class ReviewOpened(Event):
    """An order waits until staff looked at its payment."""

    review_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class ReviewDecided(Event):
    """Staff let an order go on, or refused it; then it is still to be called off."""

    review_id: int
    order_id: int
    is_approved: bool
    actor_id: UUID | None


def signal_of(kind: NoticeKind, event_id: int) -> Event:
    """Return the fact that a signal of this kind was stored."""
    if kind is NoticeKind.REFUND:
        return RefundSignalReceived(event_id)
    if kind is NoticeKind.DISPUTE:
        return DisputeSignalReceived(event_id)
    return SignalReceived(event_id)
