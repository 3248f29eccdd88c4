"""Placing an order: one transaction prices it, reserves its stock and freezes its commissions."""

from collections.abc import Sequence
from dataclasses import replace

from mestore.carts.service import CartService
from mestore.carts.types import CartOwner
from mestore.checkout.errors import (
    CartChanged,
    EmptyCart,
    OrderTooLarge,
    TotalChanged,
)
from mestore.checkout.service.price import price
from mestore.checkout.types import OrderRequest, Owner, PaymentWindows, WantedLine
from mestore.commissions.service import CommissionBase, CommissionService
from mestore.inventory.service import InventoryService
from mestore.inventory.types import Demand
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.money import CURRENCY, MAXIMUM_MINOR, to_number
from mestore.orders.service import OrderService
from mestore.orders.types import DraftLine, OrderDraft, PlacedLine, PlacedOrder
from mestore.shipping.service import shipping_fee
from mestore.shipping.types import ShippingPolicy


async def place(tx: Tx, owner: Owner, request: OrderRequest) -> PlacedOrder:
    """Place an order from `items` or the cart; any refusal leaves nothing behind."""
    wanted = request.items
    if wanted is None:
        wanted = await _empty_cart(tx, owner)
    lines, tracked = await price(tx, wanted)
    draft = _draft(tx, owner, request, lines)
    placed = await OrderService(tx).place(draft)
    demands = [
        Demand(line.variant_id, line.product_id, line.quantity, tracked[line.variant_id])
        for line in lines
        if line.variant_id in tracked
    ]
    if demands:
        waiting = await InventoryService(tx).reserve(placed.id, demands)
        placed = replace(placed, waiting=waiting)
    await CommissionService(tx).quote(placed.id, [_commission_base(item) for item in placed.lines])
    return placed


def _commission_base(item: PlacedLine) -> CommissionBase:
    line = item.line
    return CommissionBase(
        item.id,
        line.vendor_id,
        line.net_minor,
        gross_minor=line.net_minor + line.tax_minor,
        unit_price_minor=line.unit_price_minor,
        quantity=line.quantity,
        product_id=line.product_id,
    )


async def _empty_cart(tx: Tx, owner: Owner) -> tuple[WantedLine, ...]:
    """Take the lines out of the cart; what another request changes meanwhile is not ordered."""
    carts = CartService(tx)
    snapshot = await carts.lines(CartOwner(owner.buyer_id, owner.guest_session))
    if snapshot is None or not snapshot.lines:
        raise EmptyCart
    if not await carts.close(snapshot.cart_id, snapshot.version):
        raise CartChanged
    return tuple(WantedLine(*line) for line in snapshot.lines)


def _draft(tx: Tx, owner: Owner, request: OrderRequest, lines: Sequence[DraftLine]) -> OrderDraft:
    subtotal = sum(line.total_minor for line in lines)
    shipping = shipping_fee(subtotal, tx.policy(ShippingPolicy))
    total = sum(line.net_minor + line.tax_minor for line in lines) + shipping
    if total > MAXIMUM_MINOR:
        raise OrderTooLarge
    if request.expected_total_minor not in {None, total}:
        expected = to_number(request.expected_total_minor or 0)
        raise TotalChanged(total=to_number(total), expected_total=expected)
    return OrderDraft(
        buyer_id=owner.buyer_id,
        guest_session=None if owner.buyer_id else owner.guest_session,
        customer_email=request.email,
        lines=tuple(lines),
        subtotal_minor=subtotal,
        tax_minor=sum(line.tax_minor for line in lines),
        shipping_minor=shipping,
        total_minor=total,
        currency=CURRENCY,
        ship_to=request.ship_to,
        expires_at=now() + tx.policy(PaymentWindows).unpaid,
        shipping_method=request.shipping_method,
        billing_address=request.billing_address,
        notes=request.notes,
    )
