"""Orders paid at the Wompi simulator, over HTTP on both sides."""

import asyncio
from datetime import timedelta

import pytest

from mestore.checkout.jobs import ExpireOrders, expire_orders
from mestore.payments.types import AttemptStatus
from tests.checkout.bodies import PSE
from tests.checkout.till import Till
from tests.checkout.wompi.buyer import (
    PAID,
    Buyer,
    Jobs,
    is_paid_once,
    is_still_open,
)
from tests.conftest import MovedClock
from tests.simulators.wompi_shop import APPROVED_CARD, DECLINED_CARD, Shop


async def test_a_bank_payment_is_approved_at_the_bank(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    answer = await buyer.pays("PSE", PSE)

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    (charged,) = buyer.charged()
    assert shown["status"] == "PENDING"
    assert (shown["amount"], shown["currency"]) == (122_100, "COP")
    assert shown["transaction_id"] == charged["id"]
    assert charged["reference"] == f"{buyer.order['order_number']}-1"
    assert (charged["amount_in_cents"], charged["customer_email"]) == (
        12_210_000,
        "guest@example.com",
    )
    await is_still_open(till, buyer)

    back = shop.http.post(f"{shown['payment_url']}/approve")
    assert (await buyer.forwards(shop.receiver.wait()[0])).status_code == 200
    await run_jobs()

    await is_paid_once(till, buyer)
    assert (await buyer.status())["status"] == "APPROVED"
    assert (await buyer.status())["payment_url"] is None
    # Where the bank sends the browser: our own page, which asks and does not believe.
    base_url, path = back.headers["location"].split("/api/v1", 1)
    assert base_url == buyer.program.settings.base_url
    returned = await buyer.client.get(path)
    assert returned.json() == {"intent_id": shown["intent_id"], "status": "APPROVED"}


async def test_a_bank_payment_that_is_declined_may_be_tried_again(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/decline")
    await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()
    assert (await buyer.status())["status"] == "DECLINED"
    await is_still_open(till, buyer)

    again = (await buyer.pays("PSE", PSE)).json()
    assert again["intent_id"] == shown["intent_id"]
    shop.http.post(f"{again['payment_url']}/approve")
    await buyer.forwards(shop.receiver.wait(2)[1])
    await run_jobs()

    assert await till.stands(buyer.order["id"]) == PAID
    assert [one["status"] for one in buyer.charged()] == ["DECLINED", "APPROVED"]
    assert await till.doctor() == []


async def test_the_browsers_return_settles_without_any_event(
    till: Till, buyer: Buyer, shop: Shop
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    path = f"/payments/return/{shown['intent_id']}?id={shown['transaction_id']}&status=APPROVED"
    assert (await buyer.client.get(path)).json()["status"] == "PENDING"
    await is_still_open(till, buyer)
    shop.http.post(f"{shown['payment_url']}/approve")

    assert (await buyer.client.get(path)).json()["status"] == "APPROVED"

    await is_paid_once(till, buyer)


@pytest.mark.parametrize(
    ("number", "status"),
    [(APPROVED_CARD, "APPROVED"), (DECLINED_CARD, "DECLINED"), ("4000000000000002", "ERROR")],
)
async def test_a_card_ends_while_the_shopper_waits(
    till: Till, buyer: Buyer, number: str, status: str
) -> None:
    answer = await buyer.pays_by_card(number)

    assert (answer.status_code, answer.json()["status"]) == (200, status)
    if status == "APPROVED":
        await is_paid_once(till, buyer)
    else:
        await is_still_open(till, buyer)


async def test_a_spent_card_token_is_refused_and_nothing_is_charged(
    till: Till, buyer: Buyer
) -> None:
    answer = await buyer.pays("CARD", {"token": "tok_test_nobody_knows"})

    assert (answer.status_code, answer.json()["code"]) == (422, "DECLINED")
    assert buyer.charged() == []
    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.DECLINED]
    await is_still_open(till, buyer)


@pytest.mark.parametrize(
    ("phone", "status"),
    [("3991111111", "APPROVED"), ("+57 399 222 2222", "DECLINED"), ("3001234567", "ERROR")],
)
async def test_nequi_ends_in_the_app(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs, phone: str, status: str
) -> None:
    answer = await buyer.pays("NEQUI", {"phone_number": phone})
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")

    await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()

    assert (await buyer.status())["status"] == status
    if status == "APPROVED":
        await is_paid_once(till, buyer)
    else:
        await is_still_open(till, buyer)


async def test_an_event_five_times_and_the_poll_and_the_return_pay_once(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs, clock: MovedClock
) -> None:
    shop.control("settings", repeats=5, uppercase="always")
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/approve")
    events = shop.receiver.wait(5)

    returning = buyer.client.get(f"/payments/return/{shown['intent_id']}")
    answers = await asyncio.gather(returning, *(buyer.forwards(event) for event in events))
    await run_jobs()
    await buyer.polls(clock)

    assert {answer.status_code for answer in answers} == {200}
    assert (await till.sent())["SignalReceived", "checkout.on_signal_received"] == 1
    await is_paid_once(till, buyer)


async def test_a_repeat_with_the_same_key_reads_the_first_answer_byte_by_byte(
    till: Till, buyer: Buyer
) -> None:
    token = buyer.shop.card_token().json()["data"]["id"]
    answers = await asyncio.gather(
        *(buyer.pays("CARD", {"token": token}, key="card-key-1") for _ in range(10))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


async def test_a_second_way_to_pay_waits_for_the_first(till: Till, buyer: Buyer) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()

    same = await buyer.pays("PSE", PSE)
    other = await buyer.pays_by_card()

    assert (same.status_code, same.json()["payment_url"]) == (200, shown["payment_url"])
    assert (other.status_code, other.json()["code"]) == (409, "PAYMENT_IN_PROGRESS")
    assert other.headers["retry-after"] == "30"
    assert other.json()["details"]["payment_url"] == shown["payment_url"]
    assert len(buyer.charged()) == 1


async def test_an_order_paid_in_its_last_second_does_not_expire(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/approve")
    clock.advance(timedelta(hours=25))

    await expire_orders(ExpireOrders(), outside=buyer.program.outside)

    await is_paid_once(till, buyer)


async def test_cancelling_while_the_bank_approves_sends_the_money_back(
    till: Till, buyer: Buyer, shop: Shop
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/approve")

    address = f"/orders/{buyer.order['id']}"
    answer = await buyer.client.delete(address, headers=buyer.headers)
    again = await buyer.client.delete(address, headers=buyer.headers)

    assert (answer.status_code, again.status_code) == (200, 200), answer.text
    assert answer.json()["order"]["status"] == "CANCELLED"
    listed = await buyer.client.get(f"{address}/refunds", headers=buyer.headers)
    assert [each["amount"] for each in listed.json()["refunds"]] == [buyer.order["total_amount"]]
