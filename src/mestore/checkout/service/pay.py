"""Paying an order: the attempt is committed first, then the gateway is called once."""

import asyncio

import msgspec

from mestore.checkout.service.ask import ask_all_open
from mestore.checkout.service.own import own_order
from mestore.checkout.service.settle import settle
from mestore.checkout.types import Outside, Owner, PaymentView, PaymentWindows, PayRequest
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import Refusal
from mestore.kernel.idempotency import (
    Answer,
    IdempotencyInProgress,
    KeyTaken,
    Once,
    claim,
    finish,
    forget,
    recall,
    remember_refusal,
)
from mestore.kernel.money import to_number
from mestore.kernel.problems import PROBLEM_TYPE, render
from mestore.orders.errors import OrderNotPayable
from mestore.orders.service import OrderService
from mestore.orders.types import FinancialStatus, OrderMoney, OrderStatus
from mestore.payments.errors import (
    AlreadyPaid,
    AmountMismatch,
    Declined,
    GatewayUnavailable,
    MethodUnavailable,
    NotSubmitted,
    OutcomeUnknown,
    PaymentInProgress,
    PaymentNotFound,
    TransactionUnknown,
)
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import Attempts, PaymentService
from mestore.payments.types import (
    AttemptState,
    AttemptStatus,
    Charge,
    Outcome,
    PaymentMethod,
    PaymentStatus,
)

# While the shopper waits: a card usually ends, and a bank's address usually appears, within these.
_WAITS_SECONDS = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0)
_WORTH_WAITING = frozenset({PaymentMethod.CARD, PaymentMethod.PSE})
_REPLAY_WAIT_SECONDS = 20.0

_VIEW_STATUS = {
    AttemptStatus.CREATED: PaymentStatus.PENDING,
    AttemptStatus.PENDING: PaymentStatus.PENDING,
    AttemptStatus.UNKNOWN: PaymentStatus.PENDING,
    AttemptStatus.APPROVED: PaymentStatus.APPROVED,
    AttemptStatus.DECLINED: PaymentStatus.DECLINED,
    AttemptStatus.VOIDED: PaymentStatus.VOIDED,
    AttemptStatus.ERROR: PaymentStatus.ERROR,
}


def view_of(attempt: AttemptState) -> PaymentView:
    """Return an attempt as clients see it."""
    return PaymentView(
        intent_id=attempt.payment_id,
        transaction_id=attempt.transaction_id,
        order_id=attempt.order_id,
        gateway=attempt.gateway,
        status=_VIEW_STATUS[attempt.status],
        amount=to_number(attempt.amount_minor),
        currency=attempt.currency,
        payment_url=attempt.payment_url if attempt.is_open else None,
    )


async def pay(outside: Outside, owner: Owner, request: PayRequest, once: Once | None) -> Answer:
    """Start a payment of an order; a repeat with the same key reads the first answer."""
    try:
        begun = await _begin(outside, owner, request, once)
    except KeyTaken:
        assert once is not None  # noqa: S101  only a key can be taken
        return await _first_answer(outside, request.order_id, once)
    except PaymentInProgress:
        # It says when to come back, so it is no answer to keep.
        raise
    except Refusal as refusal:
        if once is not None:
            await remember_refusal(outside.database, once, refusal)
        raise
    if begun is not None:
        attempt, order = begun
        await _submit(outside, attempt, order, request, once)
        if request.method in _WORTH_WAITING:
            await _wait_for_news(outside, attempt)
    return await _answer(outside, request.order_id, once)


async def _begin(
    outside: Outside, owner: Owner, request: PayRequest, once: Once | None
) -> tuple[AttemptState, OrderMoney] | None:
    """Write a new attempt; None where the buyer goes on with the one that is under way."""
    gateway = choose(outside, request)
    async with outside.database.transaction() as tx:
        if once is not None:
            await claim(tx, once)
        orders, payments = OrderService(tx), PaymentService(tx)
        order = await payable(tx, owner, request)
        blocking = await payments.blocking(order.id)
        if blocking is not None:
            if blocking.method is request.method and blocking.payment_url:
                return None
            raise PaymentInProgress(retry_after=30, payment_url=blocking.payment_url)
        window = tx.policy(PaymentWindows).of(request.method)
        if not await orders.keep_until(order.id, now() + window):
            # Cancelled since it was read: now it is held, and says so.
            order = await payable(tx, owner, request)
        attempt = await payments.open_attempt(
            order.id,
            order.order_number,
            order.total_minor,
            order.currency,
            gateway.code,
            request.method,
            request.installments,
        )
    return attempt, order


def choose(outside: Outside, request: PayRequest) -> PaymentGateway:
    """Return the gateway that takes this method: the one asked for, or the first that does."""
    for gateway in outside.gateways.values():
        if request.gateway in {None, gateway.code} and request.method in gateway.methods:
            return gateway
    raise MethodUnavailable(method=request.method.value)


async def payable(tx: Tx, owner: Owner, request: PayRequest) -> OrderMoney:
    """Return the caller's own order if it waits for exactly this payment."""
    order = await own_order(tx.connection, owner, request.order_id)
    if order.financial_status is FinancialStatus.PAID:
        raise AlreadyPaid
    if order.status is not OrderStatus.PENDING:
        raise OrderNotPayable(status=order.status.value)
    if request.amount_minor not in {None, order.total_minor}:
        raise AmountMismatch(total=to_number(order.total_minor))
    return order


async def _submit(
    outside: Outside,
    attempt: AttemptState,
    order: OrderMoney,
    request: PayRequest,
    once: Once | None,
) -> None:
    """Call the gateway once. What it surely did not get is closed; what nobody knows is asked."""
    charge = _charge(outside, attempt, order, request)
    try:
        outcome = await outside.gateways[attempt.gateway].start(charge)
    except NotSubmitted as refusal:
        async with outside.database.transaction() as tx:
            await PaymentService(tx).close(attempt, AttemptStatus.ERROR, refusal.code)
            if once is not None:
                await forget(tx, once)
        raise
    except Declined as refusal:
        async with outside.database.transaction() as tx:
            await PaymentService(tx).close(attempt, AttemptStatus.DECLINED, refusal.code)
            if once is not None:
                await finish(tx, once, Answer(refusal.status, render(refusal), PROBLEM_TYPE))
        raise
    except OutcomeUnknown:
        async with outside.database.transaction() as tx:
            await PaymentService(tx).postpone(attempt, AttemptStatus.UNKNOWN)
        return
    async with outside.database.transaction() as tx:
        await settle(tx, outcome)


def _charge(
    outside: Outside, attempt: AttemptState, order: OrderMoney, request: PayRequest
) -> Charge:
    return Charge(
        reference=attempt.reference,
        method=attempt.method,
        amount_minor=attempt.amount_minor,
        tax_minor=order.tax_minor,
        currency=attempt.currency,
        payer=request.payer(order),
        description=f"Pedido {order.order_number}",
        return_url=f"{outside.base_url}/api/v1/payments/return/{attempt.payment_id}",
        installments=request.installments,
        details=request.details,
    )


async def _wait_for_news(outside: Outside, attempt: AttemptState) -> None:
    """Ask a few times while the shopper waits; what does not come now, the poller brings."""
    gateway = outside.gateways[attempt.gateway]
    async with outside.database.read() as connection:
        latest = await Attempts(connection).latest(attempt.order_id)
    if latest is None or latest.transaction_id is None:
        return
    for seconds in _WAITS_SECONDS:
        await asyncio.sleep(seconds)
        try:
            outcome = await gateway.fetch(latest.transaction_id)
        except (GatewayUnavailable, TransactionUnknown):
            return
        if outcome.status is not AttemptStatus.PENDING or outcome.payment_url:
            await _record(outside, outcome)
            return


async def _record(outside: Outside, outcome: Outcome) -> None:
    async with outside.database.transaction() as tx:
        await settle(tx, outcome)


async def _answer(outside: Outside, order_id: int, once: Once | None) -> Answer:
    async with outside.database.read() as connection:
        attempt = await Attempts(connection).latest(order_id)
    if attempt is None:
        raise PaymentNotFound
    answer = Answer(200, msgspec.json.encode(view_of(attempt)))
    if once is not None:
        async with outside.database.transaction() as tx:
            await finish(tx, once, answer)
    return answer


async def _first_answer(outside: Outside, order_id: int, once: Once) -> Answer:
    """Wait for the first request's answer; where its process died, say how the payment stands."""
    deadline = asyncio.get_running_loop().time() + _REPLAY_WAIT_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        try:
            stored = await recall(outside.database, once)
        except IdempotencyInProgress:
            await asyncio.sleep(0.2)
            continue
        if stored is not None:
            return stored
        raise PaymentInProgress(retry_after=5)
    await ask_all_open(outside, order_id)
    return await _answer(outside, order_id, once)
