"""Carts as their owners see them: stored lines at live prices, in a constant number of statements.

There is no row for a cart that nothing was ever put into: it is shown empty, under the id that it
will have. So reading never writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.carts.models import Cart, CartItem
from mestore.carts.types import CartOwner, CartPolicies, StoredCart, StoredLine
from mestore.catalog.service.sale import SaleItems
from mestore.catalog.types import SaleItem
from mestore.inventory.service import Availability
from mestore.kernel.clock import now
from mestore.kernel.money import CURRENCY, to_number
from mestore.pricing.service import line_tax
from mestore.shipping.service import shipping_fee

PRICE_CHANGED = "PRICE_CHANGED"
INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
BACKORDER = "BACKORDER"
NOT_AVAILABLE = "NOT_AVAILABLE"


_ROWS = (
    select(
        Cart.id,
        Cart.buyer_id,
        Cart.version,
        Cart.expires_at,
        CartItem.id.label("line_id"),
        CartItem.product_id,
        CartItem.variant_id,
        CartItem.quantity,
        CartItem.unit_price_minor,
        CartItem.created_at,
    )
    .outerjoin(CartItem, CartItem.cart_id == Cart.id)
    .order_by(CartItem.id)
)
_OF_BUYER = Cart.buyer_id == bindparam("buyer")
_OF_SESSION = Cart.session_id == bindparam("session")
_BUYERS = _ROWS.where(_OF_BUYER)
_GUESTS = _ROWS.where(_OF_SESSION)
_BOTH = _ROWS.where(or_(_OF_BUYER, _OF_SESSION))


class CartItemView(msgspec.Struct, frozen=True):
    """A line: what it cost when it was added, what it costs now, and what has become of it.

    `warnings` are PRICE_CHANGED, INSUFFICIENT_STOCK, BACKORDER (some units are still to
    arrive) and NOT_AVAILABLE; `available` says that the
    line can be ordered as it is. A line that is not sold any more counts nothing.
    """

    id: int
    product_id: UUID
    variant_id: UUID
    name: str
    sku: str
    image_url: str | None
    quantity: int
    unit_price: int | float
    current_price: int | float
    line_total: int | float
    available: bool
    warnings: list[str]


class CartView(msgspec.Struct, frozen=True):
    """A cart with its totals in pesos; `item_count` counts units."""

    id: UUID
    items: list[CartItemView]
    item_count: int
    subtotal: int | float
    tax_amount: int | float
    shipping_amount: int | float
    total_amount: int | float
    currency: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogue and the inventory say now, by variant."""

    items: dict[UUID, SaleItem]
    free: dict[UUID, int]

    def item_on_sale(self, variant_id: UUID) -> SaleItem | None:
        """Return what anybody may buy now."""
        item = self.items.get(variant_id)
        return item if item and item.is_on_sale else None

    def covers(self, item: SaleItem, quantity: int) -> bool:
        """Say whether that many units can be had now."""
        return item.takes_backorders or not self.lacks(item, quantity)

    def lacks(self, item: SaleItem, quantity: int) -> bool:
        """Say whether some of that many units are not there."""
        return item.track_inventory and quantity > self.free.get(item.variant_id, 0)


@dataclass(frozen=True, slots=True)
class CartViews:
    """Reads of carts."""

    connection: AsyncConnection
    policies: CartPolicies

    async def find(self, owner: CartOwner) -> tuple[StoredCart | None, StoredCart | None]:
        """Return the owner's cart, and the one that a buyer's guest session still has beside it."""
        query = _GUESTS
        if owner.buyer_id:
            query = _BOTH if owner.session_id else _BUYERS
        values = {"buyer": owner.buyer_id, "session": owner.session_id}
        rows = (await self.connection.execute(query, values)).all()
        of_buyer = _stored([row for row in rows if row.buyer_id is not None])
        of_guest = _stored([row for row in rows if row.buyer_id is None])
        return (of_buyer, of_guest) if owner.buyer_id else (of_guest, None)

    async def facts(self, items: Sequence[SaleItem]) -> Facts:
        """Return these items beside their free units, in one statement."""
        by_variant = {item.variant_id: item for item in items}
        return Facts(by_variant, await Availability(self.connection).of(by_variant))

    async def show(self, owner: CartOwner, cart: StoredCart | None) -> CartView:
        """Return a cart at live prices; one that has no row yet is empty."""
        if cart is None:
            return self.price(owner.cart_id, now() + owner.keeps, (), Facts({}, {}))
        keys = [(line.product_id, line.variant_id) for line in cart.lines]
        sold = await SaleItems(self.connection).of(keys) if keys else {}
        facts = await self.facts(list(sold.values()))
        return self.price(cart.id, cart.expires_at, cart.lines, facts)

    def price(
        self, cart_id: UUID, expires_at: datetime, lines: Sequence[StoredLine], facts: Facts
    ) -> CartView:
        """Add the lines up: tax line by line, shipping from the subtotal."""
        subtotal = tax = gross = 0
        for line in lines:
            if item := facts.item_on_sale(line.variant_id):
                total = item.price_minor * line.quantity
                taxed = line_tax(total, item.tax_rate, self.policies.tax)
                subtotal += total
                tax += taxed.tax_minor
                gross += taxed.gross_minor
        shipping = shipping_fee(subtotal, self.policies.shipping)
        return CartView(
            id=cart_id,
            items=[_item_view(line, facts) for line in lines],
            item_count=sum(line.quantity for line in lines),
            subtotal=to_number(subtotal),
            tax_amount=to_number(tax),
            shipping_amount=to_number(shipping),
            total_amount=to_number(gross + shipping),
            currency=CURRENCY,
            expires_at=expires_at,
        )


def _item_view(line: StoredLine, facts: Facts) -> CartItemView:
    known = facts.items.get(line.variant_id)
    on_sale = facts.item_on_sale(line.variant_id)
    price = known.price_minor if known else line.unit_price_minor
    warnings = []
    if price != line.unit_price_minor:
        warnings.append(PRICE_CHANGED)
    if on_sale is None:
        warnings.append(NOT_AVAILABLE)
    elif not facts.covers(on_sale, line.quantity):
        warnings.append(INSUFFICIENT_STOCK)
    elif facts.lacks(on_sale, line.quantity):
        warnings.append(BACKORDER)
    return CartItemView(
        id=line.id,
        product_id=line.product_id,
        variant_id=line.variant_id,
        name=known.product_name if known else "",
        sku=known.sku if known else "",
        image_url=known.image_url if known else None,
        quantity=line.quantity,
        unit_price=to_number(line.unit_price_minor),
        current_price=to_number(price),
        line_total=to_number(price * line.quantity) if on_sale else 0,
        available=not {NOT_AVAILABLE, INSUFFICIENT_STOCK} & set(warnings),
        warnings=warnings,
    )


def _stored(rows: Sequence[Row[*tuple[Any, ...]]]) -> StoredCart | None:
    if not rows:
        return None
    cart_id, buyer_id, version, expires_at = rows[0][:4]
    lines = tuple(StoredLine(*row[4:]) for row in rows if row.line_id is not None)
    return StoredCart(cart_id, version, expires_at, lines)
