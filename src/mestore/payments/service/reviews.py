"""Reviews: staff decides once about an order whose payment looked like a fraud."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.payments.errors import ReviewEnded, ReviewNotFound
from mestore.payments.events import ReviewDecided
from mestore.payments.repository import PaymentRepository, ScreeningRepository
from mestore.payments.types import AttemptStatus
from mestore.payments.types.screening import FraudPolicy, Review, ReviewState
from mestore.payments.views import ReviewView, get_review


class ReviewService:
    """The only writer of reviews that are open."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.reviews = ScreeningRepository(tx.connection)

    async def decide(
        self, review_id: int, reason: str, actor_id: UUID | None, *, is_approved: bool
    ) -> Review:
        """Give an open review its end; raises `ReviewNotFound` and `ReviewEnded`."""
        review = await self.reviews.find_review(review_id)
        if review is None:
            raise ReviewNotFound
        # The payment's row is always taken before all others.
        await PaymentRepository(self.tx.connection).lock_payment_of(review.order_id)
        state = ReviewState.APPROVED if is_approved else ReviewState.REFUSED
        if not await self.reviews.decide(review_id, state, actor_id, reason):
            raise ReviewEnded
        held = AttemptStatus.VOIDED if is_approved else AttemptStatus.DECLINED
        await self.reviews.end_held(review.order_id, held, f"REVIEW_{state.value}")
        record(
            self.tx,
            Act.PAYMENT_REVIEWED,
            Subject.PAYMENT_REVIEW,
            review_id,
            before={"state": ReviewState.OPEN},
            after={"state": state, "order_id": review.order_id, "reason": reason},
        )
        self.tx.publish(
            ReviewDecided(review_id, review.order_id, is_approved=is_approved, actor_id=actor_id)
        )
        return review

    async def close(self, order_id: int) -> None:
        """End the review of an order that ended otherwise."""
        if await self.reviews.close(order_id):
            await self.reviews.end_held(order_id, AttemptStatus.VOIDED, "ORDER_ENDED")

    async def purge_traces(self) -> None:
        """Delete the traces that are past their time."""
        await self.reviews.purge_traces(now() - self.tx.policy(FraudPolicy).keep_traces)

    async def forget(self, user_id: UUID) -> None:
        """Delete what rules could find a user by."""
        await self.reviews.forget_traces(user_id)


async def read_review(connection: AsyncConnection, review_id: int) -> ReviewView:
    """Return a review as staff sees it; raises `ReviewNotFound`."""
    return await get_review(connection, review_id)
