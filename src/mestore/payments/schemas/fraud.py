"""What staff sends and reads of fraud rules and reviews."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mestore.accounts.types import Line
from mestore.kernel.money import Amount, Price, to_minor, to_number
from mestore.kernel.paging import PaginationOut
from mestore.payments.types import PaymentMethod
from mestore.payments.types.screening import (
    IN_MONEY,
    LONGEST_WINDOW,
    WITH_WINDOW,
    FraudRule,
    ReviewState,
    RuleChoice,
    RuleSet,
)

Score = Annotated[int, Field(ge=1, le=100)]
Why = Annotated[Line, StringConstraints(min_length=3, max_length=300)]


class RuleIn(BaseModel):
    """How a rule counts: pesos, per cent of an average, or how often; see docs/fraud.md."""

    model_config = ConfigDict(extra="forbid")

    above: Price
    points: Annotated[int, Field(ge=0, le=100)]
    window_minutes: (
        Annotated[int, Field(ge=1, le=int(LONGEST_WINDOW.total_seconds()) // 60)] | None
    ) = None
    is_on: bool = True

    def choice(self, rule: FraudRule) -> RuleChoice:
        """Return what this means for a rule; raises `ValueError` where it means nothing."""
        if (rule in WITH_WINDOW) != (self.window_minutes is not None):
            what = "needs" if rule in WITH_WINDOW else "has no"
            raise ValueError(f"{rule.value} {what} window_minutes")
        if rule not in IN_MONEY and self.above != int(self.above):
            raise ValueError(f"{rule.value} needs a whole number above which it counts")
        above = to_minor(self.above) if rule in IN_MONEY else int(self.above)
        return RuleChoice(above, self.points, self.window_minutes, self.is_on)


class RulesIn(BaseModel):
    """The next version of the rules, made from `version`; rules that are left out stay."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(strict=True, ge=0, le=2**31 - 2)]
    review_from: Score
    refuse_from: Score
    rules: dict[FraudRule, RuleIn] = {}
    reason: Why

    @model_validator(mode="after")
    def check_rules(self) -> Self:
        """Refuse scores in the wrong order, and choices that a rule does not have."""
        if self.refuse_from < self.review_from:
            raise ValueError("refuse_from must not be less than review_from")
        self.choices()
        return self

    def choices(self) -> dict[FraudRule, RuleChoice]:
        """Return what is chosen of each rule."""
        return {rule: given.choice(rule) for rule, given in self.rules.items()}


class RuleOut(BaseModel):
    """How a rule counts; `window_minutes` is null for rules that look at the order alone."""

    above: int | float
    points: int
    window_minutes: int | None
    is_on: bool


class RulesOut(BaseModel):
    """The rules in force; version 0 is that of the settings."""

    version: int
    review_from: int
    refuse_from: int
    rules: dict[FraudRule, RuleOut]
    reason: str | None
    changed_by: UUID | None
    changed_at: datetime | None

    @classmethod
    def of(cls, found: RuleSet) -> Self:
        """Return the rules with their amounts in pesos."""
        rules = {
            rule: RuleOut(
                above=to_number(choice.above) if rule in IN_MONEY else choice.above,
                points=choice.points,
                window_minutes=choice.window_minutes,
                is_on=choice.is_on,
            )
            for rule, choice in found.rules.items()
        }
        return cls(
            version=found.version,
            review_from=found.review_from,
            refuse_from=found.refuse_from,
            rules=rules,
            reason=found.reason,
            changed_by=found.changed_by,
            changed_at=found.changed_at,
        )


class VersionOut(BaseModel):
    """A version of the rules."""

    version: int
    review_from: int
    refuse_from: int
    reason: str
    changed_by: UUID | None
    changed_at: datetime


class VersionListOut(BaseModel):
    """A page of versions, the newest first."""

    versions: list[VersionOut]
    pagination: PaginationOut


class HitOut(BaseModel):
    """A rule that counted: what it saw, its limit, and its points."""

    rule: FraudRule
    seen: int | float
    above: int | float
    points: int


class ReviewOut(BaseModel):
    """An order that waits for staff; `is_paid` says whether its money is here."""

    id: int
    order_id: int
    state: ReviewState
    score: int
    evidence: list[HitOut]
    rules_version: int
    gateway: str
    method: PaymentMethod
    reference: str
    amount: Amount
    currency: str
    is_paid: bool
    due_at: datetime
    is_overdue: bool
    created_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None


class ReviewListOut(BaseModel):
    """A page of reviews, the newest first."""

    reviews: list[ReviewOut]
    pagination: PaginationOut


class DecisionIn(BaseModel):
    """What staff decided, and why; the buyer does not read the reason."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "refuse"]
    reason: Why
