"""What the JSON API says of orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from mestore.orders.types import FinancialStatus, FulfillmentStatus, OrderStatus


class OrderItemOut(BaseModel):
    """An order line."""

    id: int
    product_id: UUID
    variant_id: UUID
    vendor_id: UUID
    product_name: str
    variant_title: str | None
    sku: str
    quantity: int
    unit_price: float
    total_price: float
    fulfilled_quantity: int


class OrderOut(BaseModel):
    """An order. To a vendor, amounts and items are those of its own part."""

    id: int
    order_number: str
    status: OrderStatus
    financial_status: FinancialStatus
    fulfillment_status: FulfillmentStatus
    buyer_id: UUID | None
    customer_email: str | None
    customer_phone: str
    items: list[OrderItemOut]
    subtotal: float
    tax_amount: float
    shipping_amount: float
    discount_amount: float
    total_amount: float
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


class PaginationOut(BaseModel):
    """Where a page stands in its list; `next` and `previous` are values for `cursor=`."""

    page: int
    per_page: int
    total: int
    pages: int
    next: str | None
    previous: str | None


class OrderListOut(BaseModel):
    """A page of orders, the newest first unless asked otherwise."""

    orders: list[OrderOut]
    pagination: PaginationOut
