"""Tables of earnings: what is released when, kept back from whom, and adjusted by hand."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Minor, UtcDateTime


class Release(Base):
    """A delivered part on its way to what its vendor may draw: an index for the job.

    The ledger is the truth: a part is released when the entry `release:{order}:{vendor}` is there.
    `check_at` is when the job looks at the row next; none once all of it is done.
    """

    __tablename__ = "releases"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    # No foreign key: it would ask for the order's row, which a refund holds that waits for us.
    order_id: Mapped[int] = mapped_column(BigInteger)
    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    check_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    amount_minor: Mapped[int] = mapped_column(Minor)
    reserve_minor: Mapped[int] = mapped_column(Minor)
    reserve_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reserve_released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("order_id", "vendor_id"),
        CheckConstraint("reserve_minor >= 0", name="reserve"),
        Index("ix_releases_vendor", "vendor_id", "due_at"),
    )


class VendorTerms(Base):
    """What the operator keeps back from one vendor; others follow the settings."""

    __tablename__ = "vendor_terms"

    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"), primary_key=True)
    reserve_basis_points: Mapped[int] = mapped_column(Integer)
    reserve_days: Mapped[int] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("reserve_basis_points BETWEEN 0 AND 10000", name="reserve"),
        CheckConstraint("reserve_days BETWEEN 0 AND 365", name="days"),
    )


class VendorAdjustment(Base):
    """What the operator gave a vendor, or charged it where negative, by its own decision."""

    __tablename__ = "vendor_adjustments"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"))
    reference: Mapped[str] = mapped_column(Code(60))
    amount_minor: Mapped[int] = mapped_column(Minor)
    reason: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("vendor_id", "reference"),
        CheckConstraint("amount_minor <> 0", name="amount"),
    )
