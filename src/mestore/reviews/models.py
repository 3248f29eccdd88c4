"""Tables of reviews: one a product and order, and what readers marked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, UtcDateTime, enum_column
from mestore.reviews.types import MarkKind, ReviewStatus


class Review(Base):
    """What a buyer says of a product. After the author's erasure it stands without a name."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    vendor_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    user_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    rating: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str | None] = mapped_column(String(150))
    comment: Mapped[str | None] = mapped_column(Text)
    status: Mapped[ReviewStatus] = mapped_column(enum_column(ReviewStatus))
    moderation_reason: Mapped[str | None] = mapped_column(String(300))
    helpful_count: Mapped[int] = mapped_column(Integer)
    report_count: Mapped[int] = mapped_column(Integer)
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("product_id", "order_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("ix_reviews_shown", "product_id", "status", "id"),
        Index("ix_reviews_reported", "report_count", "id"),
    )


class ReviewMark(Base):
    """That a user found a review helpful, or reported it."""

    __tablename__ = "review_marks"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    review_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reviews.id"))
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    kind: Mapped[MarkKind] = mapped_column(enum_column(MarkKind))
    reason: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("review_id", "user_id", "kind"),)
