"""Tables of carts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Minor, UtcDateTime


class Cart(Base):
    """A cart of a buyer or of a guest's session. `version` grows with every change of its lines."""

    __tablename__ = "carts"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    buyer_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.id"), unique=True)
    session_id: Mapped[str | None] = mapped_column(Code(100), unique=True)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class CartItem(Base):
    """A line of a cart; `unit_price_minor` is the price when it was added."""

    __tablename__ = "cart_items"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    cart_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("carts.id"))
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    variant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("product_variants.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_minor: Mapped[int] = mapped_column(Minor)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity"),
    )
