"""Paying, where other things happen at the same moment: a bank in memory that can be held up."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
import pytest
from sqlalchemy import select

from mestore.checkout.jobs import ExpireOrders, PollGateways, expire_orders, poll_gateways
from mestore.checkout.service.ask import ask
from mestore.checkout.service.cancel import cancel, expire
from mestore.checkout.service.pay import pay
from mestore.checkout.types import Outside, Owner, PayRequest
from mestore.commissions.service import CommissionService
from mestore.inventory.service import InventoryService
from mestore.kernel.errors import Refusal
from mestore.kernel.idempotency import IdempotencyKeyReused, Once
from mestore.orders.errors import OrderNotCancellable, OrderNotFound, OrderNotPayable
from mestore.orders.models import Order
from mestore.orders.service import OrderService
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus
from mestore.payments.errors import (
    AlreadyPaid,
    AmountMismatch,
    Declined,
    MethodUnavailable,
    NotSubmitted,
    PaymentInProgress,
)
from mestore.payments.models import Attempt
from mestore.payments.service import Attempts, PaymentService
from mestore.payments.types import (
    AttemptState,
    AttemptStatus,
    Notice,
    PaymentMethod,
    Verdict,
)
from tests.checkout.bank import Bank, once
from tests.checkout.till import GUEST, Till, guest, said
from tests.conftest import MovedClock

Result = TypeVar("Result")
Work = Callable[[], Awaitable[None]]
PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
VOID = (OrderStatus.CANCELLED, FinancialStatus.VOIDED)
APPROVED, PENDING, UNKNOWN = AttemptStatus.APPROVED, AttemptStatus.PENDING, AttemptStatus.UNKNOWN


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def outside(till: Till, bank: Bank) -> Outside:
    return Outside(till.database, {bank.code: bank}, "http://shop.example.com")


def beside(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """Run `work` as another request would: outside the transaction that is open here."""
    return asyncio.create_task(work, context=Context())


async def paying(
    outside: Outside,
    order_id: int,
    *,
    method: PaymentMethod = PaymentMethod.NEQUI,
    key: str | None = None,
    owner: Owner | None = None,
    amount_minor: int | None = None,
) -> dict[str, Any]:
    details = {"phone_number": "3991111111"}
    request = PayRequest(order_id, method, None, 1, details, amount_minor=amount_minor)
    body = f"{order_id} {method}".encode()
    once_ = Once.of(principal=GUEST, route="pay", key=key, body=body) if key else None
    answer = await pay(outside, owner or guest(), request, once_)
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    return found


async def latest(till: Till, order_id: int) -> AttemptState:
    async with till.database.read() as connection:
        found = await Attempts(connection).latest(order_id)
    assert found is not None
    return found


async def open_keys(till: Till) -> int:
    async with till.database.read() as connection:
        return len(list((await connection.execute(select(Attempt.open_key))).scalars().all()))


async def test_a_payment_begins_with_one_attempt_under_the_orders_number(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())

    shown = await paying(outside, order.id)

    reference = f"{order.order_number}-1"
    attempt = await latest(till, order.id)
    assert shown == {
        "intent_id": str(attempt.payment_id),
        "transaction_id": f"t-{reference}",
        "order_id": order.id,
        "gateway": "bank",
        "status": "PENDING",
        "amount": 68_550,
        "currency": "COP",
        "payment_url": f"http://bank.example/{reference}",
        "fraud_score": None,
        "fraud_reasons": [],
    }
    (charge,) = bank.started
    assert (charge.reference, charge.amount_minor, charge.tax_minor) == (
        reference,
        6_855_000,
        855_000,
    )
    assert charge.payer.email == "guest@example.com"
    assert charge.return_url.endswith(f"/api/v1/payments/return/{attempt.payment_id}")


async def test_nobody_pays_the_order_of_somebody_else(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    before = await till.counts()

    with pytest.raises(OrderNotFound):
        await paying(outside, order.id, owner=guest("another-session-1"))
    with pytest.raises(OrderNotFound):
        await paying(outside, order.id + 1)

    assert (bank.started, await till.counts()) == ([], before)


async def test_another_amount_than_the_total_is_refused(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    before = await till.counts()

    with pytest.raises(AmountMismatch):
        await paying(outside, order.id, amount_minor=6_855_001)

    assert (bank.started, await till.counts()) == ([], before)


async def test_a_method_that_no_gateway_takes_is_refused(till: Till) -> None:
    order = await till.place(await till.build.product())
    nobody = Outside(till.database, {}, "http://shop.example.com")

    with pytest.raises(MethodUnavailable):
        await paying(nobody, order.id)


async def test_what_is_paid_or_cancelled_takes_no_payment(
    till: Till, bank: Bank, outside: Outside
) -> None:
    product = await till.build.product()
    paid, cancelled = await till.place(product), await till.place(product)
    await till.settle_approved(paid)
    await cancel(outside, cancelled.id, CancelReason.BUYER, None)

    with pytest.raises(AlreadyPaid):
        await paying(outside, paid.id)
    with pytest.raises(OrderNotPayable):
        await paying(outside, cancelled.id)

    assert bank.started == []


async def test_a_repeat_reads_the_first_answer(till: Till, bank: Bank, outside: Outside) -> None:
    order = await till.place(await till.build.product())
    first = await paying(outside, order.id, key="key-1")
    reference = f"{order.order_number}-1"
    await till.settle(bank.say(reference, APPROVED))

    assert await paying(outside, order.id, key="key-1") == first
    assert len(bank.started) == 1
    with pytest.raises(IdempotencyKeyReused):
        await paying(outside, order.id, key="key-1", method=PaymentMethod.CARD)


async def test_parallel_repeats_begin_one_attempt_and_read_one_answer(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    bank.pause = once(lambda: asyncio.sleep(0.3))

    shown = await asyncio.gather(*(paying(outside, order.id, key="key-1") for _ in range(20)))

    assert len(bank.started) == 1
    assert all(one == shown[0] for one in shown)
    assert await till.attempts(order.id) == [PENDING]


async def test_without_a_key_parallel_requests_still_begin_one_attempt(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    bank.pause = once(lambda: asyncio.sleep(0.2))

    shown = await asyncio.gather(
        *(paying(outside, order.id) for _ in range(10)), return_exceptions=True
    )

    assert len(bank.started) == 1
    others = [one for one in shown if isinstance(one, Exception)]
    assert {type(one) for one in others} <= {PaymentInProgress}
    assert await till.attempts(order.id) == [PENDING]


async def test_a_payment_under_way_is_gone_on_with_or_waited_for(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    first = await paying(outside, order.id, method=PaymentMethod.NEQUI)

    assert await paying(outside, order.id, method=PaymentMethod.NEQUI) == first
    with pytest.raises(PaymentInProgress) as refusal:
        await paying(outside, order.id, method=PaymentMethod.CARD)

    assert refusal.value.details["payment_url"] == first["payment_url"]
    assert len(bank.started) == 1


async def test_who_had_to_wait_may_try_again_with_the_same_key(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id, method=PaymentMethod.NEQUI)
    with pytest.raises(PaymentInProgress):
        await paying(outside, order.id, method=PaymentMethod.CARD, key="card-key")
    await till.settle(bank.say(f"{order.order_number}-1", AttemptStatus.DECLINED))

    bank.pause = once(_approve(till, bank, f"{order.order_number}-2"))
    shown = await paying(outside, order.id, method=PaymentMethod.CARD, key="card-key")

    assert shown["status"] == "APPROVED"
    assert await till.stands(order.id) == PAID


async def test_an_old_attempt_does_not_keep_the_buyer_from_paying(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id)
    clock.advance(timedelta(minutes=16))

    shown = await paying(outside, order.id)

    assert shown["transaction_id"] == f"t-{order.order_number}-2"
    assert await till.attempts(order.id) == [PENDING, PENDING]
    # Both may still bring money, so both are asked about.
    async with till.database.read() as connection:
        assert len(await Attempts(connection).open_of_order(order.id)) == 2


def _approve(till: Till, bank: Bank, reference: str) -> Work:
    async def approve() -> None:
        await till.settle(bank.say(reference, APPROVED))

    return approve


async def test_a_webhook_before_the_answer_of_the_gateway_counts_once(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    bank.pause = once(_approve(till, bank, f"{order.order_number}-1"))

    shown = await paying(outside, order.id)

    assert shown["status"] == "APPROVED"
    assert await till.stands(order.id) == PAID
    assert await till.attempts(order.id) == [APPROVED]
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_a_webhook_before_the_gateway_fails_to_answer_counts_once(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    bank.pause = once(_approve(till, bank, f"{order.order_number}-1"))
    bank.is_silent = True

    shown = await paying(outside, order.id)

    assert shown["status"] == "APPROVED"
    assert await till.attempts(order.id) == [APPROVED]
    await till.settle(said(await latest(till, order.id), APPROVED))
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_an_approval_is_not_forgotten_by_who_asked_before_it(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id)
    attempt = await latest(till, order.id)
    bank.is_silent = True
    bank.pause = once(_approve(till, bank, attempt.reference))

    assert not await ask(outside, attempt)

    assert await till.attempts(order.id) == [APPROVED]
    bank.is_silent = False
    await ask(outside, attempt)
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_an_approval_is_not_undone_by_a_second_attempt_that_never_left(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id)
    clock.advance(timedelta(minutes=16))
    bank.refusal = NotSubmitted()
    bank.pause = once(_approve(till, bank, f"{order.order_number}-1"))

    with pytest.raises(NotSubmitted):
        await paying(outside, order.id)

    assert await till.stands(order.id) == PAID
    assert await till.attempts(order.id) == [APPROVED, AttemptStatus.ERROR]
    assert await till.doctor() == []


async def test_what_surely_did_not_leave_can_be_paid_again_with_the_same_key(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    bank.refusal = NotSubmitted()
    with pytest.raises(NotSubmitted):
        await paying(outside, order.id, key="key-1")
    bank.refusal = None

    shown = await paying(outside, order.id, key="key-1")

    assert shown["transaction_id"] == f"t-{order.order_number}-2"
    assert await till.attempts(order.id) == [AttemptStatus.ERROR, PENDING]


async def test_refused_data_are_refused_again_under_the_same_key_only(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    bank.refusal = Declined(reason="token: is spent")
    with pytest.raises(Declined):
        await paying(outside, order.id, key="key-1")
    bank.refusal = None

    again = await paying(outside, order.id, key="key-1")
    anew = await paying(outside, order.id, key="key-2")

    assert (again["status"], again["code"]) == (422, "DECLINED")
    assert anew["status"] == "PENDING"
    assert await till.attempts(order.id) == [AttemptStatus.DECLINED, PENDING]


async def test_an_unknown_outcome_blocks_until_the_gateway_was_asked_often_enough(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    bank.is_silent = True
    assert (await paying(outside, order.id))["status"] == "PENDING"
    assert await till.attempts(order.id) == [UNKNOWN]
    bank.is_silent = False
    bank.transactions.clear()

    await poll(till, outside, clock)
    with pytest.raises(PaymentInProgress):
        await paying(outside, order.id)
    for _ in range(4):
        clock.advance(timedelta(minutes=11))
        await poll(till, outside, clock)

    assert await till.attempts(order.id) == [AttemptStatus.ERROR]
    assert (await paying(outside, order.id))["transaction_id"] == f"t-{order.order_number}-2"
    assert len(bank.started) == 2


async def poll(till: Till, outside: Outside, clock: MovedClock) -> None:
    clock.advance(timedelta(minutes=2))
    await poll_gateways(PollGateways(), outside=outside)


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


async def test_a_repeat_after_the_first_process_died_asks_and_answers(
    till: Till, bank: Bank, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mestore.checkout.service.pay._REPLAY_WAIT_SECONDS", 0.2)
    order = await till.place(await till.build.product())

    async def die() -> None:
        raise KeyboardInterrupt

    bank.pause = once(die)
    with pytest.raises(KeyboardInterrupt):
        await paying(outside, order.id, key="key-1")
    bank.say(f"{order.order_number}-1", APPROVED)

    first = await paying(outside, order.id, key="key-1")
    again = await paying(outside, order.id, key="key-1")

    assert first["status"] == "APPROVED"
    assert again == first
    assert await till.stands(order.id) == PAID
    assert len(bank.started) == 1


async def test_no_charge_leaves_for_an_order_that_is_cancelled_meanwhile(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    before = await till.counts()

    async with till.database.transaction() as tx:
        await OrderService(tx).cancel(order.id, CancelReason.BUYER)
        request = beside(paying(outside, order.id))
        await asyncio.sleep(0.2)
        await InventoryService(tx).release(order.id)
        await CommissionService(tx).cancel(order.id)
    with pytest.raises(OrderNotPayable):
        await request

    assert bank.started == []
    assert (await till.counts())["payment_attempts"] == before["payment_attempts"]
    assert await till.stands(order.id) == VOID
    assert await till.doctor() == []


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


async def test_paying_again_and_settling_at_once_never_lock_each_other_out(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    product = await till.build.product(stock=100)
    orders = [await till.place(product) for _ in range(25)]
    attempts = [await till.attempt(order, PaymentMethod.NEQUI) for order in orders]
    for attempt in attempts:
        await till.settle(said(attempt, PENDING))
    clock.advance(timedelta(minutes=16))

    both: list[Coroutine[Any, Any, object]] = []
    for order, attempt in zip(orders, attempts, strict=True):
        both += [till.settle(said(attempt, APPROVED)), paying(outside, order.id)]
    results = await asyncio.gather(*both, return_exceptions=True)

    assert {type(one) for one in results} <= {Verdict, dict, AlreadyPaid}
    assert {await till.stands(order.id) for order in orders} == {PAID}
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_a_gateway_that_forgets_its_transaction_does_not_break_the_answer(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())

    async def forget() -> None:
        bank.pause = once(_forget(bank))

    bank.pause = once(forget)
    shown = await paying(outside, order.id, method=PaymentMethod.CARD, key="key-1")

    assert shown["status"] == "PENDING"
    assert await paying(outside, order.id, method=PaymentMethod.CARD, key="key-1") == shown


def _forget(bank: Bank) -> Work:
    async def forget() -> None:
        bank.transactions.clear()

    return forget


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


async def test_refusals_of_paying_are_remembered_under_their_key(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await cancel(outside, order.id, CancelReason.BUYER, None)
    with pytest.raises(OrderNotPayable):
        await paying(outside, order.id, key="key-1")

    again = await paying(outside, order.id, key="key-1")

    assert (again["status"], again["code"]) == (409, "ORDER_NOT_PAYABLE")
    assert bank.started == []


async def test_signals_are_stored_once(till: Till) -> None:
    notice = Notice("event-1", "t-1", None)

    async def receive() -> bool:
        async with till.database.transaction() as tx:
            return await PaymentService(tx).receive("bank", notice, b"{}")

    stored = await asyncio.gather(*(receive() for _ in range(20)))

    assert sorted(stored) == [False] * 19 + [True]
    assert await till.sent() == {("SignalReceived", "checkout.on_signal_received"): 1}


def test_refusals_say_when_to_come_back() -> None:
    refusal: Refusal = PaymentInProgress(retry_after=30, payment_url=None)
    assert refusal.headers() == {"Retry-After": "30"}
