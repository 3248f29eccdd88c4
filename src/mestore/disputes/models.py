"""Tables of disputes: the dispute, whose money it is about, its evidence and its history."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.disputes.types import DisputeKind, DisputeState, LossReason
from mestore.kernel.columns import Base, BigPk, Code, Minor, UtcDateTime, enum_column


class DisputeRow(Base):
    """One dispute of one payment, once per gateway and the gateway's own id of it."""

    __tablename__ = "disputes"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    gateway_dispute_id: Mapped[str] = mapped_column(Code(100))
    reference: Mapped[str | None] = mapped_column(Code(100))
    order_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    transaction_id: Mapped[str] = mapped_column(Code(100), index=True)
    amount_minor: Mapped[int] = mapped_column(Minor)
    excess_minor: Mapped[int] = mapped_column(Minor)
    shipping_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    kind: Mapped[DisputeKind] = mapped_column(enum_column(DisputeKind))
    reason: Mapped[str] = mapped_column(String(100))
    state: Mapped[DisputeState] = mapped_column(enum_column(DisputeState))
    loss_reason: Mapped[LossReason | None] = mapped_column(enum_column(LossReason))
    is_withdrawn: Mapped[bool] = mapped_column(Boolean)
    round: Mapped[int] = mapped_column(Integer)
    evidence_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    decided_by: Mapped[UUID | None] = mapped_column(Uuid)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("gateway", "gateway_dispute_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("excess_minor BETWEEN 0 AND amount_minor", name="excess"),
        CheckConstraint("shipping_minor BETWEEN 0 AND amount_minor", name="shipping"),
        Index("ix_disputes_state", "state", "id"),
    )


class DisputePart(Base):
    """One vendor's part of a dispute: what is taken of it, and what of that is held.

    `held_minor` is the part less the commission on it, as it was moved when the bank took the
    money.
    """

    __tablename__ = "dispute_parts"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("disputes.id"))
    vendor_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(Minor)
    held_minor: Mapped[int] = mapped_column(Minor)

    __table_args__ = (
        UniqueConstraint("dispute_id", "vendor_id"),
        Index("ix_dispute_parts_vendor", "vendor_id", "dispute_id"),
        CheckConstraint("amount_minor >= 0", name="amount"),
    )


class DisputeLine(Base):
    """What a bank has of one order line now; gone once it gives that back."""

    __tablename__ = "dispute_lines"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("disputes.id"), index=True)
    order_item_id: Mapped[int] = mapped_column(BigInteger)
    vendor_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)

    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount"),)


class DisputeEvidence(Base):
    """What somebody says against a dispute; `vendor_id` is None for the operator's own words."""

    __tablename__ = "dispute_evidence"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("disputes.id"), index=True)
    vendor_id: Mapped[UUID | None] = mapped_column(Uuid)
    author_id: Mapped[UUID] = mapped_column(Uuid)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DisputeChange(Base):
    """A step of a dispute; `actor_id` is None where the gateway said so."""

    __tablename__ = "dispute_changes"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("disputes.id"), index=True)
    from_state: Mapped[DisputeState | None] = mapped_column(enum_column(DisputeState))
    to_state: Mapped[DisputeState] = mapped_column(enum_column(DisputeState))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    reason: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
