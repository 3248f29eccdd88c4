"""Fraud screening: a score of 0 to 100, the sum of named rules, each with what it saw.

Nobody is refused for a network address alone: mobile carriers share them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from mestore.payments.types import Payer

WINDOW = timedelta(hours=1)
"""How far back the rules look."""


class TraceKind(StrEnum):
    """What two attempts can have in common."""

    EMAIL = "EMAIL"
    DOCUMENT = "DOCUMENT"
    ADDRESS = "ADDRESS"


class FraudRule(StrEnum):
    """The rules, by name."""

    ADDRESS_VELOCITY = "address_velocity"
    EMAIL_VELOCITY = "email_velocity"
    EMAIL_DECLINES = "email_declines"
    DOCUMENT_DECLINES = "document_declines"
    NAMES_OF_DOCUMENT = "names_of_document"
    DOCUMENTS_OF_EMAIL = "documents_of_email"
    LARGE_AMOUNT = "large_amount"


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """From how many a rule counts, and how many points it is worth; 0 points turn it off."""

    above: int
    points: int


_DEFAULTS = {
    FraudRule.ADDRESS_VELOCITY: RuleChoice(10, 15),
    FraudRule.EMAIL_VELOCITY: RuleChoice(10, 30),
    FraudRule.EMAIL_DECLINES: RuleChoice(3, 40),
    FraudRule.DOCUMENT_DECLINES: RuleChoice(3, 40),
    FraudRule.NAMES_OF_DOCUMENT: RuleChoice(2, 30),
    FraudRule.DOCUMENTS_OF_EMAIL: RuleChoice(3, 30),
    # In centavos: two million pesos.
    FraudRule.LARGE_AMOUNT: RuleChoice(200_000_000, 20),
}


@dataclass(frozen=True, slots=True)
class FraudPolicy:
    """What the operator chose: each rule, and the score from which an attempt is refused."""

    refuse_from: int = 90
    rules: Mapping[FraudRule, RuleChoice] = field(default_factory=lambda: dict(_DEFAULTS))


@dataclass(frozen=True, slots=True)
class Clue:
    """Something that an attempt may have in common with others, as digests."""

    kind: TraceKind
    digest: str
    linked: str | None = None
    """What else came with it: the name with a document, the document with an e-mail address."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one clue lately."""

    attempts: int
    declines: int
    linked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Screening:
    """The score of an attempt, and the rules that made it."""

    score: int
    reasons: tuple[str, ...]
    clues: tuple[Clue, ...]


def digest_of(value: str) -> str:
    """Return a digest of what a person typed, whatever its case and spaces."""
    return hashlib.sha256("".join(value.casefold().split()).encode()).hexdigest()


def clues_of(payer: Payer) -> tuple[Clue, ...]:
    """Return what an attempt of this payer may have in common with others."""
    document = digest_of(payer.legal_id) if payer.legal_id else None
    found = [Clue(TraceKind.EMAIL, digest_of(payer.email), document)]
    if document:
        found.append(Clue(TraceKind.DOCUMENT, document, digest_of(payer.full_name)))
    if payer.ip_address:
        found.append(Clue(TraceKind.ADDRESS, digest_of(payer.ip_address)))
    return tuple(found)


def screen(
    policy: FraudPolicy,
    clues: Sequence[Clue],
    seen: Mapping[TraceKind, Seen],
    amount_minor: int,
) -> Screening:
    """Return the score: the points of every rule whose count is above its limit."""
    counted = {FraudRule.LARGE_AMOUNT: amount_minor}
    for clue in clues:
        before = seen.get(clue.kind, Seen(0, 0, frozenset()))
        linked = len(before.linked | ({clue.linked} if clue.linked else set()))
        if clue.kind is TraceKind.ADDRESS:
            counted[FraudRule.ADDRESS_VELOCITY] = before.attempts + 1
        elif clue.kind is TraceKind.EMAIL:
            counted[FraudRule.EMAIL_VELOCITY] = before.attempts + 1
            counted[FraudRule.EMAIL_DECLINES] = before.declines
            counted[FraudRule.DOCUMENTS_OF_EMAIL] = linked
        else:
            counted[FraudRule.DOCUMENT_DECLINES] = before.declines
            counted[FraudRule.NAMES_OF_DOCUMENT] = linked
    hits = [
        (rule, count)
        for rule, count in counted.items()
        if rule in policy.rules and policy.rules[rule].points and count > policy.rules[rule].above
    ]
    score = min(100, sum(policy.rules[rule].points for rule, _ in hits))
    return Screening(score, tuple(f"{rule.value}: {count}" for rule, count in hits), tuple(clues))
