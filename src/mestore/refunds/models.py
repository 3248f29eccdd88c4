"""Tables of refunds: the refund, and what it gives back for each order line."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime, enum_column
from mestore.payments.types import PaymentMethod
from mestore.refunds.types import RefundState


class RefundRow(Base):
    """Money on its way back. It is of an order, or of an entry in the queues of payments."""

    __tablename__ = "refunds"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    exception_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    gateway: Mapped[str] = mapped_column(String(20))
    method: Mapped[PaymentMethod | None] = mapped_column(enum_column(PaymentMethod))
    transaction_id: Mapped[str] = mapped_column(Code(100))
    charge_reference: Mapped[str] = mapped_column(Code(100))
    charged_minor: Mapped[int] = mapped_column(Minor)
    charged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    amount_minor: Mapped[int] = mapped_column(Minor)
    shipping_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(300))
    state: Mapped[RefundState] = mapped_column(enum_column(RefundState))
    reference: Mapped[str] = mapped_column(Code(100), unique=True)
    gateway_refund_id: Mapped[str | None] = mapped_column(Code(100), index=True)
    code: Mapped[str | None] = mapped_column(String(100))
    is_owed: Mapped[bool] = mapped_column(Boolean)
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    bank_account: Mapped[dict[str, Any] | None] = mapped_column(Json)
    bank_reference: Mapped[str | None] = mapped_column(String(100))
    polls: Mapped[int] = mapped_column(Integer)
    poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("shipping_minor >= 0", name="shipping"),
        Index("ix_refunds_state", "state", "id"),
    )


class RefundLine(Base):
    """What a refund gives back for one order line, IVA included."""

    __tablename__ = "refund_lines"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    refund_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("refunds.id"))
    order_item_id: Mapped[int] = mapped_column(BigInteger)
    vendor_id: Mapped[UUID] = mapped_column(Uuid)
    variant_id: Mapped[UUID] = mapped_column(Uuid)
    product_name: Mapped[str] = mapped_column(String(500))
    quantity: Mapped[int] = mapped_column(Integer)
    amount_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    restock: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (
        UniqueConstraint("refund_id", "order_item_id"),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("amount_minor >= 0", name="amount"),
    )
