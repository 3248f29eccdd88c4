"""Transactions and their state machine."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from simulators.wompi.tokens import Card
from simulators.wompi.wire import ListQuery, NequiPayment, PsePayment, Status, TransactionIn

NEXT: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.APPROVED, Status.DECLINED, Status.ERROR}),
    Status.APPROVED: frozenset({Status.VOIDED}),
    Status.DECLINED: frozenset(),
    Status.VOIDED: frozenset(),
    Status.ERROR: frozenset(),
}
MAGIC_PHONES = {"3991111111": Status.APPROVED, "3992222222": Status.DECLINED}


def _nine_digits() -> str:
    return str(secrets.randbelow(9 * 10**8) + 10**8)


@dataclass(slots=True)
class Transaction:
    """One attempt to pay, and what became of it."""

    id: str
    created_at: datetime
    wanted: TransactionIn
    amount_in_cents: int
    currency: str
    bank_url: str
    card: Card | None
    status: Status = Status.PENDING
    finalized_at: datetime | None = None
    polls: int = 0
    # Made up once, because a bank shows the same number every time it is asked.
    trace: str = field(default_factory=_nine_digits)

    @property
    def method(self) -> str:
        """Name the payment method."""
        return self.wanted.payment_method.type

    @property
    def bank_code(self) -> str | None:
        """Give the bank that was chosen, when the method is PSE."""
        paying = self.wanted.payment_method
        return paying.financial_institution_code if isinstance(paying, PsePayment) else None

    @property
    def is_final(self) -> bool:
        """Tell whether nothing is awaited from the shopper."""
        return self.status is not Status.PENDING

    def may_become(self, status: Status) -> bool:
        """Tell whether the state machine knows this step."""
        return status in NEXT[self.status]

    def become(self, status: Status) -> None:
        """Take the status, whatever it was before."""
        self.status = status
        self.finalized_at = datetime.now(UTC) if self.is_final else None

    def outcome(self) -> Status | None:
        """Tell how it ends by itself; None waits for a person on the bank page."""
        if self.card is not None:
            return self.card.outcome
        if isinstance(self.wanted.payment_method, NequiPayment):
            return MAGIC_PHONES.get(self.wanted.payment_method.phone_number, Status.ERROR)
        return None

    def matches(self, query: ListQuery) -> bool:
        """Tell whether the filters of a list keep this transaction."""
        wanted: list[tuple[object, object]] = [
            (query.reference, self.wanted.reference),
            (query.id, self.id),
            (query.status, self.status),
            (query.payment_method_type, self.method),
            (query.customer_email, self.wanted.customer_email),
        ]
        if any(asked is not None and asked != found for asked, found in wanted):
            return False
        after = query.from_date is None or _start(query.from_date) <= self.created_at
        return after and (query.until_date is None or self.created_at < _end(query.until_date))


def _start(day: date | datetime) -> datetime:
    if isinstance(day, datetime):
        return day if day.tzinfo else day.replace(tzinfo=UTC)
    return datetime.combine(day, time.min, UTC)


def _end(day: date | datetime) -> datetime:
    # A bare date means the whole of that day.
    return _start(day) if isinstance(day, datetime) else _start(day) + timedelta(days=1)
