"""The table of commissions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.commissions.types import CommissionStatus
from mestore.kernel.columns import Base, BigPk, Minor, UtcDateTime, enum_column


class Commission(Base):
    """What the operator earns on one order line, frozen with the rule that made it.

    `rate_basis_points` is hundredths of a per cent: 500 is 5 %.
    """

    __tablename__ = "commissions"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, index=True)
    order_item_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    vendor_id: Mapped[UUID] = mapped_column(Uuid)
    rule: Mapped[str] = mapped_column(String(100))
    rate_basis_points: Mapped[int] = mapped_column(Integer)
    base_minor: Mapped[int] = mapped_column(Minor)
    amount_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    refunded_base_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    refunded_amount_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    refunded_tax_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    status: Mapped[CommissionStatus] = mapped_column(enum_column(CommissionStatus))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_commissions_vendor", "vendor_id", "status", "id"),
        CheckConstraint("refunded_base_minor BETWEEN 0 AND base_minor", name="refunded_base"),
        CheckConstraint("refunded_amount_minor BETWEEN 0 AND amount_minor", name="refunded"),
        CheckConstraint("refunded_tax_minor BETWEEN 0 AND tax_minor", name="refunded_tax"),
    )
