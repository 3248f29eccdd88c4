"""HTTP for reviews: of a product, of one's own, and for the operator."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Response

from mestore.accounts.deps import CurrentUser, require_person
from mestore.accounts.types import Caller, Permission
from mestore.catalog.errors import ProductNotFound
from mestore.catalog.service.shown import shown_products
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.money import divide_half_up
from mestore.kernel.routing import Router
from mestore.reviews.errors import (
    AlreadyReviewed,
    NotBought,
    OwnProduct,
    OwnReview,
    ReviewNotFound,
)
from mestore.reviews.schemas import (
    DoneOut,
    ModerationIn,
    ReasonIn,
    ReplyIn,
    ReviewIn,
    ReviewsOut,
    StaffReviewsOut,
)
from mestore.reviews.service import ReviewService
from mestore.reviews.types import MarkKind, ReviewStatus, ReviewView
from mestore.reviews.views import (
    as_read,
    page_for_staff,
    page_of_product,
    read_review,
    sort_key,
    spread,
)
from mestore.vendors.deps import vendor_who_can
from mestore.vendors.types import SellingVendor

router = Router(tags=["reviews"])

Moderator = Annotated[Caller, Depends(require_person(Permission.PRODUCTS_APPROVE))]
ReplyingVendor = Annotated[SellingVendor, Depends(vendor_who_can(Permission.PRODUCTS_UPDATE))]
_OWN = refuses(Unauthorized, ReviewNotFound)


@router.post(
    "/products/{product_id}/reviews",
    status_code=201,
    response_model=ReviewView,
    responses=refuses(Unauthorized, NotBought, OwnProduct, ProductNotFound, AlreadyReviewed),
)
async def add_review(product_id: UUID, body: ReviewIn, tx: InTx, user: CurrentUser) -> Response:
    """Review a product that reached the caller; once an order of it."""
    review_id = await ReviewService(tx).add(product_id, user.user_id, body.opinion())
    return _json(await read_review(tx.connection, review_id), 201)


@router.get(
    "/products/{product_id}/reviews",
    response_model=ReviewsOut,
    responses=refuses(ProductNotFound),
)
async def list_reviews(
    product_id: UUID, db: Db, paging: Paging, sort: str | None = None
) -> Response:
    """List a product's reviews: `newest`, most `helpful`, or highest `rating` first."""
    if not await shown_products(db, [product_id]):
        raise ProductNotFound
    async with db.read() as connection:
        found = await spread(connection, product_id)
        total = sum(found.values())
        page = await page_of_product(connection, product_id, paging, sort_key(sort), total)
    stars = sum(rating * count for rating, count in found.items())
    body = {
        "reviews": page.rows,
        "average": divide_half_up(stars * 100, total) / 100 if total else None,
        "count": total,
        "distribution": {str(rating): count for rating, count in found.items()},
        "pagination": page.pagination,
    }
    return _json(body)


@router.put("/reviews/{review_id}", response_model=ReviewView, responses=_OWN)
async def edit_review(review_id: RowId, body: ReviewIn, tx: InTx, user: CurrentUser) -> Response:
    """Replace one's own review."""
    await ReviewService(tx).edit(review_id, user.user_id, body.opinion())
    return _json(await read_review(tx.connection, review_id))


@router.delete("/reviews/{review_id}", status_code=204, responses=_OWN)
async def delete_review(review_id: RowId, tx: InTx, user: CurrentUser) -> None:
    """Delete one's own review; staff deletes any."""
    is_staff = user.oversees(Permission.PRODUCTS_APPROVE)
    await ReviewService(tx).remove(review_id, user.user_id, is_staff=is_staff)


@router.post(
    "/reviews/{review_id}/helpful",
    response_model=DoneOut,
    responses=refuses(Unauthorized, ReviewNotFound, OwnReview),
)
async def find_helpful(review_id: RowId, tx: InTx, user: CurrentUser) -> DoneOut:
    """Say that a review helped; once a user, again changes nothing."""
    await ReviewService(tx).mark(review_id, user.user_id, MarkKind.HELPFUL)
    return DoneOut(success=True)


@router.post(
    "/reviews/{review_id}/report",
    response_model=DoneOut,
    responses=refuses(Unauthorized, ReviewNotFound, OwnReview),
)
async def report_review(review_id: RowId, body: ReasonIn, tx: InTx, user: CurrentUser) -> DoneOut:
    """Tell the operator about a review; once a user, again changes nothing."""
    await ReviewService(tx).mark(review_id, user.user_id, MarkKind.REPORTED, body.reason)
    return DoneOut(success=True)


@router.post(
    "/reviews/{review_id}/reply",
    response_model=ReviewView,
    responses=refuses(Unauthorized, Forbidden, ReviewNotFound),
)
async def reply_to_review(
    review_id: RowId, body: ReplyIn, tx: InTx, vendor: ReplyingVendor
) -> Response:
    """Answer a review of one's own product; a new answer replaces the old one."""
    await ReviewService(tx).reply(review_id, vendor.id, body.text)
    return _json(as_read(await read_review(tx.connection, review_id)))


@router.get(
    "/admin/reviews",
    response_model=StaffReviewsOut,
    responses=refuses(Unauthorized, Forbidden),
)
async def list_for_staff(
    db: Db,
    paging: Paging,
    _: Moderator,
    status: ReviewStatus | None = None,
    reported: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> Response:
    """List all reviews, the newest first."""
    async with db.read() as connection:
        page = await page_for_staff(connection, paging, status, only_reported=reported)
    return _json({"reviews": page.rows, "pagination": page.pagination})


@router.put(
    "/admin/reviews/{review_id}",
    response_model=ReviewView,
    responses=refuses(Unauthorized, Forbidden, ReviewNotFound),
)
async def moderate_review(review_id: RowId, body: ModerationIn, tx: InTx, _: Moderator) -> Response:
    """Hide or show a review."""
    await ReviewService(tx).moderate(review_id, body.status, body.reason)
    return _json(await read_review(tx.connection, review_id))


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
