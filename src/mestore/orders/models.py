"""Tables of orders: the order, its lines, one part per vendor, and its history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Json, Minor, UtcDateTime, enum_column
from mestore.orders.types import (
    CancelReason,
    FinancialStatus,
    FulfillmentStatus,
    OrderStatus,
    StatusKind,
)


class Order(Base):
    """What was ordered and is paid once."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_number: Mapped[str] = mapped_column(Code(32), unique=True)
    buyer_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.id"))
    guest_session: Mapped[str | None] = mapped_column(Code(100))
    status: Mapped[OrderStatus] = mapped_column(enum_column(OrderStatus))
    financial_status: Mapped[FinancialStatus] = mapped_column(enum_column(FinancialStatus))
    fulfillment_status: Mapped[FulfillmentStatus] = mapped_column(enum_column(FulfillmentStatus))
    customer_email: Mapped[str] = mapped_column(String(254))
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    shipping_minor: Mapped[int] = mapped_column(Minor)
    discount_minor: Mapped[int] = mapped_column(Minor)
    total_minor: Mapped[int] = mapped_column(Minor)
    refunded_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    refunded_shipping_minor: Mapped[int] = mapped_column(Minor, server_default="0")
    shipping_name: Mapped[str] = mapped_column(String(200))
    shipping_phone: Mapped[str] = mapped_column(String(20))
    shipping_address: Mapped[str] = mapped_column(String(300))
    shipping_city: Mapped[str] = mapped_column(String(100))
    shipping_state: Mapped[str] = mapped_column(String(100))
    shipping_method: Mapped[str | None] = mapped_column(String(50))
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    tracking_number: Mapped[str | None] = mapped_column(String(100))
    tracking_url: Mapped[str | None] = mapped_column(String(500))
    notes: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(Json)
    source: Mapped[str] = mapped_column(String(30))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shipped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_for: Mapped[CancelReason | None] = mapped_column(enum_column(CancelReason))

    __table_args__ = (
        CheckConstraint("total_minor >= 0", name="total"),
        # What was given back or is on its way back: never more than was paid.
        CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refunded"),
        CheckConstraint(
            "refunded_shipping_minor BETWEEN 0 AND shipping_minor", name="refunded_shipping"
        ),
        Index("ix_orders_buyer", "buyer_id", "id"),
        Index("ix_orders_guest", "guest_session", "id"),
        Index("ix_orders_status", "status", "id"),
        Index("ix_orders_expiry", "status", "expires_at"),
    )


class OrderItem(Base):
    """A line as it was sold: a snapshot, never changed by the catalogue."""

    __tablename__ = "order_items"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), index=True)
    vendor_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    product_id: Mapped[UUID] = mapped_column(Uuid)
    variant_id: Mapped[UUID] = mapped_column(Uuid)
    product_name: Mapped[str] = mapped_column(String(500))
    variant_title: Mapped[str | None] = mapped_column(String(200))
    sku: Mapped[str] = mapped_column(Code(100))
    quantity: Mapped[int] = mapped_column(Integer)
    fulfilled_quantity: Mapped[int] = mapped_column(Integer)
    unit_price_minor: Mapped[int] = mapped_column(Minor)
    tax_rate: Mapped[int] = mapped_column(SmallInteger)
    tax_minor: Mapped[int] = mapped_column(Minor)
    total_minor: Mapped[int] = mapped_column(Minor)
    refunded_quantity: Mapped[int] = mapped_column(Integer, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(Minor, server_default="0")

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="refunded_units"),
        CheckConstraint("refunded_minor >= 0", name="refunded"),
        CheckConstraint("fulfilled_quantity BETWEEN 0 AND quantity", name="fulfilled"),
    )


class VendorOrder(Base):
    """One vendor's part of an order."""

    __tablename__ = "vendor_orders"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"))
    status: Mapped[OrderStatus] = mapped_column(enum_column(OrderStatus))
    subtotal_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    total_minor: Mapped[int] = mapped_column(Minor)
    tracking_number: Mapped[str | None] = mapped_column(String(100))
    shipped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("order_id", "vendor_id"),
        Index("ix_vendor_orders_vendor", "vendor_id", "order_id"),
    )


class OrderChange(Base):
    """One step in the history of an order: from what to what, by whom, why."""

    __tablename__ = "order_changes"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), index=True)
    kind: Mapped[StatusKind] = mapped_column(enum_column(StatusKind))
    vendor_id: Mapped[UUID | None] = mapped_column(Uuid)
    from_status: Mapped[str | None] = mapped_column(String(32))
    to_status: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    reason: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
