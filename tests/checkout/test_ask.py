"""Asking a gateway: of what is unknown, before an order ends, and until it is answered."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from mestore.checkout.jobs import (
    ExpireOrders,
    PollGateways,
    expire_orders,
    on_signal_received,
    poll_gateways,
)
from mestore.checkout.service.ask import ask
from mestore.checkout.service.cancel import cancel, expire
from mestore.checkout.types import Outside
from mestore.orders.errors import OrderNotCancellable
from mestore.orders.models import Order
from mestore.orders.types import CancelReason
from mestore.payments.errors import (
    GatewayUnavailable,
    PaymentInProgress,
)
from mestore.payments.events import SignalReceived
from mestore.payments.models import GatewayEvent
from mestore.payments.service import PaymentService
from mestore.payments.types import (
    AttemptStatus,
    Notice,
    PaymentMethod,
)
from tests.checkout.bank import Bank, once
from tests.checkout.paying import (
    OPEN,
    PAID,
    VOID,
    approving,
    latest,
    paying,
    poll,
)
from tests.checkout.till import Till, said
from tests.conftest import MovedClock

APPROVED, PENDING, UNKNOWN = AttemptStatus.APPROVED, AttemptStatus.PENDING, AttemptStatus.UNKNOWN


async def test_an_approval_is_not_forgotten_by_who_asked_before_it(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id)
    attempt = await latest(till, order.id)
    bank.is_silent = True
    bank.pause = once(approving(till, bank, attempt.reference))

    assert not await ask(outside, attempt)

    assert await till.attempts(order.id) == [APPROVED]
    bank.is_silent = False
    await ask(outside, attempt)
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_an_unknown_outcome_blocks_until_the_gateway_was_asked_often_enough(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    bank.is_silent = True
    assert (await paying(outside, order.id))["status"] == "PENDING"
    assert await till.attempts(order.id) == [UNKNOWN]
    bank.is_silent = False
    bank.opened.clear()

    await poll(till, outside, clock)
    with pytest.raises(PaymentInProgress):
        await paying(outside, order.id)
    for _ in range(4):
        clock.advance(timedelta(minutes=11))
        await poll(till, outside, clock)

    assert await till.attempts(order.id) == [AttemptStatus.ERROR]
    assert (await paying(outside, order.id))["transaction_id"] == f"t-{order.order_number}-2"
    assert len(bank.started) == 2


async def test_an_unknown_outcome_is_found_by_its_reference(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    bank.is_silent = True
    await paying(outside, order.id)
    bank.is_silent = False
    bank.say(f"{order.order_number}-1", APPROVED)

    await poll(till, outside, clock)

    assert await till.stands(order.id) == PAID
    assert len(bank.started) == 1
    assert await till.doctor() == []


async def test_a_process_that_dies_before_the_answer_leaves_an_attempt_that_polls_end(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())

    async def die() -> None:
        raise KeyboardInterrupt

    bank.pause = once(die)
    with pytest.raises(KeyboardInterrupt):
        await paying(outside, order.id, key="key-1")
    assert await till.attempts(order.id) == [AttemptStatus.CREATED]
    bank.say(f"{order.order_number}-1", APPROVED)

    await poll(till, outside, clock)

    assert await till.stands(order.id) == PAID
    assert len(bank.started) == 1


async def test_a_payment_that_begins_keeps_its_order_from_expiring(
    till: Till, bank: Bank, outside: Outside
) -> None:
    product = await till.build.product(stock=1)
    order = await till.place(product)
    await till.due(order.id)
    # The job has listed the order as over; then its buyer begins to pay.
    await paying(outside, order.id)

    assert not await expire(outside, order.id)

    assert await till.stands(order.id) == OPEN
    assert await till.build.stock_of(product.variant_id) == (1, 1)
    await till.settle(bank.say(f"{order.order_number}-1", APPROVED))
    assert await till.stands(order.id) == PAID


@pytest.mark.parametrize(
    ("method", "window"),
    [(PaymentMethod.NEQUI, timedelta(minutes=30)), (PaymentMethod.PSE, timedelta(hours=24))],
)
async def test_each_method_gives_the_order_its_time(
    till: Till, outside: Outside, clock: MovedClock, method: PaymentMethod, window: timedelta
) -> None:
    order = await till.place(await till.build.product())
    clock.advance(timedelta(minutes=10))

    await paying(outside, order.id, method=method)

    async with till.database.read() as connection:
        expires_at = (await connection.execute(select(Order.expires_at))).scalar_one()
    assert expires_at is not None
    began = (await latest(till, order.id)).created_at
    assert abs(expires_at - began - window) < timedelta(seconds=5)


async def test_expiry_asks_the_gateway_first(till: Till, bank: Bank, outside: Outside) -> None:
    product = await till.build.product(stock=9)
    orders = [await till.place(product) for _ in range(3)]
    for order in orders:
        await paying(outside, order.id)
        await till.due(order.id)
    paid, declined, waiting = (f"{order.order_number}-1" for order in orders)
    bank.say(paid, APPROVED)
    bank.say(declined, AttemptStatus.DECLINED)

    await expire_orders(ExpireOrders(), outside=outside)

    assert [await till.stands(order.id) for order in orders] == [PAID, VOID, VOID]
    assert set(bank.asked) == {f"t-{one}" for one in (paid, declined, waiting)}
    assert await till.build.stock_of(product.variant_id) == (8, 0)
    assert await till.doctor() == []


async def test_an_order_whose_gateway_is_silent_waits_and_does_not_hold_up_others(
    till: Till, bank: Bank, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mestore.checkout.jobs._BATCH", 2)
    product = await till.build.product(stock=9)
    waiting = [await till.place(product) for _ in range(3)]
    for order in waiting:
        await paying(outside, order.id)
        await till.due(order.id, timedelta(hours=1))
    plain = await till.place(product)
    await till.due(plain.id)
    bank.is_silent = True

    await expire_orders(ExpireOrders(), outside=outside)

    assert [await till.stands(order.id) for order in waiting] == [OPEN] * 3
    assert await till.stands(plain.id) == VOID


async def test_one_attempt_that_cannot_be_asked_does_not_hold_up_others(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    product = await till.build.product()
    orders = [await till.place(product) for _ in range(3)]
    for order in orders:
        await paying(outside, order.id)
        bank.say(f"{order.order_number}-1", APPROVED)

    async def break_down() -> None:
        raise RuntimeError("a bug of this gateway")

    bank.pause = once(break_down)
    clock.advance(timedelta(minutes=30))
    await poll_gateways(PollGateways(), outside=outside)

    assert sorted([await till.stands(order.id) for order in orders]) == [PAID, PAID, OPEN]
    await poll_gateways(PollGateways(), outside=outside)
    assert [await till.stands(order.id) for order in orders] == [PAID] * 3


async def test_cancelling_asks_first_and_keeps_what_is_paid(
    till: Till, bank: Bank, outside: Outside
) -> None:
    product = await till.build.product(stock=2)
    order = await till.place(product)
    await paying(outside, order.id)
    bank.say(f"{order.order_number}-1", APPROVED)

    with pytest.raises(OrderNotCancellable) as refusal:
        await cancel(outside, order.id, CancelReason.BUYER, None)

    assert refusal.value.details == {"status": "CONFIRMED"}
    assert await till.stands(order.id) == PAID
    assert await till.build.stock_of(product.variant_id) == (1, 0)
    assert await till.doctor() == []


async def test_cancelling_twice_is_cancelling_once(till: Till, outside: Outside) -> None:
    product = await till.build.product(stock=2)
    order = await till.place(product)
    await cancel(outside, order.id, CancelReason.BUYER, None)
    before = await till.counts()

    await cancel(outside, order.id, CancelReason.BUYER, None)

    assert await till.counts() == before
    assert await till.build.stock_of(product.variant_id) == (2, 0)
    assert await till.doctor() == []


async def test_an_attempt_that_never_ends_is_given_to_a_person(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id)
    reference = f"{order.order_number}-1"
    # The address disappears from the answer: nothing new, and no reason to ask more often.
    bank.say(reference, PENDING, payment_url=None)

    for _ in range(40):
        clock.advance(timedelta(hours=1))
        await poll_gateways(PollGateways(), outside=outside)

    assert await till.attempts(order.id) == [PENDING]
    total = order.draft.total_minor
    assert await till.queues() == [("NEVER_ENDED", f"t-{reference}", total)]
    assert (await latest(till, order.id)).payment_url == f"http://bank.example/{reference}"
    asked = len(bank.asked)
    clock.advance(timedelta(hours=1))
    await poll_gateways(PollGateways(), outside=outside)
    assert len(bank.asked) == asked


async def test_signals_are_stored_once(till: Till) -> None:
    notice = Notice("event-1", "t-1", None)

    async def receive() -> bool:
        async with till.database.transaction() as tx:
            return await PaymentService(tx).receive("bank", notice, b"{}")

    stored = await asyncio.gather(*(receive() for _ in range(20)))

    assert sorted(stored) == [False] * 19 + [True]
    assert await till.sent() == {("SignalReceived", "checkout.on_signal_received"): 1}


async def test_a_signal_of_what_the_gateway_does_not_show_yet_is_read_again(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    attempt = await till.attempt(order)
    shown = said(attempt, APPROVED)
    signals = [await signal_of(till, each) for each in (shown.transaction_id, "t-never")]

    for signal in signals:
        with pytest.raises(GatewayUnavailable):
            await on_signal_received(signal, outside=outside)
    assert await till.stands(order.id) == OPEN
    bank.opened[attempt.reference] = shown
    clock.advance(timedelta(minutes=16))
    for signal in signals:
        await on_signal_received(signal, outside=outside)

    assert await till.stands(order.id) == PAID
    async with till.database.read() as connection:
        results = await connection.execute(select(GatewayEvent.result).order_by(GatewayEvent.id))
    assert list(results.scalars()) == ["APPROVED", "unknown transaction"]


async def signal_of(till: Till, transaction_id: str) -> SignalReceived:
    """Store a signal about a transaction."""
    async with till.database.transaction() as tx:
        await PaymentService(tx).receive("bank", Notice(transaction_id, transaction_id, None), b"")
    async with till.database.read() as connection:
        newest = select(GatewayEvent.id).order_by(GatewayEvent.id.desc()).limit(1)
        return SignalReceived((await connection.execute(newest)).scalar_one())
