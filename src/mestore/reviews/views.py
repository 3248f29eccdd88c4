"""Reviews as clients read them, with the distribution of a product's ratings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Uuid

from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of, parse_sort
from mestore.reviews.errors import ReviewNotFound
from mestore.reviews.models import Review, ReviewMark
from mestore.reviews.types import (
    REASONS_SHOWN,
    MarkKind,
    ReviewStatus,
    ReviewView,
    StaffReview,
)

_USERS = table("users", column("id", Uuid), column("first_name"), column("last_name"))
_REVIEWS = select(
    Review.id,
    Review.product_id,
    Review.rating,
    Review.title,
    Review.comment,
    _USERS.c.first_name,
    _USERS.c.last_name,
    Review.status,
    Review.helpful_count,
    Review.report_count,
    Review.reply,
    Review.replied_at,
    Review.moderation_reason,
    Review.created_at,
    Review.updated_at,
).outerjoin(_USERS, _USERS.c.id == Review.user_id)
_SPREAD = (
    select(Review.rating, func.count())
    .where(Review.product_id == bindparam("product_id"), Review.status == ReviewStatus.VISIBLE)
    .group_by(Review.rating)
)
_REPORTS = (
    select(
        ReviewMark.id,
        ReviewMark.review_id,
        ReviewMark.reason,
        func.row_number()
        .over(partition_by=ReviewMark.review_id, order_by=ReviewMark.id.desc())
        .label("place"),
    )
    .where(
        ReviewMark.review_id.in_(bindparam("ids", expanding=True)),
        ReviewMark.kind == MarkKind.REPORTED,
    )
    .subquery()
)
_REASONS = (
    select(_REPORTS.c.review_id, _REPORTS.c.reason)
    .where(_REPORTS.c.place <= REASONS_SHOWN)
    .order_by(_REPORTS.c.id.desc())
)
_COLUMNS = {"newest": Review.id, "helpful": Review.helpful_count, "rating": Review.rating}
_KEYS = {"newest": "id", "helpful": "helpful_count", "rating": "rating"}


def sort_key(sort: str | None) -> SortKey:
    """Return the order of a list: `newest`, `helpful` or `rating`, the most of it first."""
    wanted = sort or "newest"
    name = wanted.removeprefix("-")
    # The words name what comes first; `-rating` turns it around.
    turned = name if wanted.startswith("-") else f"-{name}"
    return parse_sort(turned, "-newest", _COLUMNS, Review.id)


async def spread(connection: AsyncConnection, product_id: UUID) -> dict[int, int]:
    """Return how many visible reviews of a product give each rating."""
    rows = await connection.execute(_SPREAD, {"product_id": product_id})
    return dict.fromkeys(range(5, 0, -1), 0) | {rating: count for rating, count in rows}


async def page_of_product(
    connection: AsyncConnection,
    product_id: UUID,
    wanted: PageRequest,
    order: SortKey,
    total: int,
) -> Page[ReviewView]:
    """Return a page of a product's visible reviews."""
    query = _REVIEWS.where(Review.product_id == product_id, Review.status == ReviewStatus.VISIBLE)
    page = await _page(connection, query, wanted, order, total)
    return Page([as_read(row) for row in page.rows], page.pagination)


async def page_for_staff(
    connection: AsyncConnection,
    wanted: PageRequest,
    status: ReviewStatus | None,
    *,
    only_reported: bool,
) -> Page[StaffReview]:
    """Return a page of all reviews, the newest first."""
    conditions = [Review.status == status] if status else []
    if only_reported:
        conditions.append(Review.report_count > 0)
    counted = select(func.count()).select_from(Review).where(*conditions)
    total: int = (await connection.execute(counted)).scalar_one()
    query = _REVIEWS.where(*conditions)
    page = await _page(connection, query, wanted, sort_key(None), total)
    reasons = await _reasons(connection, [row.id for row in page.rows])
    shown = [StaffReview(**asdict(row), report_reasons=tuple(reasons[row.id])) for row in page.rows]
    return Page(shown, page.pagination)


async def read_review(connection: AsyncConnection, review_id: int) -> ReviewView:
    """Return one review; raises `ReviewNotFound`."""
    row = (await connection.execute(_REVIEWS.where(Review.id == review_id))).one_or_none()
    if row is None:
        raise ReviewNotFound
    return _view(row)


def as_read(review: ReviewView) -> ReviewView:
    """Return a review without what the operator knows of it, which is not for its readers."""
    return replace(review, report_count=0, moderation_reason=None)


async def _reasons(
    connection: AsyncConnection, review_ids: Sequence[int]
) -> Mapping[int, Sequence[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for review_id, reason in await connection.execute(_REASONS, {"ids": list(review_ids)}):
        found[review_id].append(reason)
    return found


async def _page(
    connection: AsyncConnection,
    query: Any,  # noqa: ANN401  a select of _REVIEWS
    wanted: PageRequest,
    order: SortKey,
    total: int,
) -> Page[ReviewView]:
    rows = (await connection.execute(apply(query, wanted, order))).all()
    key = _KEYS[order.name.removeprefix("-")]
    page = page_of(rows, wanted, order, total, (key, "id"))
    return Page([_view(row) for row in page.rows], page.pagination)


def _view(row: Any) -> ReviewView:  # noqa: ANN401  a row of _REVIEWS
    values = dict(row._mapping)
    first, last = values.pop("first_name"), values.pop("last_name")
    author = f"{first} {last[:1]}." if first and last else (first or "")
    return ReviewView(author=author, **values)
