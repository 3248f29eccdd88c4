"""Tables of payments: the payment, its attempts, the inbox of signals, the queues of exceptions.

And of fraud screening: traces, rules, reviews; of cash at counters of Efecty: vouchers, what
counters told, files, lookups.
"""

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
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime, enum_column
from mestore.payments.types import AttemptStatus, NoticeKind, PaymentMethod, PaymentStatus
from mestore.payments.types.screening import ReviewState, TraceKind
from mestore.payments.types.stranded import ExceptionEnd, ExceptionKind, ExceptionState
from mestore.payments.vouchers import CashKind, CashSource


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
    fraud_reasons: Mapped[list[Any] | None] = mapped_column(Json)
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
    user_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    kind: Mapped[TraceKind] = mapped_column(enum_column(TraceKind))
    digest: Mapped[str] = mapped_column(Code(64))
    linked: Mapped[str | None] = mapped_column(Code(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    __table_args__ = (Index("ix_payment_traces_digest", "digest", "created_at"),)


class FraudRules(Base):
    """A version of the fraud rules, written once; the one with the highest number is in force."""

    __tablename__ = "fraud_rules"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    review_from: Mapped[int] = mapped_column(Integer)
    refuse_from: Mapped[int] = mapped_column(Integer)
    rules: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(String(300))
    changed_by: Mapped[UUID | None] = mapped_column(Uuid)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PaymentReview(Base):
    """What staff decides about an order whose payment looked like a fraud, at most one an order."""

    __tablename__ = "payment_reviews"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    attempt_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("payment_attempts.id"), index=True
    )
    state: Mapped[ReviewState] = mapped_column(enum_column(ReviewState))
    score: Mapped[int] = mapped_column(Integer)
    evidence: Mapped[list[Any]] = mapped_column(Json)
    rules_version: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None] = mapped_column(Uuid)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(300))

    __table_args__ = (Index("ix_payment_reviews_state", "state", "id"),)


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


class EfectyVoucher(Base):
    """A voucher of our own agreement. Its id is the sequence in its reference.

    `reference` is as printed, `bare_reference` without leading zeros; both follow in the
    transaction that gave the id.
    """

    __tablename__ = "efecty_vouchers"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    charge_reference: Mapped[str] = mapped_column(Code(100), unique=True)
    reference: Mapped[str | None] = mapped_column(Code(25))
    bare_reference: Mapped[str | None] = mapped_column(Code(25), unique=True)
    amount_minor: Mapped[int] = mapped_column(Minor)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    __table_args__ = (CheckConstraint("amount_minor > 0", "amount_positive"),)


class EfectyPayment(Base):
    """What a counter told, once per authorization; an annulment is a row of its own."""

    __tablename__ = "efecty_payments"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    voucher_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("efecty_vouchers.id"), index=True
    )
    convenio: Mapped[str] = mapped_column(Code(10))
    bare_reference: Mapped[str] = mapped_column(Code(25))
    authorization: Mapped[str] = mapped_column(Code(40))
    kind: Mapped[CashKind] = mapped_column(enum_column(CashKind))
    amount_minor: Mapped[int] = mapped_column(Minor)
    paid_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    point: Mapped[str | None] = mapped_column(String(100))
    source: Mapped[CashSource] = mapped_column(enum_column(CashSource))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("convenio", "bare_reference", "authorization", "kind"),
        Index("ix_efecty_payments_reference", "bare_reference", "id"),
        CheckConstraint("amount_minor > 0", "amount_positive"),
    )


class EfectyCollection(Base):
    """A collection file that was posted to its end; its digest keeps it from being posted again."""

    __tablename__ = "efecty_collections"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    digest: Mapped[str] = mapped_column(Code(64), unique=True)
    line_count: Mapped[int] = mapped_column(Integer)
    total_minor: Mapped[int] = mapped_column(Minor)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VoucherLookup(Base):
    """Somebody asked in public whether a code can be paid; kept while it counts."""

    __tablename__ = "voucher_lookups"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    address: Mapped[str] = mapped_column(Code(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_voucher_lookups_address", "address", "created_at"),)
