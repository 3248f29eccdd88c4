"""The words of orders: their three statuses, and what a placed order is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from mestore.kernel.money import divide_half_up, spread


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
    PART = "PART"
    """One vendor's part."""


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

PROGRESS: dict[OrderStatus, int] = {
    OrderStatus.CONFIRMED: 1,
    OrderStatus.PROCESSING: 2,
    OrderStatus.SHIPPED: 3,
    OrderStatus.DELIVERED: 4,
}
"""The way of a paid order to its buyer, step by step."""


def next_of(status: OrderStatus) -> list[str]:
    """Return the steps of the way that may follow; none is skipped."""
    place = PROGRESS.get(status)
    return [] if place is None else [one for one, at in PROGRESS.items() if at == place + 1]


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """Where an order stands, apart from its money."""

    status: OrderStatus
    fulfillment_status: FulfillmentStatus
    held_at: datetime | None = None
    """Since when it waits for staff, who look at its payment."""


@dataclass(frozen=True, slots=True)
class PaidHistory:
    """What the last paid orders of a buyer, and sales of a shop, came to, in minor units.

    The shop is the one with the largest part of the order that is asked about.
    """

    paid_orders: int
    average_minor: int
    part_minor: int
    shop_sales: int
    shop_average_minor: int


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
    waiting: Mapping[UUID, int] = field(default_factory=dict)
    """Units of each variant that are still to arrive."""


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
    billing_address: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RefundableLine:
    """An order line as refunds see it, in minor units.

    `paid_minor` is what the buyer paid for it, IVA included; `refunded_minor` of it was given
    back, is on its way back, or was taken by a bank in a dispute.
    """

    id: int
    vendor_id: UUID
    product_id: UUID
    variant_id: UUID
    product_name: str
    quantity: int
    paid_minor: int
    tax_minor: int
    refunded_quantity: int
    refunded_minor: int
    fulfilled_quantity: int

    @property
    def left_minor(self) -> int:
        """Return what can still be given back."""
        return self.paid_minor - self.refunded_minor

    @property
    def left_quantity(self) -> int:
        """Return how many units can still be given back."""
        return self.quantity - self.refunded_quantity

    def tax_of(self, amount_minor: int) -> int:
        """Return the IVA in the next `amount_minor`; the parts of a line add up to its IVA."""
        if self.paid_minor == 0:
            return 0
        before = divide_half_up(self.tax_minor * self.refunded_minor, self.paid_minor)
        after = self.refunded_minor + amount_minor
        return divide_half_up(self.tax_minor * after, self.paid_minor) - before


@dataclass(frozen=True, slots=True)
class RefundableOrder:
    """An order with what of its money can still be given back, in minor units."""

    money: OrderMoney
    lines: tuple[RefundableLine, ...]
    refunded_minor: int
    refunded_shipping_minor: int

    @property
    def left_shipping_minor(self) -> int:
        """Return what of the shipping fee can still be given back."""
        return self.money.shipping_minor - self.refunded_shipping_minor


def refundable_lines(
    money: OrderMoney, parts: Mapping[UUID, int], rows: Sequence[Any]
) -> tuple[RefundableLine, ...]:
    """Return the lines with what was paid for each: those of a vendor add up to its part."""
    on_top = money.total_minor - money.shipping_minor > sum(row.total_minor for row in rows)
    shown = {row.id: row.total_minor + (row.tax_minor if on_top else 0) for row in rows}
    paid: dict[int, int] = {}
    for vendor_id, total in parts.items():
        own = [row.id for row in rows if row.vendor_id == vendor_id]
        paid.update(zip(own, spread(total, [shown[item] for item in own]), strict=True))
    return tuple(
        RefundableLine(
            row.id,
            row.vendor_id,
            row.product_id,
            row.variant_id,
            row.product_name,
            row.quantity,
            paid[row.id],
            row.tax_minor,
            row.refunded_quantity,
            row.refunded_minor,
            row.fulfilled_quantity,
        )
        for row in rows
    )


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
    backordered_quantity: int


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
    is_held: bool
    """Whether it is paid and waits until its payment was looked at."""
    version: int
