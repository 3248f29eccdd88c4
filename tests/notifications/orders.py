"""Orders for the tests of mails: views to render, and placed orders of two vendors."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mestore.accounts.types import UserType
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.orders.service import OrderService
from mestore.orders.types import (
    Address,
    DraftLine,
    FinancialStatus,
    FulfillmentStatus,
    OrderDraft,
    OrderItemView,
    OrderStatus,
    OrderView,
)
from tests.build import Build, BuiltProduct, BuiltUser, BuiltVendor

BUYER_EMAIL = "ana@example.com"
SHIP_TO = Address("Ana Peña", "+573001234567", "Calle 1 # 2-3, apto 401", "Bogotá", "Bogotá, D.C.")


def item(**changes: Any) -> OrderItemView:  # noqa: ANN401  any field of the view
    """Return a line of 27 units at 45.000,50 pesos, unless `changes` say otherwise."""
    line = OrderItemView(
        id=1,
        product_id=uuid7(),
        variant_id=uuid7(),
        vendor_id=uuid7(),
        product_name="Café de origen",
        variant_title=None,
        sku="CAF-1",
        quantity=27,
        unit_price=45000.5,
        total_price=1215013.5,
        backordered_quantity=0,
        fulfilled_quantity=0,
    )
    return replace(line, **changes)


def view(**changes: Any) -> OrderView:  # noqa: ANN401  any field of the view
    """Return a pending order of one line, unless `changes` say otherwise."""
    created = datetime(2026, 11, 20, 20, 15, 59, tzinfo=UTC)
    order = OrderView(
        id=7,
        order_number="ORD-20261120-ABCD1234",
        status=OrderStatus.PENDING,
        financial_status=FinancialStatus.PENDING,
        fulfillment_status=FulfillmentStatus.UNFULFILLED,
        buyer_id=None,
        customer_email=BUYER_EMAIL,
        customer_phone=SHIP_TO.phone,
        items=[item()],
        subtotal=1215013.5,
        tax_amount=230852.57,
        shipping_amount=0,
        discount_amount=0,
        total_amount=1445866.07,
        currency="COP",
        shipping_name=SHIP_TO.name,
        shipping_phone=SHIP_TO.phone,
        shipping_address=SHIP_TO.address,
        shipping_city=SHIP_TO.city,
        shipping_state=SHIP_TO.state,
        shipping_method=None,
        billing_address=None,
        tracking_number=None,
        tracking_url=None,
        notes=None,
        tags=[],
        source="api",
        created_at=created,
        updated_at=created,
        expires_at=created + timedelta(minutes=30),
        shipped_at=None,
        delivered_at=None,
        cancelled_at=None,
        is_held=False,
        version=1,
    )
    return replace(order, **changes)


@dataclass(frozen=True, slots=True)
class Sale:
    """A placed order of a buyer over the products of two vendors."""

    order_id: int
    buyer: BuiltUser | None
    coffee_shop: BuiltVendor
    tea_shop: BuiltVendor


async def place_sale(database: Database, build: Build, *, as_guest: bool = False) -> Sale:
    """Place an order of two coffees at $ 45.000 and three teas at $ 12.000."""
    coffee = await build.product(name="Café de origen", price="45000")
    tea = await build.product(name="Té <script>", price="12000")
    buyer = None if as_guest else await build.user(UserType.BUYER, email=BUYER_EMAIL)
    lines = (_line(coffee, "Café de origen", 2), _line(tea, "Té <script>", 3))
    draft = OrderDraft(
        buyer_id=buyer.id if buyer else None,
        guest_session="guest-session-1" if as_guest else None,
        customer_email=BUYER_EMAIL,
        lines=lines,
        subtotal_minor=sum(line.total_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        shipping_minor=1_500_000,
        total_minor=sum(line.total_minor + line.tax_minor for line in lines) + 1_500_000,
        currency="COP",
        ship_to=SHIP_TO,
        expires_at=now() + timedelta(minutes=30),
        notes="Dejar en portería",
    )
    async with database.transaction() as tx:
        placed = await OrderService(tx).place(draft)
    return Sale(placed.id, buyer, coffee.vendor, tea.vendor)


async def pay_sale(database: Database, order_id: int) -> None:
    """Mark an order as paid, as a settled payment does."""
    async with database.transaction() as tx:
        assert await OrderService(tx).confirm_paid(order_id, "sample payment")


def _line(product: BuiltProduct, name: str, quantity: int) -> DraftLine:
    total = product.price_minor * quantity
    return DraftLine(
        variant_id=product.variant_id,
        product_id=product.id,
        vendor_id=product.vendor.id,
        category_id=None,
        product_name=name,
        variant_title=None,
        sku=product.sku,
        quantity=quantity,
        unit_price_minor=product.price_minor,
        tax_rate=19,
        total_minor=total,
        tax_minor=total * 19 // 100,
        net_minor=total,
    )
