"""Tables of interests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime


class HistoryChoice(Base):
    """Whether a user's history is kept, and since when; who never did anything has no row.

    Its row is held while something of its user is written or counted. Of an erased user it stays
    and says no, so that a message that comes late writes nothing.
    """

    __tablename__ = "history_choices"

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    is_kept: Mapped[bool] = mapped_column(Boolean)
    searches_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    views_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PastSearch(Base):
    """What a user looked for; the same again moves it up."""

    __tablename__ = "past_searches"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    fingerprint: Mapped[str] = mapped_column(Code(64))
    text: Mapped[str] = mapped_column(String(200))
    filters: Mapped[dict[str, Any]] = mapped_column(Json)
    results: Mapped[int] = mapped_column(Integer)
    searched_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    __table_args__ = (
        UniqueConstraint("user_id", "fingerprint"),
        Index("ix_past_searches_user", "user_id", "searched_at", "id"),
    )


class ViewedProduct(Base):
    """When a user or a guest session last looked at a product; `owner` names either."""

    __tablename__ = "viewed_products"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    owner: Mapped[str] = mapped_column(Code(120))
    user_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    viewed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    __table_args__ = (
        UniqueConstraint("owner", "product_id"),
        Index("ix_viewed_products_owner", "owner", "viewed_at", "id"),
        Index("ix_viewed_products_user", "user_id", "viewed_at"),
    )


class SavedSearch(Base):
    """A search that its user kept; with `is_alerting` they hear of new products in it."""

    __tablename__ = "saved_searches"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(Code(100))
    fingerprint: Mapped[str] = mapped_column(Code(64))
    text: Mapped[str] = mapped_column(String(200))
    filters: Mapped[dict[str, Any]] = mapped_column(Json)
    is_alerting: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("user_id", "fingerprint"),
        UniqueConstraint("user_id", "name"),
        Index("ix_saved_searches_alerting", "is_alerting", "id"),
    )


class SavedSearchMatch(Base):
    """That a product is new in a saved search, and when that was told; once for both."""

    __tablename__ = "saved_search_matches"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    saved_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("saved_searches.id"))
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("saved_id", "product_id"),
        Index("ix_saved_search_matches_told", "told_at", "saved_id", "id"),
    )


class PublishedProduct(Base):
    """When a product last went public; `is_fresh` while saved searches are still to see it.

    A product from before this table has no row until something changes about it.
    """

    __tablename__ = "published_products"

    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    is_fresh: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (Index("ix_published_products_fresh", "is_fresh", "product_id"),)


class PriceAlert(Base):
    """A price that a user watches: until it falls to a target, or with none at any drop.

    `seen_minor` is the price that this alert knows of; it tells when that crosses down, and so
    again only after the price has risen.
    """

    __tablename__ = "price_alerts"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    variant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("product_variants.id"))
    target_minor: Mapped[int | None] = mapped_column(Minor)
    seen_minor: Mapped[int] = mapped_column(Minor)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("user_id", "variant_id"),
        Index("ix_price_alerts_product", "product_id", "id"),
    )
