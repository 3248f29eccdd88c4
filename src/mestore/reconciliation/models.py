"""Tables of reconciliation: one run a gateway and day, what disagreed, and what was settled."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Minor, UtcDateTime, enum_column
from mestore.reconciliation.types import DifferenceKind, DifferenceState, RunState


class ReconciliationRun(Base):
    """The comparison of one gateway's day; a repeated one takes the place of the first."""

    __tablename__ = "reconciliation_runs"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    day: Mapped[date] = mapped_column(Date)
    state: Mapped[RunState] = mapped_column(enum_column(RunState))
    matched: Mapped[int] = mapped_column(Integer)
    ran_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("gateway", "day"),)


class ReconciliationDifference(Base):
    """One transaction that disagrees. A closed one stays closed when the day is compared again."""

    __tablename__ = "reconciliation_differences"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reconciliation_runs.id"))
    kind: Mapped[DifferenceKind] = mapped_column(enum_column(DifferenceKind))
    state: Mapped[DifferenceState] = mapped_column(enum_column(DifferenceState))
    reference: Mapped[str] = mapped_column(Code(100))
    transaction_id: Mapped[str] = mapped_column(Code(100))
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    gateway_minor: Mapped[int | None] = mapped_column(Minor)
    payment_minor: Mapped[int | None] = mapped_column(Minor)
    ledger_minor: Mapped[int | None] = mapped_column(Minor)
    reason: Mapped[str | None] = mapped_column(String(500))
    closed_by: Mapped[UUID | None] = mapped_column(Uuid)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("run_id", "reference", "transaction_id"),
        Index("ix_reconciliation_differences_state", "state", "id"),
    )


class GatewaySettlement(Base):
    """What a gateway paid into the bank, once a bank reference, and what it kept."""

    __tablename__ = "gateway_settlements"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    bank_reference: Mapped[str] = mapped_column(Code(60))
    settled_on: Mapped[date] = mapped_column(Date)
    net_minor: Mapped[int] = mapped_column(Minor)
    fee_minor: Mapped[int] = mapped_column(Minor)
    withheld_minor: Mapped[int] = mapped_column(Minor)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("gateway", "bank_reference"),
        CheckConstraint("net_minor > 0", name="net"),
        CheckConstraint("fee_minor >= 0", name="fee"),
        CheckConstraint("withheld_minor >= 0", name="withheld"),
    )
