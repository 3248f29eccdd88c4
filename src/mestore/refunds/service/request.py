"""Asking for a refund: counted against the order and committed before any gateway is called."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.disputes.service import DisputeService
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.money import to_number
from mestore.orders.service import RefundedOrders
from mestore.orders.types import FinancialStatus
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import Attempts, PaymentService
from mestore.payments.types import AttemptState, PaymentMethod
from mestore.payments.types.stranded import StrandedMoney
from mestore.refunds.errors import NotRefundable, OverRefund
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.plan import plan
from mestore.refunds.types import RefundPlan, RefundState, RefundWish, Taken

Gateways = Mapping[str, PaymentGateway]

_HAS_MONEY = frozenset({FinancialStatus.PAID, FinancialStatus.PARTIALLY_REFUNDED})


async def quote(tx: Tx, order_id: int, wish: RefundWish) -> RefundPlan:
    """Return what a refund would come to, and change nothing."""
    order = await RefundedOrders(tx).held(order_id)
    return plan(order, wish, await DisputeService(tx).excess(order_id))


async def request_refund(
    tx: Tx,
    gateways: Gateways,
    order_id: int,
    wish: RefundWish,
    *,
    actor_id: UUID | None,
    is_owed: bool = False,
) -> int:
    """Write a refund of an order and return its id.

    The counters of the order and its lines are raised in the same transaction, so that two
    refunds can never give back more than was paid. An `is_owed` refund that the gateway declines
    is paid by bank transfer.
    """
    orders = RefundedOrders(tx)
    # The payment's row is always taken before the order's; disputes take it too.
    await PaymentService(tx).hold(order_id)
    order = await orders.held(order_id)
    if order.money.financial_status not in _HAS_MONEY:
        raise NotRefundable(status=order.money.financial_status.value)
    attempt = await Attempts(tx.connection).taking(order_id)
    if attempt is None:
        raise NotRefundable(status=order.money.financial_status.value)
    found = plan(order, wish, await DisputeService(tx).excess(order_id))
    if not await orders.claim(order, found.claims(), found.shipping_minor):
        raise OverRefund(left=to_number(found.left_minor))
    refunds = RefundRepository(tx.connection)
    number = await refunds.count(order_id) + 1
    row = {
        **_row_of(_taken(attempt), gateways, found.total_minor),
        "order_id": order_id,
        "shipping_minor": found.shipping_minor,
        "reason": wish.reason,
        "reference": f"{attempt.reference}-R{number}",
        "is_owed": is_owed,
        "actor_id": actor_id,
    }
    refund_id = await refunds.add(row, [asdict(line) for line in found.lines])
    after = {"refund_id": refund_id, "amount_minor": found.total_minor, "reason": wish.reason}
    record(tx, Act.REFUND_REQUESTED, Subject.ORDER, order_id, after=after)
    return refund_id


async def request_return(
    tx: Tx,
    gateways: Gateways,
    entry: StrandedMoney,
    method: PaymentMethod | None,
    reason: str,
    actor_id: UUID | None,
) -> int:
    """Write a refund of money that no order has, and return its id."""
    gateway = gateways.get(entry.gateway)
    taken = Taken(
        entry.gateway,
        # Of money that fits no attempt only the gateway is known.
        method or (_only_method(gateway) if gateway else None),
        entry.transaction_id,
        entry.reference,
        entry.amount_minor,
        entry.currency,
        entry.created_at,
    )
    row = {
        **_row_of(taken, gateways, entry.amount_minor),
        "order_id": None,
        "exception_id": entry.id,
        "shipping_minor": 0,
        "reason": reason,
        "reference": f"{entry.reference}-X{entry.id}",
        "is_owed": True,
        "actor_id": actor_id,
    }
    return await RefundRepository(tx.connection).add(row, [])


def _taken(attempt: AttemptState) -> Taken:
    return Taken(
        attempt.gateway,
        attempt.method,
        attempt.transaction_id or attempt.reference,
        attempt.reference,
        attempt.amount_minor,
        attempt.currency,
        attempt.created_at,
    )


def _row_of(taken: Taken, gateways: Gateways, amount_minor: int) -> dict[str, Any]:
    """Return the columns that follow from the payment, with the way that the money will take."""
    moment = now()
    goes = _can_send_back(gateways.get(taken.gateway), taken, amount_minor)
    return {
        "gateway": taken.gateway,
        "method": taken.method,
        "transaction_id": taken.transaction_id,
        "charge_reference": taken.reference,
        "charged_minor": taken.amount_minor,
        "charged_at": taken.charged_at,
        "amount_minor": amount_minor,
        "currency": taken.currency,
        "state": RefundState.REQUESTED if goes else RefundState.TRANSFER_DUE,
        "polls": 0,
        "poll_at": moment if goes else None,
        "created_at": moment,
        "updated_at": moment,
    }


def _only_method(gateway: PaymentGateway) -> PaymentMethod | None:
    """Return the method that all payments of a gateway had, where it takes a single one."""
    return next(iter(gateway.methods)) if len(gateway.methods) == 1 else None


def _can_send_back(gateway: PaymentGateway | None, taken: Taken, amount_minor: int) -> bool:
    if gateway is None or taken.method is None:
        return False
    if amount_minor == taken.amount_minor:
        return taken.method in gateway.profile.refundable
    return taken.method in gateway.profile.partly_refundable
