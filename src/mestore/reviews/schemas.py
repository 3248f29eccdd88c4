"""The JSON of reviews."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mestore.kernel.paging import PaginationOut
from mestore.reviews.types import Opinion, ReviewStatus, ReviewView, StaffReview

# PostgreSQL cannot store NUL; a title and a reason are one line.
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
Prose = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]+$")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReviewIn(_Input):
    """What a buyer says."""

    rating: Annotated[int, Field(ge=1, le=5, strict=True)]
    title: Annotated[Line, Field(max_length=150)] | None = None
    comment: Prose | None = None

    def opinion(self) -> Opinion:
        """Return it in the room's words."""
        return Opinion(self.rating, self.title, self.comment)


class ReasonIn(_Input):
    """Why."""

    reason: Annotated[Line, Field(max_length=300)]


class ModerationIn(ReasonIn):
    """Whether everybody sees a review, and why."""

    status: ReviewStatus


class ReplyIn(_Input):
    """What the vendor answers."""

    text: Prose


@dataclass(frozen=True, slots=True)
class ReviewsOut:
    """A page of reviews with what all of them give: `average` is None without any."""

    reviews: list[ReviewView]
    average: float | None
    count: int
    distribution: dict[str, int]
    pagination: PaginationOut


@dataclass(frozen=True, slots=True)
class StaffReviewsOut:
    """A page of reviews, with why readers reported them."""

    reviews: list[StaffReview]
    pagination: PaginationOut


@dataclass(frozen=True, slots=True)
class DoneOut:
    """It is so now."""

    success: bool
