"""Tables of commissions: the fees of order lines, the rules that make them, plans of vendors."""

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
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.commissions.types import CommissionStatus, FeeBase, FeeKind
from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime, enum_column


class Commission(Base):
    """One fee on one order line, frozen with the rule that made it; the default has no rule.

    `rate_basis_points` is hundredths of a per cent: 500 is 5 %. `base_minor` is the line's price
    without IVA; `gross_minor`, with IVA, is set where the percentage was taken of that. `inputs`
    are what else the rule looked at.
    """

    __tablename__ = "commissions"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, index=True)
    order_item_id: Mapped[int] = mapped_column(BigInteger)
    vendor_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[FeeKind] = mapped_column(enum_column(FeeKind), server_default=FeeKind.SALE.value)
    rule: Mapped[str] = mapped_column(String(100))
    rule_id: Mapped[int | None] = mapped_column(BigInteger)
    rule_version: Mapped[int | None] = mapped_column(Integer)
    formula: Mapped[str] = mapped_column(String(200), server_default="")
    inputs: Mapped[dict[str, Any] | None] = mapped_column(Json)
    rate_basis_points: Mapped[int] = mapped_column(Integer)
    base_minor: Mapped[int] = mapped_column(Minor)
    gross_minor: Mapped[int | None] = mapped_column(Minor)
    amount_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    is_kept_on_refund: Mapped[bool] = mapped_column(Boolean, server_default=false())
    refunded_base_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    refunded_amount_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    refunded_tax_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    status: Mapped[CommissionStatus] = mapped_column(enum_column(CommissionStatus))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("order_item_id", "kind"),
        Index("ix_commissions_created", "created_at", "id"),
        Index("ix_commissions_status", "status", "created_at", "id"),
        Index("ix_commissions_vendor_created", "vendor_id", "created_at", "id"),
        Index("ix_commissions_vendor_status", "vendor_id", "status", "created_at", "id"),
        CheckConstraint("refunded_base_minor BETWEEN 0 AND base_minor", name="refunded_base"),
        CheckConstraint("refunded_amount_minor BETWEEN 0 AND amount_minor", name="refunded"),
        CheckConstraint("refunded_tax_minor BETWEEN 0 AND tax_minor", name="refunded_tax"),
    )


class CommissionRulebook(Base):
    """One row: the version of the list of rules. Whoever changes rules or plans holds it."""

    __tablename__ = "commission_rulebook"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)


class CommissionRule(Base):
    """A rule of the list, in the order of `position`. A deleted one has none, and is kept: its id
    stands in old commissions.

    `conditions` is `Conditions`, `tiers` a list of `Tier`, both as JSON.
    """

    __tablename__ = "commission_rules"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    position: Mapped[int | None] = mapped_column(Integer, unique=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[FeeKind] = mapped_column(enum_column(FeeKind))
    conditions: Mapped[dict[str, Any]] = mapped_column(Json)
    base: Mapped[FeeBase] = mapped_column(enum_column(FeeBase))
    rate_basis_points: Mapped[int] = mapped_column(Integer)
    fixed_minor: Mapped[int] = mapped_column(Minor)
    floor_minor: Mapped[int | None] = mapped_column(Minor)
    cap_minor: Mapped[int | None] = mapped_column(Minor)
    tiers: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    is_kept_on_refund: Mapped[bool] = mapped_column(Boolean)
    is_active: Mapped[bool] = mapped_column(Boolean)
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("rate_basis_points BETWEEN 0 AND 10000", name="rate"),
        CheckConstraint("fixed_minor >= 0", name="fixed"),
        CheckConstraint("floor_minor >= 0", name="floor"),
        CheckConstraint("cap_minor >= 0", name="cap"),
        CheckConstraint("floor_minor <= cap_minor", name="floor_cap"),
        CheckConstraint("valid_from < valid_until", name="period"),
    )


class CommissionPlan(Base):
    """A group of vendors that rules can name."""

    __tablename__ = "commission_plans"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    name: Mapped[str] = mapped_column(Code(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CommissionPlanVendor(Base):
    """Which plan a vendor has; no row is no plan."""

    __tablename__ = "commission_plan_vendors"

    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"), primary_key=True)
    plan_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("commission_plans.id"), index=True)
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime)
