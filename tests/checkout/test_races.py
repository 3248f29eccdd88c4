"""Many at once: nothing sold twice, nobody locked out, one order a key."""

import asyncio
import random
from collections import Counter
from dataclasses import replace

import httpx2
import pytest

from mestore.checkout.service.cancel import cancel
from mestore.checkout.types import Outside
from mestore.inventory.errors import InsufficientStock
from mestore.orders.errors import OrderNotCancellable
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus, PlacedOrder
from mestore.payments.types import AttemptStatus, Verdict
from tests.build import BuiltProduct
from tests.checkout.bank import Bank
from tests.checkout.till import GUEST, SHIPPING, Till, guest, said

HEADERS = {"Session-ID": GUEST, "Idempotency-Key": "key-of-the-test-1"}


async def test_two_hundred_buyers_of_ten_units_buy_ten(till: Till) -> None:
    product = await till.build.product(stock=10)

    results = await asyncio.gather(
        *(till.place(product, owner=guest(f"buyer-{number:04}")) for number in range(200)),
        return_exceptions=True,
    )

    kinds = Counter(type(result) for result in results)
    assert kinds == {PlacedOrder: 10, InsufficientStock: 190}
    assert await till.build.stock_of(product.variant_id) == (10, 10)
    assert (await till.counts())["orders"] == 10
    assert await till.doctor() == []


async def test_the_last_units_are_shared_out_exactly_whatever_is_asked_for(till: Till) -> None:
    product = await till.build.product(stock=30)
    asked = [random.Random(7).randint(1, 4) for _ in range(60)]

    results = await asyncio.gather(
        *(
            till.place((product, units), owner=guest(f"buyer-{n:04}"))
            for n, units in enumerate(asked)
        ),
        return_exceptions=True,
    )

    sold = sum(one.draft.lines[0].quantity for one in results if isinstance(one, PlacedOrder))
    assert all(isinstance(one, (PlacedOrder, InsufficientStock)) for one in results)
    assert await till.build.stock_of(product.variant_id) == (30, sold)
    assert 27 <= sold <= 30
    assert await till.doctor() == []


async def test_carts_in_any_order_never_lock_each_other_out(till: Till) -> None:
    vendor = await till.build.vendor()
    products = [await till.build.product(stock=500, vendor=vendor) for _ in range(3)]
    dice = random.Random(11)
    baskets: list[list[BuiltProduct]] = [dice.sample(products, 3) for _ in range(120)]

    results = await asyncio.gather(
        *(till.place(*basket, owner=guest(f"buyer-{n:04}")) for n, basket in enumerate(baskets)),
        return_exceptions=True,
    )

    assert [one for one in results if not isinstance(one, PlacedOrder)] == []
    for product in products:
        assert await till.build.stock_of(product.variant_id) == (500, 120)
    assert await till.doctor() == []


async def test_one_cart_is_ordered_once_however_often_it_is_sent(till: Till) -> None:
    product = await till.build.product(stock=100)
    await till.build.cart(product, quantity=2, session_id=GUEST)

    results = await asyncio.gather(*(till.place() for _ in range(20)), return_exceptions=True)

    refused = {getattr(one, "code", None) for one in results if isinstance(one, Exception)}
    assert sum(isinstance(one, PlacedOrder) for one in results) == 1
    assert refused <= {"CART_CHANGED", "EMPTY_CART"}
    assert await till.build.stock_of(product.variant_id) == (100, 2)


async def test_parallel_repeats_of_a_key_place_one_order_and_read_one_answer(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product(stock=100)
    body = {**SHIPPING, "items": [{"product_id": str(product.id), "quantity": 3}]}

    answers = await asyncio.gather(
        *(client.post("/orders", json=body, headers=HEADERS) for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer.headers.get("idempotent-replayed") for answer in answers]
    assert Counter(replayed) == {"true": 19, None: 1}
    assert (await till.counts())["orders"] == 1
    assert await till.build.stock_of(product.variant_id) == (100, 3)
    assert await till.sent() == {("OrderPlaced", "notifications.on_order_placed"): 1}


async def test_parallel_repeats_of_a_refused_key_read_one_refusal(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product(stock=2)
    body = {**SHIPPING, "items": [{"product_id": str(product.id), "quantity": 3}]}

    answers = await asyncio.gather(
        *(client.post("/orders", json=body, headers=HEADERS) for _ in range(20))
    )

    assert {(one.status_code, one.json()["code"]) for one in answers} == {
        (409, "INSUFFICIENT_STOCK")
    }
    assert await till.build.stock_of(product.variant_id) == (2, 0)
    await till.build.product()
    again = await client.post("/orders", json=body, headers=HEADERS)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (409, "true")


async def test_a_key_belongs_to_one_body(till: Till, client: httpx2.AsyncClient) -> None:
    product = await till.build.product(stock=100)
    body = {**SHIPPING, "items": [{"product_id": str(product.id), "quantity": 3}]}
    placed = await client.post("/orders", json=body, headers=HEADERS)
    other = {**SHIPPING, "items": [{"product_id": str(product.id), "quantity": 4}]}

    refused = await client.post("/orders", json=other, headers=HEADERS)

    assert (placed.status_code, refused.status_code) == (201, 422)
    assert refused.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await till.counts())["orders"] == 1
    somebody_else = {**HEADERS, "Session-ID": "another-guest-01"}
    assert (await client.post("/orders", json=other, headers=somebody_else)).status_code == 201


async def test_parallel_cancels_free_the_stock_once(till: Till) -> None:
    product = await till.build.product(stock=5)
    order = await till.place((product, 4))
    outside = Outside(till.database, {}, "http://shop.example.com")

    results = await asyncio.gather(
        *(cancel(outside, order.id, CancelReason.BUYER, None) for _ in range(10)),
        return_exceptions=True,
    )

    assert results.count(None) >= 1
    assert {type(one) for one in results} <= {type(None), OrderNotCancellable}
    assert await till.stands(order.id) == (OrderStatus.CANCELLED, FinancialStatus.VOIDED)
    assert await till.build.stock_of(product.variant_id) == (5, 0)
    assert (await till.counts())["order_changes"] == 3
    assert await till.doctor() == []


@pytest.mark.parametrize("reason", [CancelReason.BUYER, CancelReason.EXPIRED])
async def test_cancelling_and_settling_at_once_end_in_one_story(
    till: Till, reason: CancelReason
) -> None:
    bank = Bank()
    outside = Outside(till.database, {bank.code: bank}, "http://shop.example.com")
    product = await till.build.product(stock=100)
    orders = [await till.place(product, owner=guest(f"buyer-{n:04}")) for n in range(12)]
    attempts = [await till.attempt(order) for order in orders]
    # Not at the bank yet: who cancels asks, hears of nothing, and goes on.
    steps = [till.settle(said(attempt, AttemptStatus.APPROVED)) for attempt in attempts]
    cancels = [cancel(outside, order.id, reason, None) for order in orders]

    results = await asyncio.gather(*steps, *cancels, return_exceptions=True)

    assert {type(one) for one in results} <= {Verdict, type(None), OrderNotCancellable}
    stories = Counter([await till.stands(order.id) for order in orders])
    paid = stories[OrderStatus.CONFIRMED, FinancialStatus.PAID]
    void = stories[OrderStatus.CANCELLED, FinancialStatus.VOIDED]
    assert paid + void == 12
    assert reason is CancelReason.BUYER or void == 0
    assert await till.build.stock_of(product.variant_id) == (100 - paid, 0)
    assert [kind for kind, _, _ in await till.queues()] == ["LATE_APPROVAL"] * void
    assert (await till.balances())["gateway:bank"] == 12 * orders[0].draft.total_minor
    assert await till.doctor() == []


async def test_shuffled_outcomes_in_parallel_have_one_effect(till: Till) -> None:
    product = await till.build.product(stock=5)
    order = await till.place((product, 2))
    attempt = await till.attempt(order)
    approved = said(attempt, AttemptStatus.APPROVED)
    outcomes = [approved] * 20
    outcomes += [said(attempt, AttemptStatus.PENDING, payment_url="http://bank.example/1")] * 5
    outcomes += [said(attempt, status) for status in (AttemptStatus.DECLINED, AttemptStatus.ERROR)]
    random.Random(3).shuffle(outcomes)

    verdicts = await asyncio.gather(*(till.settle(outcome) for outcome in outcomes))

    assert verdicts.count(Verdict.APPROVED) == 1
    assert Verdict.QUEUED not in verdicts
    await paid_once(till, order, product)


async def test_the_same_approval_twenty_times_in_parallel_has_one_effect(till: Till) -> None:
    product = await till.build.product(stock=5)
    order = await till.place((product, 2))
    approved = said(await till.attempt(order), AttemptStatus.APPROVED)

    verdicts = await asyncio.gather(*(till.settle(replace(approved)) for _ in range(20)))

    assert Counter(verdicts) == {Verdict.APPROVED: 1, Verdict.REPEATED: 19}
    await paid_once(till, order, product)


async def paid_once(till: Till, order: PlacedOrder, product: BuiltProduct) -> None:
    assert await till.stands(order.id) == (OrderStatus.CONFIRMED, FinancialStatus.PAID)
    assert await till.build.stock_of(product.variant_id) == (3, 0)
    assert await till.entries() == [f"capture:{order.id}", f"commission:{order.id}"]
    assert (await till.sent())["OrderPaid", "notifications.on_order_paid"] == 1
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_many_orders_settle_at_once_over_the_same_accounts(till: Till) -> None:
    vendors = [await till.build.vendor() for _ in range(3)]
    products = [await till.build.product(stock=100, vendor=vendor) for vendor in vendors]
    dice = random.Random(5)
    orders = []
    for number in range(30):
        basket = dice.sample(products, dice.randint(1, 3))
        orders.append(await till.place(*basket, owner=guest(f"buyer-{number:04}")))
    attempts = [await till.attempt(order) for order in orders]

    verdicts = await asyncio.gather(
        *(till.settle(said(attempt, AttemptStatus.APPROVED)) for attempt in attempts)
    )

    assert set(verdicts) == {Verdict.APPROVED}
    total = sum(order.draft.total_minor for order in orders)
    assert (await till.balances())["gateway:bank"] == total
    assert await till.doctor() == []
