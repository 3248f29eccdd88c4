"""Paying an order: the attempt is committed first, then the gateway is called once."""

import asyncio
from collections.abc import Sequence

import msgspec

from mestore.checkout.service.ask import ask_all_open
from mestore.checkout.service.own import own_order
from mestore.checkout.service.screen import open_elsewhere, open_screened
from mestore.checkout.service.settle import settle
from mestore.checkout.service.show import view_of
from mestore.checkout.types import Intent, Outside, Owner, PaymentWindows, PayRequest
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
from mestore.kernel.money import MAXIMUM_MINOR, to_number
from mestore.kernel.problems import PROBLEM_TYPE, render
from mestore.orders.errors import OrderNotPayable
from mestore.orders.service import OrderService
from mestore.orders.types import FinancialStatus, OrderMoney, OrderStatus
from mestore.payments.errors import (
    AlreadyPaid,
    AmountMismatch,
    AmountNotWhole,
    AmountOutOfLimits,
    Declined,
    GatewayUnavailable,
    MethodUnavailable,
    NotSubmitted,
    OutcomeUnknown,
    PaymentInProgress,
    PaymentInReview,
    PaymentNotFound,
    PaymentRefused,
    TransactionUnknown,
)
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import Attempts, PaymentService, known_rules
from mestore.payments.types import (
    AttemptState,
    AttemptStatus,
    Charge,
    Limits,
    Outcome,
    PaymentMethod,
)

# While the shopper waits: a card usually ends, and a bank's address usually appears, within these.
_WAITS_SECONDS = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0)
_WORTH_WAITING = frozenset(
    {
        PaymentMethod.CARD,
        PaymentMethod.PSE,
        PaymentMethod.BANCOLOMBIA_TRANSFER,
        PaymentMethod.BANCOLOMBIA_COLLECT,
        PaymentMethod.DAVIPLATA,
    }
)
_REPLAY_WAIT_SECONDS = 20.0


async def pay(outside: Outside, owner: Owner, request: PayRequest, once: Once | None) -> Answer:
    """Start a payment of an order; a repeat with the same key reads the first answer."""
    gateways = choose(outside, request)
    try:
        begun = await _begin(outside, owner, request, once, gateways)
    except KeyTaken:
        assert once is not None  # noqa: S101  only a key can be taken
        return await _first_answer(outside, owner, request.order_id, once)
    except PaymentInProgress:
        # It says when to come back, so it is no answer to keep.
        raise
    except Refusal as refusal:
        if once is not None:
            await remember_refusal(outside.database, once, refusal)
        raise
    if begun is not None:
        await _go_on(outside, owner, request, once, gateways, begun)
    return await _answer(outside, owner, request.order_id, once)


async def _go_on(
    outside: Outside,
    owner: Owner,
    request: PayRequest,
    once: Once | None,
    gateways: Sequence[PaymentGateway],
    begun: tuple[AttemptState, OrderMoney],
) -> None:
    """Submit a new attempt, unless it is refused, or waits for staff."""
    attempt, order = begun
    if attempt.status is AttemptStatus.DECLINED:
        raise PaymentRefused
    if attempt.status is AttemptStatus.HELD:
        return
    taking = within_limits(gateways, order, request)
    attempt = await _submit_somewhere(outside, owner, taking, attempt, order, request, once)
    if request.method in _WORTH_WAITING:
        await _wait_for_news(outside, attempt)


async def intend(outside: Outside, owner: Owner, order_id: int, amount_minor: int) -> Intent:
    """Make the payment of an order ready, for exactly its total; a repeat returns the same."""
    async with outside.database.transaction() as tx:
        order = await payable(tx, owner, order_id, amount_minor)
        payment_id = await PaymentService(tx).intend(order.id, order.total_minor, order.currency)
    return Intent(payment_id, order.id, order.total_minor, order.currency)


async def _begin(
    outside: Outside,
    owner: Owner,
    request: PayRequest,
    once: Once | None,
    gateways: Sequence[PaymentGateway],
) -> tuple[AttemptState, OrderMoney] | None:
    """Write a new attempt; None where the buyer goes on with the one that is under way."""
    rules = await known_rules(outside.database)
    async with outside.database.transaction() as tx:
        if once is not None:
            await claim(tx, once)
        order = await payable(tx, owner, request.order_id, request.amount_minor)
        blocking = await PaymentService(tx).blocking(order.id, request.method)
        if blocking is not None:
            if blocking.status is AttemptStatus.HELD:
                raise PaymentInReview(retry_after=3600)
            if blocking.method is request.method and (blocking.payment_url or blocking.voucher):
                return None
            raise PaymentInProgress(retry_after=30, payment_url=blocking.payment_url)
        await _keep(tx, owner, request)
        taking = within_limits(gateways, order, request)
        attempt = await open_screened(tx, rules, order, request, taking)
        if attempt.status is AttemptStatus.DECLINED and once is not None:
            refusal = PaymentRefused()
            await finish(tx, once, Answer(refusal.status, render(refusal), PROBLEM_TYPE))
    return attempt, order


async def _keep(tx: Tx, owner: Owner, request: PayRequest) -> None:
    """Keep an order as long as it may be paid; raises where it was called off since it was read."""
    until = now() + tx.policy(PaymentWindows).of(request.method)
    if not await OrderService(tx).keep_until(request.order_id, until):
        # Now it is held, and says so.
        await payable(tx, owner, request.order_id, request.amount_minor)


def choose(outside: Outside, request: PayRequest) -> list[PaymentGateway]:
    """Return the gateways that take this method, the one to begin with first.

    Those that are left alone after failures come last. A card's token is good at one gateway: the
    first, where none is named.
    """
    taking = [
        gateway
        for gateway in outside.gateways.values()
        if request.gateway in {None, gateway.code} and request.method in gateway.methods
    ]
    if not taking:
        raise MethodUnavailable(method=request.method.value)
    if request.method is PaymentMethod.CARD:
        return taking[:1]
    taking.sort(key=lambda gateway: outside.is_left_alone(gateway.code, request.method))
    return taking


def within_limits(
    gateways: Sequence[PaymentGateway], order: OrderMoney, request: PayRequest
) -> list[PaymentGateway]:
    """Return the gateways that take an amount like the order's total; at least one."""
    found = [
        gateway for gateway in gateways if _limits(gateway, request.method).allow(order.total_minor)
    ]
    if not found:
        if any(_limits(each, request.method).reach(order.total_minor) for each in gateways):
            raise AmountNotWhole(method=request.method.value)
        limits = _limits(gateways[0], request.method)
        raise AmountOutOfLimits(
            method=request.method.value,
            minimum=to_number(limits.minimum_minor or 0),
            maximum=to_number(limits.maximum_minor or MAXIMUM_MINOR),
        )
    return found


def _limits(gateway: PaymentGateway, method: PaymentMethod) -> Limits:
    return gateway.profile.limits.get(method, Limits())


async def payable(tx: Tx, owner: Owner, order_id: int, amount_minor: int | None) -> OrderMoney:
    """Return the caller's own order if it waits for exactly this payment."""
    order = await own_order(tx.connection, owner, order_id)
    if order.financial_status is FinancialStatus.PAID:
        raise AlreadyPaid
    if order.status is not OrderStatus.PENDING:
        raise OrderNotPayable(status=order.status.value)
    if amount_minor not in {None, order.total_minor}:
        raise AmountMismatch(total=to_number(order.total_minor))
    return order


async def _submit_somewhere(
    outside: Outside,
    owner: Owner,
    gateways: Sequence[PaymentGateway],
    attempt: AttemptState,
    order: OrderMoney,
    request: PayRequest,
    once: Once | None,
) -> AttemptState:
    """Call one gateway after the other, as long as surely nothing was submitted."""
    for following in gateways[1:]:
        try:
            await _submit(outside, attempt, order, request, once, is_last=False)
        except NotSubmitted:
            attempt = await _move(outside, owner, following, attempt, order, request, once)
            continue
        return attempt
    await _submit(outside, attempt, order, request, once, is_last=True)
    return attempt


async def _move(
    outside: Outside,
    owner: Owner,
    following: PaymentGateway,
    attempt: AttemptState,
    order: OrderMoney,
    request: PayRequest,
    once: Once | None,
) -> AttemptState:
    """Write the attempt again for the next gateway, unless its order was called off meanwhile."""
    try:
        async with outside.database.transaction() as tx:
            await PaymentService(tx).hold(order.id)
            await _keep(tx, owner, request)
            return await open_elsewhere(tx, order, request, following, attempt)
    except Refusal:
        if once is not None:
            # Nothing was submitted: a repeat finds out itself how the order stands.
            async with outside.database.transaction() as tx:
                await forget(tx, once)
        raise


async def _submit(
    outside: Outside,
    attempt: AttemptState,
    order: OrderMoney,
    request: PayRequest,
    once: Once | None,
    *,
    is_last: bool,
) -> None:
    """Call the gateway once. What it surely did not get is closed; what nobody knows is asked.

    Its answer may be final already: a card may be approved or declined while we wait.
    """
    charge = _charge(outside, attempt, order, request)
    try:
        outcome = await outside.gateways[attempt.gateway].start(charge)
    except NotSubmitted as refusal:
        async with outside.database.transaction() as tx:
            await PaymentService(tx).close(attempt, AttemptStatus.ERROR, refusal.code)
            if once is not None and is_last:
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
    windows = outside.database.policy(PaymentWindows)
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
        expires_at=now() + windows.cash if attempt.method.is_cash else None,
    )


async def _wait_for_news(outside: Outside, attempt: AttemptState) -> None:
    """Ask a few times while the shopper waits; what does not come now, the poller brings."""
    gateway = outside.gateways[attempt.gateway]
    async with outside.database.read() as connection:
        latest = await Attempts(connection).latest(attempt.order_id)
    if latest is None or latest.transaction_id is None or _is_told(latest):
        return
    for seconds in _WAITS_SECONDS:
        await asyncio.sleep(seconds)
        try:
            outcome = await gateway.fetch(latest.transaction_id)
        except (GatewayUnavailable, TransactionUnknown):
            return
        if outcome.status is not AttemptStatus.PENDING or outcome.payment_url or outcome.voucher:
            await _record(outside, outcome)
            return


def _is_told(attempt: AttemptState) -> bool:
    """Say whether the buyer knows already how the payment ended, or where to go on."""
    return not attempt.is_open or bool(attempt.payment_url or attempt.voucher)


async def _record(outside: Outside, outcome: Outcome) -> None:
    async with outside.database.transaction() as tx:
        await settle(tx, outcome)


async def _answer(outside: Outside, owner: Owner, order_id: int, once: Once | None) -> Answer:
    async with outside.database.read() as connection:
        attempt = await Attempts(connection).latest(order_id)
    if attempt is None:
        raise PaymentNotFound
    answer = Answer(200, msgspec.json.encode(view_of(attempt, is_staff=owner.is_staff)))
    if once is not None:
        async with outside.database.transaction() as tx:
            await finish(tx, once, answer)
    return answer


async def _first_answer(outside: Outside, owner: Owner, order_id: int, once: Once) -> Answer:
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
    return await _answer(outside, owner, order_id, once)
