"""Orders paid at the PayU simulator, over HTTP on both sides."""

import asyncio
from datetime import timedelta

import pytest

from mestore.orders.types import FinancialStatus
from mestore.payments.types import AttemptStatus
from mestore.refunds.types import RefundWish
from tests.checkout.bodies import PSE, Json
from tests.checkout.payu.buyer import PAID, TOTAL, Buyer, Jobs, is_paid_once, is_still_open
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.refunds.desk import ask_back, state_of
from tests.simulators.payu_shop import PayUShop, own_id

BANK = PSE | {"financial_institution_code": "1022"}
CASH = ("EFECTY", "CASH", "BANK_REFERENCE")


async def test_a_card_is_paid_by_the_answer_itself(till: Till, buyer: Buyer) -> None:
    answer = await buyer.pays_by_card()

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["gateway"], shown["status"]) == ("payu", "APPROVED")
    assert (shown["amount"], shown["payment_url"]) == (122_100, None)
    (order,) = buyer.shop.orders()
    assert order["referenceCode"] == f"{buyer.order['order_number']}-1"
    await is_paid_once(till, buyer)


@pytest.mark.parametrize(
    ("token", "status"), [("token-rejected", "DECLINED"), ("token-error", "ERROR")]
)
async def test_a_card_that_is_refused_may_be_followed_by_another(
    till: Till, buyer: Buyer, token: str, status: str
) -> None:
    answer = await buyer.pays_by_card(token)
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    await is_still_open(till, buyer)

    assert (await buyer.pays_by_card()).json()["status"] == "APPROVED"

    assert await till.stands(buyer.order["id"]) == PAID
    assert buyer.charged()[-1] == "APPROVED"
    assert await till.attempts(buyer.order["id"]) == [
        AttemptStatus(status),
        AttemptStatus.APPROVED,
    ]


async def test_a_repeat_with_the_same_key_reads_the_first_answer(till: Till, buyer: Buyer) -> None:
    answers = await asyncio.gather(*(buyer.pays_by_card(key="card-key-1") for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    await is_paid_once(till, buyer)


async def test_a_card_needs_its_brand_and_no_number_is_taken(till: Till, buyer: Buyer) -> None:
    for data in (
        {"token": "token-approved"},
        {"token": "token-approved", "card_brand": "VISA", "number": "4111111111111111"},
    ):
        answer = await buyer.pays("CARD", data)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert buyer.charged() == []
    await is_still_open(till, buyer)


async def test_a_bank_payment_is_approved_at_the_bank(
    till: Till, buyer: Buyer, shop: PayUShop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", BANK)).json()
    assert shown["status"] == "PENDING"
    await is_still_open(till, buyer)

    back = shop.http.post(f"{shown['payment_url']}/approve")
    assert (await buyer.hears(shown)).status_code == 200
    await run_jobs()

    await is_paid_once(till, buyer)
    path = back.headers["location"].split("/api/v1", 1)[1]
    returned = await buyer.client.get(path)
    assert returned.json() == {"intent_id": shown["intent_id"], "status": "APPROVED"}


@pytest.mark.parametrize("method", CASH)
async def test_cash_is_paid_at_the_counter_by_the_voucher(
    till: Till, buyer: Buyer, shop: PayUShop, run_jobs: Jobs, method: str
) -> None:
    shown = (await buyer.pays(method, {})).json()
    voucher = shown["voucher"]
    assert voucher["reference"]
    assert voucher["expires_at"]
    await is_still_open(till, buyer)
    # Asking again shows the same voucher and makes no other.
    assert (await buyer.pays(method, {})).json()["voucher"] == voucher

    page = shop.http.get(voucher["receipt_url"])
    assert "122.100" in page.text
    shop.http.post(f"{voucher['receipt_url']}/approve")
    assert (await buyer.hears(shown)).status_code == 200
    await run_jobs()

    await is_paid_once(till, buyer)
    assert (await buyer.status())["voucher"] is None


async def test_nequi_is_asked_about_until_its_app_has_answered(
    till: Till, buyer: Buyer, shop: PayUShop, clock: MovedClock
) -> None:
    assert (await buyer.pays("NEQUI", {"phone_number": "3007777777"})).json()["status"] == "PENDING"
    await buyer.polls(clock, timedelta(minutes=2))
    await is_still_open(till, buyer)
    shop.control("clock", seconds=301)

    await buyer.polls(clock)

    await is_paid_once(till, buyer)


async def test_a_confirmation_five_times_and_the_poll_pay_once(
    till: Till, buyer: Buyer, shop: PayUShop, run_jobs: Jobs, clock: MovedClock
) -> None:
    shown = (await buyer.pays("PSE", BANK)).json()
    shop.http.post(f"{shown['payment_url']}/approve")

    answers = await asyncio.gather(*(buyer.hears(shown) for _ in range(5)))
    await run_jobs()
    await buyer.polls(clock)

    assert {answer.status_code for answer in answers} == {200}
    assert (await till.sent())["SignalReceived", "checkout.on_signal_received"] == 1
    await is_paid_once(till, buyer)


async def test_a_declined_try_after_an_approved_one_undoes_nothing(
    till: Till, buyer: Buyer, shop: PayUShop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", BANK)).json()
    shop.http.post(f"{shown['payment_url']}/approve")
    path = f"transactions/{own_id(shown['transaction_id'])}/again"
    declined = shop.control(path, state="DECLINED")["id"]

    await buyer.hears(shown)
    await buyer.hears({"transaction_id": f"0-{declined}"})
    await run_jobs()

    assert (await till.sent())["SignalReceived", "checkout.on_signal_received"] == 2
    assert await till.stands(buyer.order["id"]) == PAID
    assert await till.queues() == []
    assert await till.doctor() == []


async def test_a_second_approval_under_the_same_order_is_queued(
    till: Till, buyer: Buyer, shop: PayUShop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays_by_card()).json()
    path = f"transactions/{own_id(shown['transaction_id'])}/again"
    second = shop.control(path, state="APPROVED")["id"]
    await buyer.hears({"transaction_id": f"0-{second}"})
    await run_jobs()

    order_id = shown["transaction_id"].partition("-")[0]
    assert await till.queues() == [("SECOND_APPROVAL", f"{order_id}-{second}", TOTAL)]
    assert (await till.balances())["platform:unapplied"] == -TOTAL
    assert await till.doctor() == []


async def _cancels(buyer: Buyer) -> Json:
    address = f"/orders/{buyer.order['id']}"
    answer = await buyer.client.delete(address, headers=buyer.headers)
    assert answer.status_code == 200, answer.text
    listed = await buyer.client.get(f"{address}/refunds", headers=buyer.headers)
    (found,) = listed.json()["refunds"]
    result: Json = found
    return result


async def test_a_card_payment_goes_back_after_ten_minutes_and_a_review(
    till: Till, buyer: Buyer, shop: PayUShop, clock: MovedClock
) -> None:
    shown = (await buyer.pays_by_card()).json()
    await _cancels(buyer)
    await buyer.follows_refunds(clock, timedelta(minutes=2))
    listed = shop.transactions()
    assert len(listed) == 1
    # Sent now, reviewed later: PayU shows the capture alone meanwhile.
    for _ in range(3):
        await buyer.follows_refunds(clock)
    assert len(shop.transactions()) == 1
    assert (await till.stands(buyer.order["id"]))[1] is not FinancialStatus.REFUNDED
    shop.control(f"transactions/{own_id(shown['transaction_id'])}/refund", state="APPROVED")

    await buyer.follows_refunds(clock, timedelta(hours=2))

    assert (await till.stands(buyer.order["id"]))[1] is FinancialStatus.REFUNDED
    refunds = [each["type"] for each in shop.transactions() if each["parentTransactionId"]]
    assert refunds == ["REFUND"]
    assert await till.doctor() == []


async def test_a_second_refund_of_a_charge_waits_until_the_first_was_reviewed(
    till: Till, buyer: Buyer, shop: PayUShop, clock: MovedClock
) -> None:
    shown = (await buyer.pays_by_card()).json()
    clock.advance(timedelta(minutes=11))
    outside, order_id = buyer.program.outside, buyer.order["id"]
    parts = [
        await ask_back(outside, order_id, RefundWish(reason="talla", amount_minor=amount))
        for amount in (1_000_000, 2_000_000)
    ]

    async def states() -> list[str]:
        return [(await state_of(till, each)).value for each in parts]

    assert await states() == ["PENDING", "REQUESTED"]
    await buyer.follows_refunds(clock)
    # Only what was sent is asked about; PayU takes no second one meanwhile.
    assert (await states())[1] == "REQUESTED"
    assert [each["value"] for each in shop.refunds()] == ["10000"]
    shop.control(f"transactions/{own_id(shown['transaction_id'])}/refund", state="APPROVED")
    await buyer.follows_refunds(clock, timedelta(hours=2))
    await buyer.follows_refunds(clock)
    assert [each["value"] for each in shop.refunds()] == ["10000", "20000"]
    shop.control(f"transactions/{own_id(shown['transaction_id'])}/refund", state="APPROVED")
    await buyer.follows_refunds(clock, timedelta(hours=2))

    assert await states() == ["APPROVED", "APPROVED"]
    assert await till.doctor() == []


async def test_what_was_paid_in_cash_goes_back_by_transfer(
    buyer: Buyer, shop: PayUShop, run_jobs: Jobs, clock: MovedClock
) -> None:
    answer = await buyer.pays("CASH", {})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    shop.http.post(f"{shown['voucher']['receipt_url']}/approve")
    await buyer.hears(shown)
    await run_jobs()

    assert (await _cancels(buyer))["state"] == "TRANSFER_DUE"
    await buyer.follows_refunds(clock)
    assert len(shop.transactions()) == 1
