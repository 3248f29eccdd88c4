"""When a gateway is asked again about an attempt, by its method."""

from datetime import datetime, timedelta

from mestore.kernel.clock import now
from mestore.payments.types import AttemptState, AttemptStatus, PaymentMethod

FIRST_POLL = timedelta(minutes=1)
"""When an attempt is asked about whose process died before the gateway answered."""

_MINUTE = timedelta(minutes=1)
LONGEST_VOUCHER = timedelta(days=7)
"""Until when a voucher of which no end is known is thought to be payable."""

_UNKNOWN_POLLS = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 120, 600))
_CARD_POLLS = (_MINUTE, 4 * _MINUTE, 10 * _MINUTE)
_BANK_POLLS = (7 * _MINUTE, 8 * _MINUTE, 15 * _MINUTE)
_NOT_RECEIVED_AFTER = timedelta(minutes=15)
_NOT_RECEIVED_POLLS = 2
_HOUR = timedelta(hours=1)
_ASKED_AFTER_CASH_EXPIRY = timedelta(hours=48)


def _waits_of(method: PaymentMethod) -> tuple[tuple[timedelta, ...], timedelta]:
    """Return the first waits between questions about a pending attempt, and all later ones."""
    if method is PaymentMethod.PSE:
        return _BANK_POLLS, _HOUR
    if method.is_cash:
        return (), _HOUR / 2
    return _CARD_POLLS, _HOUR


def _asked_until(attempt: AttemptState) -> datetime:
    if attempt.method.is_cash:
        ends = attempt.expires_at or attempt.created_at + LONGEST_VOUCHER
        return ends + _ASKED_AFTER_CASH_EXPIRY
    hours = 48 if attempt.method is PaymentMethod.PSE else 24
    return attempt.created_at + timedelta(hours=hours)


def next_poll(attempt: AttemptState, status: AttemptStatus) -> datetime | None:
    """Return when to ask the gateway again; None once it has been asked long enough."""
    if now() > _asked_until(attempt):
        return None
    waits: tuple[timedelta, ...]
    if status is AttemptStatus.PENDING:
        waits, later = _waits_of(attempt.method)
    else:
        waits, later = _UNKNOWN_POLLS, _HOUR / 2
    return now() + (waits[attempt.polls] if attempt.polls < len(waits) else later)


def was_not_received(since: datetime, polls: int = _NOT_RECEIVED_POLLS) -> bool:
    """Say whether a gateway that knows nothing of what was sent or told may be believed."""
    return now() - since > _NOT_RECEIVED_AFTER and polls >= _NOT_RECEIVED_POLLS
