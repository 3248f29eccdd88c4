"""The words of fraud screening: traces of attempts, the rules, and the review by staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID


class TraceKind(StrEnum):
    """What two attempts can have in common."""

    EMAIL = "EMAIL"
    DOCUMENT = "DOCUMENT"
    ADDRESS = "ADDRESS"
    DEVICE = "DEVICE"
    PHONE = "PHONE"
    CARD = "CARD"


class FraudRule(StrEnum):
    """The rules, by name."""

    ADDRESS_VELOCITY = "address_velocity"
    EMAIL_VELOCITY = "email_velocity"
    DOCUMENT_VELOCITY = "document_velocity"
    DEVICE_VELOCITY = "device_velocity"
    CARD_VELOCITY = "card_velocity"
    EMAIL_DECLINES = "email_declines"
    DOCUMENT_DECLINES = "document_declines"
    DEVICE_DECLINES = "device_declines"
    CARD_DECLINES = "card_declines"
    NAMES_OF_DOCUMENT = "names_of_document"
    DOCUMENTS_OF_EMAIL = "documents_of_email"
    DOCUMENTS_OF_PHONE = "documents_of_phone"
    CARDS_OF_DEVICE = "cards_of_device"
    LARGE_AMOUNT = "large_amount"
    FIRST_ORDER = "first_order"
    NEW_ACCOUNT = "new_account"
    ABOVE_BUYER_HISTORY = "above_buyer_history"
    ABOVE_SHOP_HISTORY = "above_shop_history"
    OTHER_DEPARTMENT = "other_department"
    FOREIGN_CARD = "foreign_card"


class Count(StrEnum):
    """What a rule counts of the attempts that share a trace."""

    ATTEMPTS = "attempts"
    DECLINES = "declines"
    LINKED = "linked"
    """The different things that came with it: names with a document, cards with a device."""


COUNTED: Mapping[FraudRule, tuple[TraceKind, Count]] = {
    FraudRule.ADDRESS_VELOCITY: (TraceKind.ADDRESS, Count.ATTEMPTS),
    FraudRule.EMAIL_VELOCITY: (TraceKind.EMAIL, Count.ATTEMPTS),
    FraudRule.DOCUMENT_VELOCITY: (TraceKind.DOCUMENT, Count.ATTEMPTS),
    FraudRule.DEVICE_VELOCITY: (TraceKind.DEVICE, Count.ATTEMPTS),
    FraudRule.CARD_VELOCITY: (TraceKind.CARD, Count.ATTEMPTS),
    FraudRule.EMAIL_DECLINES: (TraceKind.EMAIL, Count.DECLINES),
    FraudRule.DOCUMENT_DECLINES: (TraceKind.DOCUMENT, Count.DECLINES),
    FraudRule.DEVICE_DECLINES: (TraceKind.DEVICE, Count.DECLINES),
    FraudRule.CARD_DECLINES: (TraceKind.CARD, Count.DECLINES),
    FraudRule.NAMES_OF_DOCUMENT: (TraceKind.DOCUMENT, Count.LINKED),
    FraudRule.DOCUMENTS_OF_EMAIL: (TraceKind.EMAIL, Count.LINKED),
    FraudRule.DOCUMENTS_OF_PHONE: (TraceKind.PHONE, Count.LINKED),
    FraudRule.CARDS_OF_DEVICE: (TraceKind.DEVICE, Count.LINKED),
}
"""The rules that look at other attempts; each has a window."""

WITH_WINDOW = frozenset({*COUNTED, FraudRule.NEW_ACCOUNT})
IN_MONEY = frozenset({FraudRule.LARGE_AMOUNT, FraudRule.FIRST_ORDER, FraudRule.NEW_ACCOUNT})
"""The rules whose limit is an amount."""

LONGEST_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """From above what a rule counts, how many points it is worth, and how far back it looks.

    `above` is a number of attempts, declines or things; an amount in minor units for the rules
    `IN_MONEY`; per cent of the average for those about history. The window of NEW_ACCOUNT is how
    long an account is new.
    """

    above: int
    points: int
    window_minutes: int | None = None
    is_on: bool = True


DEFAULT_RULES: Mapping[FraudRule, RuleChoice] = {
    FraudRule.ADDRESS_VELOCITY: RuleChoice(10, 15, 60),
    FraudRule.EMAIL_VELOCITY: RuleChoice(10, 30, 60),
    FraudRule.DOCUMENT_VELOCITY: RuleChoice(10, 30, 60),
    FraudRule.DEVICE_VELOCITY: RuleChoice(5, 40, 10),
    FraudRule.CARD_VELOCITY: RuleChoice(5, 40, 60),
    FraudRule.EMAIL_DECLINES: RuleChoice(3, 40, 60),
    FraudRule.DOCUMENT_DECLINES: RuleChoice(3, 40, 60),
    FraudRule.DEVICE_DECLINES: RuleChoice(5, 50, 10),
    FraudRule.CARD_DECLINES: RuleChoice(3, 90, 10),
    FraudRule.NAMES_OF_DOCUMENT: RuleChoice(2, 30, 60),
    FraudRule.DOCUMENTS_OF_EMAIL: RuleChoice(3, 30, 60),
    FraudRule.DOCUMENTS_OF_PHONE: RuleChoice(3, 30, 60),
    FraudRule.CARDS_OF_DEVICE: RuleChoice(4, 40, 60),
    FraudRule.LARGE_AMOUNT: RuleChoice(200_000_000, 20),
    FraudRule.FIRST_ORDER: RuleChoice(200_000_000, 30),
    FraudRule.NEW_ACCOUNT: RuleChoice(100_000_000, 50, 24 * 60),
    FraudRule.ABOVE_BUYER_HISTORY: RuleChoice(500, 20),
    FraudRule.ABOVE_SHOP_HISTORY: RuleChoice(1_000, 15),
    FraudRule.OTHER_DEPARTMENT: RuleChoice(0, 15),
    FraudRule.FOREIGN_CARD: RuleChoice(0, 30),
}


@dataclass(frozen=True, slots=True)
class FraudPolicy:
    """What the settings say of screening: where it begins, before staff changes the rules."""

    review_from: int = 50
    refuse_from: int = 90
    review_within: timedelta = timedelta(hours=24)
    """How soon a review is to be decided."""
    keep_traces: timedelta = timedelta(days=90)
    key: bytes = b""
    """What the digests of traces are keyed with, so that nobody finds a person by trying."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in force. Version 0 is that of the settings; staff's versions follow."""

    version: int
    review_from: int
    refuse_from: int
    rules: Mapping[FraudRule, RuleChoice] = field(default_factory=lambda: dict(DEFAULT_RULES))
    reason: str | None = None
    changed_by: UUID | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a gateway, or at first the buyer, tells of a card; never its number."""

    brand: str | None = None
    last_four: str | None = None
    bin: str | None = None
    country: str | None = None
    """Where it was issued, as two letters (ISO 3166)."""
    fingerprint: str | None = None
    """What a gateway calls the same number every time, where it tells that and no BIN."""


@dataclass(frozen=True, slots=True)
class Clue:
    """Something that an attempt may have in common with others, as digests."""

    kind: TraceKind
    digest: str
    linked: str | None = None
    """What came with it: the name with a document, the document with an e-mail address."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an order beside its payer; amounts in minor units."""

    amount_minor: int
    paid_orders: int = 0
    average_minor: int = 0
    """What the buyer's last paid orders came to."""
    account_made_at: datetime | None = None
    """None for guests."""
    part_minor: int = 0
    """The largest shop's part of the order."""
    shop_sales: int = 0
    shop_average_minor: int = 0
    billing_department: str | None = None
    """None where it is not known, or is nothing to go by."""
    shipping_department: str = ""
    card_country: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that counted, with what it saw."""

    rule: FraudRule
    seen: int
    above: int
    points: int

    @property
    def reason(self) -> str:
        """Return the hit as one line."""
        return f"{self.rule.value}: {self.seen}"


@dataclass(frozen=True, slots=True)
class Screening:
    """The score of an attempt, and the rules that made it."""

    hits: tuple[Hit, ...]
    clues: tuple[Clue, ...] = ()

    @property
    def score(self) -> int:
        """Return the sum of the points, at most 100."""
        return min(100, sum(hit.points for hit in self.hits))


def hits_of(stored: Sequence[Any] | None) -> tuple[Hit, ...]:
    """Return the hits that were written with an attempt."""
    # Attempts from before reviews have lines of text.
    found = [each for each in stored or () if isinstance(each, Mapping)]
    return tuple(Hit(**{**each, "rule": FraudRule(each["rule"])}) for each in found)


class Ruling(StrEnum):
    """What follows from a score."""

    PASS = "PASS"  # noqa: S105  no secret
    REVIEW = "REVIEW"
    REFUSE = "REFUSE"


class ReviewState(StrEnum):
    """Where the review of an order stands; it is decided once."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    CLOSED = "CLOSED"
    """The order ended before anybody decided."""


@dataclass(frozen=True, slots=True)
class Review:
    """A review as its row has it now."""

    id: int
    order_id: int
    attempt_id: int
    state: ReviewState
    score: int
    due_at: datetime
