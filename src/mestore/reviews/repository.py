"""Every SQL statement that writes reviews, and the reads that writing needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Uuid, bindparam, column, delete, insert, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import affected, inserted_id, unless_taken
from mestore.reviews.models import Review, ReviewMark
from mestore.reviews.types import HeldReview, MarkKind

_REVIEWED = select(Review.order_id).where(
    Review.product_id == bindparam("product_id"),
    Review.order_id.in_(bindparam("order_ids", expanding=True)),
)
_LOCK = (
    select(
        Review.id,
        Review.product_id,
        Review.vendor_id,
        Review.user_id,
        Review.rating,
        Review.status,
        Review.moderation_reason,
    )
    .where(Review.id == bindparam("review_id"))
    .with_for_update()
)
_ONE = Review.id == bindparam("of_review")
_MARKS_OF = delete(ReviewMark).where(ReviewMark.review_id == bindparam("of_review"))
_COUNTS = {
    MarkKind.HELPFUL: update(Review).where(_ONE).values(helpful_count=Review.helpful_count + 1),
    MarkKind.REPORTED: update(Review).where(_ONE).values(report_count=Review.report_count + 1),
}


_PRODUCTS = table("products", column("id", Uuid), column("is_public", Boolean))
_IS_PUBLIC = select(_PRODUCTS.c.is_public).where(_PRODUCTS.c.id == bindparam("product_id"))


@dataclass(frozen=True, slots=True)
class ReviewRepository:
    """Reviews and their marks."""

    connection: AsyncConnection

    async def reviewed(self, product_id: UUID, order_ids: list[int]) -> set[int]:
        """Return which of these orders have a review of the product."""
        values = {"product_id": product_id, "order_ids": order_ids}
        return set((await self.connection.execute(_REVIEWED, values)).scalars())

    async def is_public(self, product_id: UUID) -> bool:
        """Say whether anybody may see a product."""
        found = await self.connection.execute(_IS_PUBLIC, {"product_id": product_id})
        return bool(found.scalar())

    async def add(self, row: Mapping[str, Any]) -> int | None:
        """Write a review and return its id; None where that order has one of the product."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, insert(Review), row)
        return None

    async def find_held(self, review_id: int) -> HeldReview | None:
        """Hold a review and return it."""
        row = (await self.connection.execute(_LOCK, {"review_id": review_id})).one_or_none()
        return None if row is None else HeldReview(*row)

    async def change(self, review_id: int, **values: object) -> None:
        """Change a review that is held."""
        await affected(
            self.connection, update(Review).where(_ONE).values(**values), of_review=review_id
        )

    async def blank(self, review_id: int) -> None:
        """Take the words, the author and the marks off a review that is held."""
        words = {"title": None, "comment": None, "reply": None, "replied_at": None}
        await self.change(review_id, user_id=None, **words)
        await affected(self.connection, _MARKS_OF, of_review=review_id)

    async def remove(self, review_id: int) -> None:
        """Delete a review that is held, with its marks."""
        await affected(self.connection, _MARKS_OF, of_review=review_id)
        await affected(self.connection, delete(Review).where(_ONE), of_review=review_id)

    async def mark(self, row: Mapping[str, Any]) -> bool:
        """Write and count a mark on a review that is held; False where the user made it before."""
        async with unless_taken(self.connection):
            await self.connection.execute(insert(ReviewMark), row)
            await affected(self.connection, _COUNTS[row["kind"]], of_review=row["review_id"])
            return True
        return False

    async def forget(self, user_id: UUID) -> None:
        """Take a user's name off their reviews and delete their marks; counts stay."""
        nobody = update(Review).where(Review.user_id == bindparam("of_user")).values(user_id=None)
        await affected(self.connection, nobody, of_user=user_id)
        marks = delete(ReviewMark).where(ReviewMark.user_id == bindparam("of_user"))
        await affected(self.connection, marks, of_user=user_id)
