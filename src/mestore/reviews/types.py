"""The words of reviews."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

REASONS_SHOWN = 5
"""So many reasons of reports are shown of a review, the newest."""


class ReviewStatus(StrEnum):
    """Whether everybody sees a review; only a visible one counts for its product's rating."""

    VISIBLE = "VISIBLE"
    HIDDEN = "HIDDEN"


class MarkKind(StrEnum):
    """What a reader said of a review, once each."""

    HELPFUL = "HELPFUL"
    REPORTED = "REPORTED"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a buyer says."""

    rating: int
    title: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class HeldReview:
    """A review that nobody else changes until this transaction ends."""

    id: int
    product_id: UUID
    vendor_id: UUID
    user_id: UUID | None
    rating: int
    status: ReviewStatus
    moderation_reason: str | None

    @property
    def is_visible(self) -> bool:
        """Say whether it counts."""
        return self.status is ReviewStatus.VISIBLE


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review as clients see it; its author is a first name and an initial."""

    id: int
    product_id: UUID
    rating: int
    title: str | None
    comment: str | None
    author: str
    status: ReviewStatus
    helpful_count: int
    report_count: int
    reply: str | None
    replied_at: datetime | None
    moderation_reason: str | None
    created_at: datetime
    updated_at: datetime
    is_verified_purchase: bool = True


@dataclass(frozen=True, slots=True)
class StaffReview(ReviewView):
    """A review as the operator sees it, with why readers reported it, the newest first."""

    report_reasons: tuple[str, ...] = ()
