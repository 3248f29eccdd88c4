"""The words of orders: their three statuses, and what a placed order is made from."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class OrderStatus(StrEnum):
    """Where an order stands for its buyer."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class FinancialStatus(StrEnum):
    """Where the money of an order stands."""

    PENDING = "PENDING"
    PAID = "PAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


class FulfillmentStatus(StrEnum):
    """How much of an order has been sent."""

    UNFULFILLED = "UNFULFILLED"
    PARTIAL = "PARTIAL"
    FULFILLED = "FULFILLED"


class StatusKind(StrEnum):
    """Which of an order's statuses a line of its history is about."""

    ORDER = "ORDER"
    FINANCIAL = "FINANCIAL"
    FULFILLMENT = "FULFILLMENT"


class CancelReason(StrEnum):
    """Why an order was called off. Only an EXPIRED one comes back when money arrives late."""

    EXPIRED = "EXPIRED"
    BUYER = "BUYER"
    STAFF = "STAFF"


TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.PROCESSING, OrderStatus.CANCELLED}),
    OrderStatus.PROCESSING: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset({OrderStatus.REFUNDED}),
    # Money that arrives after the expiry revives the order where its stock is still there.
    OrderStatus.CANCELLED: frozenset({OrderStatus.CONFIRMED, OrderStatus.REFUNDED}),
    OrderStatus.REFUNDED: frozenset(),
}
"""Which status may follow which."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order goes."""

    name: str
    phone: str
    address: str
    city: str
    state: str


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line with the price, tax and words frozen for this order; amounts in minor units.

    `total_minor` is unit price times quantity as shown; `tax_minor` is its IVA, on top of it or,
    where prices include tax, inside it.
    """

    variant_id: UUID
    product_id: UUID
    vendor_id: UUID
    category_id: UUID | None
    product_name: str
    variant_title: str | None
    sku: str
    quantity: int
    unit_price_minor: int
    tax_rate: int
    total_minor: int
    tax_minor: int
    net_minor: int
    """What the line sells for without IVA: the base of the commission."""


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """All that is decided about an order before it is written."""

    buyer_id: UUID | None
    guest_session: str | None
    customer_email: str
    lines: tuple[DraftLine, ...]
    subtotal_minor: int
    tax_minor: int
    shipping_minor: int
    total_minor: int
    currency: str
    ship_to: Address
    expires_at: datetime
    shipping_method: str | None = None
    billing_address: dict[str, Any] | None = None
    notes: str | None = None
    source: str = "api"
    tags: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A written order line: its id beside the draft it came from."""

    id: int
    line: DraftLine


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A written order."""

    id: int
    order_number: str
    draft: OrderDraft
    lines: tuple[PlacedLine, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """What payments need to know of an order."""

    id: int
    order_number: str
    buyer_id: UUID | None
    guest_session: str | None
    customer_email: str
    status: OrderStatus
    financial_status: FinancialStatus
    subtotal_minor: int
    tax_minor: int
    shipping_minor: int
    total_minor: int
    currency: str
    expires_at: datetime | None
    ship_to: Address
    cancelled_for: CancelReason | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at orders: staff sees all, a vendor its parts, a buyer or guest their own."""

    is_staff: bool = False
    vendor_id: UUID | None = None
    buyer_id: UUID | None = None
    guest_session: str | None = None

    def scopes(self) -> tuple["Viewer", ...]:
        """Return the single views to try in turn: a vendor may also have bought something."""
        if self.vendor_id is None or self.buyer_id is None:
            return (self,)
        return (Viewer(buyer_id=self.buyer_id), Viewer(vendor_id=self.vendor_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItemView:
    """An order line as clients see it."""

    id: int
    product_id: UUID
    variant_id: UUID
    vendor_id: UUID
    product_name: str
    variant_title: str | None
    sku: str
    quantity: int
    unit_price: int | float
    total_price: int | float
    fulfilled_quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as clients see it. To a vendor, amounts and items are those of its own part."""

    id: int
    order_number: str
    status: OrderStatus
    financial_status: FinancialStatus
    fulfillment_status: FulfillmentStatus
    buyer_id: UUID | None
    customer_email: str | None
    customer_phone: str
    items: list[OrderItemView]
    subtotal: int | float
    tax_amount: int | float
    shipping_amount: int | float
    discount_amount: int | float
    total_amount: int | float
    currency: str
    shipping_name: str
    shipping_phone: str
    shipping_address: str
    shipping_city: str
    shipping_state: str
    shipping_method: str | None
    billing_address: dict[str, Any] | None
    tracking_number: str | None
    tracking_url: str | None
    notes: str | None
    tags: list[str]
    source: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    version: int
