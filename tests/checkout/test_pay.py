"""Paying, where other things happen at the same moment: a bank in memory that can be held up."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from mestore.checkout.service.cancel import cancel
from mestore.checkout.types import Outside
from mestore.commissions.service import CommissionService
from mestore.inventory.service import InventoryService
from mestore.kernel.errors import Refusal
from mestore.kernel.idempotency import IdempotencyKeyReused
from mestore.orders.errors import OrderNotFound, OrderNotPayable
from mestore.orders.service import OrderService
from mestore.orders.types import CancelReason
from mestore.payments.errors import (
    AlreadyPaid,
    AmountMismatch,
    Declined,
    MethodUnavailable,
    NotSubmitted,
    PaymentInProgress,
)
from mestore.payments.service import Attempts
from mestore.payments.types import (
    AttemptStatus,
    PaymentMethod,
    Verdict,
)
from tests.checkout.bank import Bank, once
from tests.checkout.paying import (
    PAID,
    VOID,
    approving,
    beside,
    forgetting,
    latest,
    paying,
)
from tests.checkout.till import Till, guest, said
from tests.conftest import MovedClock

APPROVED, PENDING, UNKNOWN = AttemptStatus.APPROVED, AttemptStatus.PENDING, AttemptStatus.UNKNOWN


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
        "voucher": None,
        "fraud_score": None,
        "fraud_reasons": [],
        "notice": None,
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

    bank.pause = once(approving(till, bank, f"{order.order_number}-2"))
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


async def test_a_webhook_before_the_answer_of_the_gateway_counts_once(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    bank.pause = once(approving(till, bank, f"{order.order_number}-1"))

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
    bank.pause = once(approving(till, bank, f"{order.order_number}-1"))
    bank.is_silent = True

    shown = await paying(outside, order.id)

    assert shown["status"] == "APPROVED"
    assert await till.attempts(order.id) == [APPROVED]
    await till.settle(said(await latest(till, order.id), APPROVED))
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_an_approval_is_not_undone_by_a_second_attempt_that_never_left(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id)
    clock.advance(timedelta(minutes=16))
    bank.refusal = NotSubmitted()
    bank.pause = once(approving(till, bank, f"{order.order_number}-1"))

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
        bank.pause = once(forgetting(bank))

    bank.pause = once(forget)
    shown = await paying(outside, order.id, method=PaymentMethod.CARD, key="key-1")

    assert shown["status"] == "PENDING"
    assert await paying(outside, order.id, method=PaymentMethod.CARD, key="key-1") == shown


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


def test_refusals_say_when_to_come_back() -> None:
    refusal: Refusal = PaymentInProgress(retry_after=30, payment_url=None)
    assert refusal.headers() == {"Retry-After": "30"}
