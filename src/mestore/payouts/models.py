"""Tables of payouts: bank accounts, payouts, who approved them, batches, signals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime, enum_column
from mestore.payouts.types import (
    AccountState,
    AccountType,
    BatchState,
    Channel,
    DocumentType,
    PayoutState,
)


class PayoutAccount(Base):
    """The one bank account of a vendor. Payouts keep what it was when they were requested."""

    __tablename__ = "payout_accounts"

    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"), primary_key=True)
    bank_code: Mapped[str] = mapped_column(Code(10))
    account_type: Mapped[AccountType] = mapped_column(enum_column(AccountType))
    account_number: Mapped[str] = mapped_column(Code(20))
    holder_name: Mapped[str] = mapped_column(String(100))
    document_type: Mapped[DocumentType] = mapped_column(enum_column(DocumentType))
    document_number: Mapped[str] = mapped_column(Code(20))
    state: Mapped[AccountState] = mapped_column(enum_column(AccountState))
    usable_from: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("LENGTH(account_number) BETWEEN 6 AND 20", name="account_number"),
    )


class PayoutBatch(Base):
    """Payouts that leave together."""

    __tablename__ = "payout_batches"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    reference: Mapped[str] = mapped_column(Code(64), unique=True)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    state: Mapped[BatchState] = mapped_column(enum_column(BatchState))
    payout_count: Mapped[int] = mapped_column(Integer)
    total_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    provider_id: Mapped[str | None] = mapped_column(Code(100), index=True)
    code: Mapped[str | None] = mapped_column(String(300))
    created_by: Mapped[UUID | None] = mapped_column(Uuid)
    polls: Mapped[int] = mapped_column(Integer)
    poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("channel <> 'MANUAL'", name="channel"),
        CheckConstraint("payout_count > 0 AND total_minor > 0", name="total"),
        Index("ix_payout_batches_state", "state", "id"),
    )


class PayoutRow(Base):
    """Money on its way to a vendor. It is in one batch at most: the row has one place for it."""

    __tablename__ = "payouts"

    number: Mapped[int] = mapped_column(BigPk, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"))
    amount_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[PayoutState] = mapped_column(enum_column(PayoutState))
    channel: Mapped[Channel | None] = mapped_column(enum_column(Channel))
    account: Mapped[dict[str, Any]] = mapped_column(Json)
    contact_email: Mapped[str | None] = mapped_column(String(254))
    reference: Mapped[str] = mapped_column(Code(64), unique=True)
    batch_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("payout_batches.id"))
    approvals: Mapped[int] = mapped_column(Integer)
    requested_by: Mapped[UUID | None] = mapped_column(Uuid)
    reason: Mapped[str | None] = mapped_column(String(300))
    code: Mapped[str | None] = mapped_column(String(100))
    bank_reference: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("approvals >= 0", name="approvals"),
        CheckConstraint("state <> 'PAID' OR paid_at IS NOT NULL", name="paid"),
        CheckConstraint("paid_at IS NULL OR channel IS NOT NULL", name="channel"),
        CheckConstraint("state <> 'REQUESTED' OR batch_id IS NULL", name="batch"),
        CheckConstraint(
            "ended_at IS NULL OR state IN ('PAID', 'FAILED', 'REJECTED', 'CANCELLED')", name="ended"
        ),
        Index("ix_payouts_vendor", "vendor_id", "number"),
        Index("ix_payouts_state", "state", "number"),
        Index("ix_payouts_batch", "batch_id", "number"),
    )


class PayoutApproval(Base):
    """One person's word that a payout may leave."""

    __tablename__ = "payout_approvals"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    payout_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("payouts.id"))
    user_id: Mapped[UUID] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("payout_id", "user_id"),)


class PayoutEvent(Base):
    """A raw signal of a channel as it arrived, stored before anything believes it."""

    __tablename__ = "payout_events"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    event_key: Mapped[str] = mapped_column(Code(200), unique=True)
    provider_id: Mapped[str | None] = mapped_column(Code(100))
    reference: Mapped[str | None] = mapped_column(Code(100))
    body: Mapped[bytes] = mapped_column(LargeBinary(2**18))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
