"""What is done with reviews. The rating of the product changes in the same transaction."""

from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.catalog.errors import ProductNotFound
from mestore.catalog.service.products import CatalogService
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.orders.service import delivered_orders
from mestore.reviews.errors import (
    AlreadyReviewed,
    NotBought,
    OwnProduct,
    OwnReview,
    ReviewNotFound,
)
from mestore.reviews.repository import ReviewRepository
from mestore.reviews.types import HeldReview, MarkKind, Opinion, ReviewStatus
from mestore.vendors.service import find_vendor_of


class ReviewService:
    """The only writer of reviews."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.reviews = ReviewRepository(tx.connection)
        self.catalog = CatalogService(tx)

    async def add(self, product_id: UUID, user_id: UUID, opinion: Opinion) -> int:
        """Write a buyer's review for their latest delivered order that has none; return its id."""
        # Before the insert, whose foreign key would share a lock that rivals then wait for.
        await self.catalog.rate(product_id, opinion.rating, 1)
        orders = dict(await delivered_orders(self.tx.connection, user_id, product_id))
        if not orders:
            # Who never bought it is not told of a product that is not public.
            raise NotBought if await self.reviews.is_public(product_id) else ProductNotFound
        reviewed = await self.reviews.reviewed(product_id, list(orders))
        free = [order_id for order_id in orders if order_id not in reviewed]
        if not free:
            raise AlreadyReviewed
        own = await find_vendor_of(self.tx.connection, user_id)
        moment, order_id = now(), max(free)
        if own is not None and own.id == orders[order_id]:
            raise OwnProduct
        row = {
            "product_id": product_id,
            "order_id": order_id,
            "vendor_id": orders[order_id],
            "user_id": user_id,
            "rating": opinion.rating,
            "title": opinion.title,
            "comment": opinion.comment,
            "status": ReviewStatus.VISIBLE,
            "helpful_count": 0,
            "report_count": 0,
            "created_at": moment,
            "updated_at": moment,
        }
        review_id = await self.reviews.add(row)
        if review_id is None:
            raise AlreadyReviewed
        return review_id

    async def edit(self, review_id: int, user_id: UUID, opinion: Opinion) -> None:
        """Replace what the author said."""
        held = await self._held(review_id, author=user_id)
        if held.is_visible and held.rating != opinion.rating:
            await self.catalog.rate(held.product_id, opinion.rating - held.rating, 0)
        await self.reviews.change(
            review_id,
            rating=opinion.rating,
            title=opinion.title,
            comment=opinion.comment,
            updated_at=now(),
        )

    async def remove(self, review_id: int, user_id: UUID, *, is_staff: bool) -> None:
        """Delete a review: its author, or staff.

        Of a hidden one that its author deletes nothing is left but that its order had one: what
        staff hid is not shown by writing it again.
        """
        held = await self._held(review_id, author=None if is_staff else user_id)
        if held.is_visible:
            await self.catalog.rate(held.product_id, -held.rating, -1)
        elif not is_staff:
            await self.reviews.blank(review_id)
            return
        await self.reviews.remove(review_id)
        if is_staff:
            before = {"rating": held.rating, "product_id": str(held.product_id)}
            record(self.tx, Act.REVIEW_REMOVED, Subject.REVIEW, review_id, before=before)

    async def mark(
        self, review_id: int, user_id: UUID, kind: MarkKind, reason: str | None = None
    ) -> None:
        """Count a user's mark once; made again, it changes nothing."""
        held = await self._held(review_id)
        if not held.is_visible:
            raise ReviewNotFound
        if held.user_id == user_id:
            raise OwnReview
        row = {"review_id": review_id, "user_id": user_id, "kind": kind, "reason": reason}
        await self.reviews.mark({**row, "created_at": now()})

    async def reply(self, review_id: int, vendor_id: UUID, text: str) -> None:
        """Write or replace the answer of the vendor whose product it was."""
        held = await self._held(review_id)
        if held.vendor_id != vendor_id:
            raise ReviewNotFound
        await self.reviews.change(review_id, reply=text, replied_at=now())

    async def moderate(self, review_id: int, status: ReviewStatus, reason: str) -> None:
        """Hide or show a review; a hidden one does not count."""
        held = await self._held(review_id)
        if held.status is not status:
            sign = 1 if status is ReviewStatus.VISIBLE else -1
            await self.catalog.rate(held.product_id, sign * held.rating, sign)
        await self.reviews.change(review_id, status=status, moderation_reason=reason)
        record(
            self.tx,
            Act.REVIEW_MODERATED,
            Subject.REVIEW,
            review_id,
            before={"status": held.status.value, "reason": held.moderation_reason},
            after={"status": status.value, "reason": reason},
        )

    async def forget(self, user_id: UUID) -> None:
        """Take a user's name off what they wrote."""
        await self.reviews.forget(user_id)

    async def _held(self, review_id: int, *, author: UUID | None = None) -> HeldReview:
        held = await self.reviews.find_held(review_id)
        if held is None or (author is not None and held.user_id != author):
            raise ReviewNotFound
        return held
