"""Orders: writes them once, splits them by vendor, and owns every change of their statuses."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.db import Tx
from mestore.kernel.money import MAXIMUM_MINOR, to_number
from mestore.orders.events import OrderCancelled, OrderPaid, OrderPlaced
from mestore.orders.repository import HoldRepository, OrderRepository
from mestore.orders.types import (
    TRANSITIONS,
    CancelReason,
    DraftLine,
    FinancialStatus,
    FulfillmentStatus,
    OrderDraft,
    OrderItemView,
    OrderMoney,
    OrderStanding,
    OrderStatus,
    OrderView,
    PlacedLine,
    PlacedOrder,
    RefundableOrder,
    StatusKind,
    Viewer,
    refundable_lines,
)
from mestore.orders.views import OrderViews, order_view

# Crockford's base 32: no I, L, O or U to misread over the phone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_order_number(moment: datetime) -> str:
    """Return `ORD-YYYYMMDD-XXXXXXXX` with Bogotá's date; a unique key guards the 10^12 a day."""
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"ORD-{moment.astimezone(BOGOTA):%Y%m%d}-{tail}"


class OrderService:
    """The only writer of orders."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.orders = OrderRepository(tx.connection)

    async def place(self, draft: OrderDraft) -> PlacedOrder:
        """Write an order with its lines, parts and first line of history."""
        created = now()
        number = new_order_number(created)
        order_id = await self.orders.add(_order_row(draft, number, created))
        ids = await self.orders.add_items([_item_row(order_id, line) for line in draft.lines])
        await self.orders.add_parts(_part_rows(order_id, draft))
        change = change_row(
            order_id, StatusKind.ORDER, None, OrderStatus.PENDING, draft.buyer_id, "placed"
        )
        await self.orders.add_changes([change])
        self.tx.publish(OrderPlaced(order_id))
        lines = tuple(PlacedLine(ids[line.variant_id], line) for line in draft.lines)
        return PlacedOrder(order_id, number, draft, lines, created)

    async def money(self, order_id: int) -> OrderMoney:
        """Return what payments need to know of an order."""
        return await self.orders.get_money(order_id)

    async def gross_by_vendor(self, order_id: int) -> list[tuple[UUID, int]]:
        """Return what each vendor's lines came to, IVA included, in minor units."""
        return await self.orders.all_parts(order_id)

    async def confirm_paid(self, order_id: int, reason: str) -> bool:
        """Make a pending order CONFIRMED and PAID; False where it does not wait for money."""
        return await self._pay(order_id, OrderStatus.PENDING, FinancialStatus.PENDING, reason)

    async def revive_paid(self, order_id: int, reason: str) -> bool:
        """Bring a cancelled order back as CONFIRMED and PAID."""
        return await self._pay(order_id, OrderStatus.CANCELLED, FinancialStatus.VOIDED, reason)

    async def cancel(
        self, order_id: int, reason: CancelReason, *, actor_id: UUID | None = None
    ) -> bool:
        """Call an unpaid order off; False where it is not pending any more."""
        moved = await self._move(
            order_id,
            (OrderStatus.PENDING, OrderStatus.CANCELLED),
            (FinancialStatus.PENDING, FinancialStatus.VOIDED),
            actor_id,
            reason.value.lower(),
            cancelled_for=reason,
        )
        if moved:
            self.tx.publish(OrderCancelled(order_id))
        return moved

    async def cancel_paid(
        self, order_id: int, reason: CancelReason, *, actor_id: UUID | None = None
    ) -> bool:
        """Call a paid order off before anything of it was sent; its money stays PAID for now."""
        standing = await self.orders.lock_standing(order_id)
        money = await self.orders.get_money(order_id)
        if OrderStatus.CANCELLED not in TRANSITIONS[money.status]:
            return False
        # One vendor may have sent its part while the order waits for the others.
        if standing.fulfillment_status is not FulfillmentStatus.UNFULFILLED:
            return False
        if money.financial_status not in {FinancialStatus.PAID, FinancialStatus.PARTIALLY_REFUNDED}:
            return False
        moved = await self._move(
            order_id,
            (money.status, OrderStatus.CANCELLED),
            (money.financial_status, money.financial_status),
            actor_id,
            reason.value.lower(),
            cancelled_for=reason,
        )
        if moved:
            self.tx.publish(OrderCancelled(order_id))
        return moved

    async def expire(self, order_id: int) -> bool:
        """Call an unpaid order off if its time is over, also after any payment that began."""
        is_over = await self.orders.lock_expired(order_id, now())
        return is_over and await self.cancel(order_id, CancelReason.EXPIRED)

    async def keep_until(self, order_id: int, until: datetime) -> bool:
        """Give an unpaid order time until `until`, where it has less; False where it is no more."""
        return await self.orders.keep_until(order_id, until)

    async def expired(self, most: int, *, after: int = 0) -> list[int]:
        """Return ids of unpaid orders whose time is over, the first ones after id `after`."""
        return await self.orders.all_expired(now(), after, most)

    async def _pay(
        self, order_id: int, status: OrderStatus, financial: FinancialStatus, reason: str
    ) -> bool:
        moved = await self._move(
            order_id,
            (status, OrderStatus.CONFIRMED),
            (financial, FinancialStatus.PAID),
            None,
            reason,
        )
        # Nobody prepares what may be called off: that it is paid is told once it is released.
        if moved and not await HoldRepository(self.tx.connection).is_held(order_id):
            self.tx.publish(OrderPaid(order_id))
        return moved

    async def _move(
        self,
        order_id: int,
        status: tuple[OrderStatus, OrderStatus],
        financial: tuple[FinancialStatus, FinancialStatus],
        actor_id: UUID | None,
        reason: str,
        *,
        cancelled_for: CancelReason | None = None,
    ) -> bool:
        if status[1] not in TRANSITIONS[status[0]]:
            raise ValueError(f"no transition from {status[0]} to {status[1]}")
        moment = now()
        moved = await self.orders.move(
            order_id,
            from_status=status[0],
            to_status=status[1],
            from_financial=financial[0],
            to_financial=financial[1],
            new_cancelled_at=moment if cancelled_for else None,
            new_cancelled_for=cancelled_for,
            moment=moment,
        )
        if moved:
            await self.orders.move_parts(order_id, status[1])
            steps = ((StatusKind.ORDER, status), (StatusKind.FINANCIAL, financial))
            changes = [
                change_row(order_id, kind, step[0], step[1], actor_id, reason)
                for kind, step in steps
                if step[0] is not step[1]
            ]
            await self.orders.add_changes(changes)
        return moved


class RefundedOrders:
    """What refunds may do to orders: count money as given back, and say so in the statuses."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.orders = OrderRepository(tx.connection)

    async def held(self, order_id: int) -> RefundableOrder:
        """Hold an order and return what of its money can still be given back."""
        refunded, shipping = await self.orders.lock(order_id)
        money = await self.orders.get_money(order_id)
        parts = dict(await self.orders.all_parts(order_id))
        rows = await self.orders.all_lines(order_id)
        return RefundableOrder(money, refundable_lines(money, parts, rows), refunded, shipping)

    async def claim(
        self, order: RefundableOrder, lines: Mapping[int, tuple[int, int]], shipping_minor: int
    ) -> bool:
        """Count units and money of lines, by id, as given back; False where less is left."""
        total = sum(amount for _, amount in lines.values()) + shipping_minor
        paid = {line.id: line.paid_minor for line in order.lines}
        if not await self.orders.give_back(order.money.id, total, shipping_minor):
            return False
        for item_id in sorted(lines):
            if not await self.orders.give_line_back(item_id, *lines[item_id], paid[item_id]):
                return False
        return True

    async def release(
        self, order_id: int, lines: Mapping[int, tuple[int, int]], shipping_minor: int
    ) -> None:
        """Take back a claim whose money did not go."""
        total = sum(amount for _, amount in lines.values()) + shipping_minor
        await self.orders.give_back(order_id, -total, -shipping_minor)
        for item_id in sorted(lines):
            units, amount = lines[item_id]
            await self.orders.give_line_back(item_id, -units, -amount, MAXIMUM_MINOR)

    async def note_refund(self, order_id: int, reason: str, *, is_whole: bool) -> None:
        """Say in an order's statuses that its money, or some of it, went back.

        A delivered order becomes REFUNDED; one that was not sent yet is thereby called off.
        """
        standing = await self.orders.lock_standing(order_id)
        money = await self.orders.get_money(order_id)
        financial = FinancialStatus.REFUNDED if is_whole else FinancialStatus.PARTIALLY_REFUNDED
        status = _after_refund(standing) if is_whole else standing.status
        is_called_off = money.status is not status is OrderStatus.CANCELLED
        moment = now()
        cancelled_for = CancelReason.STAFF if is_called_off else money.cancelled_for
        moved = await self.orders.note_refund(
            order_id,
            to_status=status,
            to_financial=financial,
            new_cancelled_at=moment if cancelled_for else None,
            new_cancelled_for=cancelled_for,
            moment=moment,
        )
        if not moved:
            return
        steps: list[tuple[StatusKind, str, str]] = []
        if financial is not money.financial_status:
            steps.append((StatusKind.FINANCIAL, money.financial_status, financial))
        if status is not money.status:
            await self.orders.move_parts(order_id, status)
            steps.append((StatusKind.ORDER, money.status, status))
        changes = [change_row(order_id, kind, old, new, None, reason) for kind, old, new in steps]
        if changes:
            await self.orders.add_changes(changes)
        if is_called_off:
            self.tx.publish(OrderCancelled(order_id))


def _after_refund(order: OrderStanding) -> OrderStatus:
    after = _AFTER_REFUND.get(order.status, order.status)
    is_sent = order.fulfillment_status is not FulfillmentStatus.UNFULFILLED
    return order.status if is_sent and after is OrderStatus.CANCELLED else after


_AFTER_REFUND = {
    OrderStatus.CONFIRMED: OrderStatus.CANCELLED,
    OrderStatus.PROCESSING: OrderStatus.CANCELLED,
    OrderStatus.DELIVERED: OrderStatus.REFUNDED,
}


def change_row(
    order_id: int,
    kind: StatusKind,
    come_from: str | None,
    to: str,
    actor_id: UUID | None,
    reason: str,
) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "kind": kind,
        "vendor_id": None,
        "from_status": come_from,
        "to_status": to,
        "actor_id": actor_id,
        "reason": reason,
        "created_at": now(),
    }


async def read_order(connection: AsyncConnection, viewer: Viewer, order_id: int) -> OrderView:
    """Return an order as `viewer` sees it; raises `OrderNotFound`."""
    return await OrderViews(connection, viewer).get(order_id)


async def read_money(connection: AsyncConnection, order_id: int) -> OrderMoney:
    """Return what payments need to know of an order; raises `OrderNotFound`."""
    return await OrderRepository(connection).get_money(order_id)


def view_of(placed: PlacedOrder) -> OrderView:
    """Return a just-written order as its buyer sees it, without reading it back."""
    row = _order_row(placed.draft, placed.order_number, placed.created_at)
    absent = dict.fromkeys(
        ("tracking_number", "tracking_url", "shipped_at", "delivered_at", "cancelled_at", "held_at")
    )
    items = [
        OrderItemView(
            id=item.id,
            product_id=item.line.product_id,
            variant_id=item.line.variant_id,
            vendor_id=item.line.vendor_id,
            product_name=item.line.product_name,
            variant_title=item.line.variant_title,
            sku=item.line.sku,
            quantity=item.line.quantity,
            unit_price=to_number(item.line.unit_price_minor),
            total_price=to_number(item.line.total_minor),
            fulfilled_quantity=0,
            backordered_quantity=placed.waiting.get(item.line.variant_id, 0),
        )
        for item in placed.lines
    ]
    return order_view({"id": placed.id, **row, **absent}, items)


def _order_row(draft: OrderDraft, number: str, created: datetime) -> dict[str, Any]:
    return {
        "order_number": number,
        "buyer_id": draft.buyer_id,
        "guest_session": draft.guest_session,
        "status": OrderStatus.PENDING,
        "financial_status": FinancialStatus.PENDING,
        "fulfillment_status": FulfillmentStatus.UNFULFILLED,
        "customer_email": draft.customer_email,
        "currency": draft.currency,
        "subtotal_minor": draft.subtotal_minor,
        "tax_minor": draft.tax_minor,
        "shipping_minor": draft.shipping_minor,
        "discount_minor": 0,
        "total_minor": draft.total_minor,
        "shipping_name": draft.ship_to.name,
        "shipping_phone": draft.ship_to.phone,
        "shipping_address": draft.ship_to.address,
        "shipping_city": draft.ship_to.city,
        "shipping_state": draft.ship_to.state,
        "shipping_method": draft.shipping_method,
        "billing_address": draft.billing_address,
        "notes": draft.notes,
        "tags": list(draft.tags),
        "source": draft.source,
        "version": 1,
        "created_at": created,
        "updated_at": created,
        "expires_at": draft.expires_at,
    }


def _item_row(order_id: int, line: DraftLine) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "vendor_id": line.vendor_id,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "product_name": line.product_name,
        "variant_title": line.variant_title,
        "sku": line.sku,
        "quantity": line.quantity,
        "fulfilled_quantity": 0,
        "unit_price_minor": line.unit_price_minor,
        "tax_rate": line.tax_rate,
        "tax_minor": line.tax_minor,
        "total_minor": line.total_minor,
    }


def _part_rows(order_id: int, draft: OrderDraft) -> list[dict[str, Any]]:
    by_vendor: dict[UUID, list[DraftLine]] = {}
    for line in draft.lines:
        by_vendor.setdefault(line.vendor_id, []).append(line)
    return [_part_row(order_id, vendor, lines) for vendor, lines in by_vendor.items()]


def _part_row(order_id: int, vendor_id: UUID, lines: Sequence[DraftLine]) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "vendor_id": vendor_id,
        "status": OrderStatus.PENDING,
        "subtotal_minor": sum(line.total_minor for line in lines),
        "tax_minor": sum(line.tax_minor for line in lines),
        "total_minor": sum(line.net_minor + line.tax_minor for line in lines),
    }
