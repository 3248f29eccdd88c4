"""Tables of payments: the payment, its attempts, the inbox of signals, the queues of exceptions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime, enum_column
from mestore.payments.fraud import TraceKind
from mestore.payments.types import (
    AttemptStatus,
    ExceptionEnd,
    ExceptionKind,
    ExceptionState,
    NoticeKind,
    PaymentMethod,
    PaymentStatus,
)


class Payment(Base):
    """What we want for one order. Its id is the `intent_id` of the API."""

    __tablename__ = "payments"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    amount_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[PaymentStatus] = mapped_column(enum_column(PaymentStatus))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Attempt(Base):
    """One try at one gateway. `open_key` is the payment's id while no other try may begin."""

    __tablename__ = "payment_attempts"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("payments.id"))
    number: Mapped[int] = mapped_column(Integer)
    open_key: Mapped[UUID | None] = mapped_column(Uuid, unique=True)
    gateway: Mapped[str] = mapped_column(String(20))
    method: Mapped[PaymentMethod] = mapped_column(enum_column(PaymentMethod))
    reference: Mapped[str] = mapped_column(Code(100), unique=True)
    transaction_id: Mapped[str | None] = mapped_column(Code(100), index=True)
    status: Mapped[AttemptStatus] = mapped_column(enum_column(AttemptStatus))
    amount_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    installments: Mapped[int] = mapped_column(Integer)
    payment_url: Mapped[str | None] = mapped_column(Text)
    decline_code: Mapped[str | None] = mapped_column(String(100))
    voucher: Mapped[dict[str, Any] | None] = mapped_column(Json)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fraud_score: Mapped[int | None] = mapped_column(Integer)
    fraud_reasons: Mapped[list[str] | None] = mapped_column(Json)
    polls: Mapped[int] = mapped_column(Integer)
    poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("payment_id", "number"),
        Index("ix_payment_attempts_status", "status", "created_at"),
    )


class Trace(Base):
    """What an attempt has in common with others, as digests: fraud rules count by them."""

    __tablename__ = "payment_traces"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    attempt_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("payment_attempts.id"), index=True
    )
    kind: Mapped[TraceKind] = mapped_column(enum_column(TraceKind))
    digest: Mapped[str] = mapped_column(Code(64))
    linked: Mapped[str | None] = mapped_column(Code(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_payment_traces_digest", "digest", "created_at"),)


class GatewayEvent(Base):
    """A raw signal as it arrived, stored before anything believes it."""

    __tablename__ = "gateway_events"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    event_key: Mapped[str] = mapped_column(Code(200))
    transaction_id: Mapped[str] = mapped_column(Code(100), index=True)
    kind: Mapped[NoticeKind] = mapped_column(
        enum_column(NoticeKind), server_default=NoticeKind.TRANSACTION.value
    )
    object_id: Mapped[str | None] = mapped_column(Code(100))
    body: Mapped[bytes] = mapped_column(LargeBinary(2**18))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[str | None] = mapped_column(String(100))

    __table_args__ = (UniqueConstraint("gateway", "event_key"),)


class PaymentException(Base):
    """Money that did not arrive as it should, waiting for exactly one end."""

    __tablename__ = "payment_exceptions"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    kind: Mapped[ExceptionKind] = mapped_column(enum_column(ExceptionKind))
    state: Mapped[ExceptionState] = mapped_column(enum_column(ExceptionState))
    gateway: Mapped[str] = mapped_column(String(20))
    transaction_id: Mapped[str] = mapped_column(Code(100))
    reference: Mapped[str] = mapped_column(Code(100))
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(Minor)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolution: Mapped[ExceptionEnd | None] = mapped_column(enum_column(ExceptionEnd))
    reason: Mapped[str | None] = mapped_column(String(500))
    resolved_by: Mapped[UUID | None] = mapped_column(Uuid)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("gateway", "transaction_id", "kind"),
        Index("ix_payment_exceptions_state", "state", "id"),
    )
