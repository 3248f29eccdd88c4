"""Reviews and versions of the fraud rules as staff reads them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of
from mestore.payments.errors import ReviewNotFound
from mestore.payments.models import Attempt, FraudRules, Payment, PaymentReview
from mestore.payments.types import PAID_STATUSES
from mestore.payments.types.screening import IN_MONEY, ReviewState

_REVIEW_ORDER = SortKey("-id", PaymentReview.id, PaymentReview.id, descending=True)
_VERSION_ORDER = SortKey("-version", FraudRules.version, FraudRules.version, descending=True)
_TOLD = (
    *("id", "order_id", "state", "score", "rules_version", "due_at", "created_at"),
    *("decided_by", "decided_at", "reason"),
)
_REVIEWS = (
    select(
        *(getattr(PaymentReview, name) for name in _TOLD),
        PaymentReview.evidence,
        Attempt.gateway,
        Attempt.method,
        Attempt.reference,
        Attempt.amount_minor,
        Attempt.currency,
        Payment.status.label("payment_status"),
    )
    .join(Attempt, Attempt.id == PaymentReview.attempt_id)
    .join(Payment, Payment.id == Attempt.payment_id)
)


class ReviewView(msgspec.Struct, frozen=True):
    """A review as staff sees it."""

    id: int
    order_id: int
    state: ReviewState
    score: int
    rules_version: int
    due_at: datetime
    created_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    evidence: list[dict[str, Any]]
    gateway: str
    method: str
    reference: str
    amount: int | float
    currency: str
    is_paid: bool
    is_overdue: bool


async def page_reviews(
    connection: AsyncConnection,
    wanted: PageRequest,
    state: ReviewState | None,
    overdue: bool | None,
) -> Page[ReviewView]:
    """Return a page of reviews, the newest first."""
    condition: ColumnElement[bool] = true()
    if state is not None:
        condition = PaymentReview.state == state
    if overdue is not None:
        late = and_(PaymentReview.state == ReviewState.OPEN, PaymentReview.due_at < now())
        condition = condition & (late if overdue else ~late)
    counted = select(func.count(PaymentReview.id)).where(condition)
    total: int = (await connection.execute(counted)).scalar_one()
    query = apply(_REVIEWS.where(condition), wanted, _REVIEW_ORDER)
    views = [_review(row) for row in (await connection.execute(query)).all()]
    return page_of(views, wanted, _REVIEW_ORDER, total, ("id", "id"))


async def get_review(connection: AsyncConnection, review_id: int) -> ReviewView:
    """Return a review; raises `ReviewNotFound`."""
    query = _REVIEWS.where(PaymentReview.id == review_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise ReviewNotFound
    return _review(row)


def _review(row: Any) -> ReviewView:  # noqa: ANN401  a row
    return ReviewView(
        evidence=[_shown(hit) for hit in row.evidence],
        gateway=row.gateway,
        method=row.method,
        reference=row.reference,
        amount=to_number(row.amount_minor),
        currency=row.currency,
        is_paid=row.payment_status in PAID_STATUSES,
        is_overdue=row.state is ReviewState.OPEN and row.due_at < now(),
        **{name: getattr(row, name) for name in _TOLD},
    )


def _shown(hit: dict[str, Any]) -> dict[str, Any]:
    """Return a hit with its amounts in pesos."""
    if hit["rule"] not in {rule.value for rule in IN_MONEY}:
        return hit
    return {**hit, "seen": to_number(hit["seen"]), "above": to_number(hit["above"])}


class VersionView(msgspec.Struct, frozen=True):
    """A version of the rules: who wrote it, when and why."""

    version: int
    review_from: int
    refuse_from: int
    reason: str
    changed_by: UUID | None
    changed_at: datetime


async def page_versions(connection: AsyncConnection, wanted: PageRequest) -> Page[VersionView]:
    """Return a page of the versions that staff wrote, the newest first."""
    columns = [getattr(FraudRules, name) for name in VersionView.__struct_fields__]
    counted = select(func.count(FraudRules.version))
    total: int = (await connection.execute(counted)).scalar_one()
    query = apply(select(*columns), wanted, _VERSION_ORDER)
    rows = (await connection.execute(query)).all()
    views = [VersionView(*row) for row in rows]
    return page_of(views, wanted, _VERSION_ORDER, total, ("version", "version"))
