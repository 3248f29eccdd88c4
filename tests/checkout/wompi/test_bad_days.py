"""The Wompi simulator breaks, lies, falls silent: at most one charge, and nothing lost."""

import asyncio
from datetime import timedelta

import pytest

from mestore.checkout.jobs import ExpireOrders, expire_orders
from mestore.payments.types import AttemptStatus
from tests.checkout.bodies import PSE, Json
from tests.checkout.till import Till
from tests.checkout.wompi.buyer import (
    OPEN,
    VOID,
    Buyer,
    Jobs,
    is_paid_once,
    is_still_open,
)
from tests.conftest import MovedClock
from tests.simulators.wompi_shop import Shop


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["timeout_after", "error_500_after", "half_json"])
async def test_an_answer_that_says_nothing_is_asked_for_until_there_is_one_charge(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock, fault: str
) -> None:
    shop.control("settings", resolve_after=0.05)
    shop.break_next("create", fault)

    card = {"token": shop.card_token().json()["data"]["id"]}
    answer = await buyer.pays("CARD", card, key="card-key-1")
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.UNKNOWN]
    blocked = await buyer.pays_by_card()
    assert (blocked.status_code, blocked.json()["code"]) == (409, "PAYMENT_IN_PROGRESS")
    shop.http.delete("/_control/faults")
    shop.receiver.wait()
    await buyer.polls(clock, timedelta(seconds=15))

    await is_paid_once(till, buyer)
    # The key reads the first answer, as it was then.
    assert (await buyer.pays("CARD", card, key="card-key-1")).content == answer.content
    assert (await buyer.status())["status"] == "APPROVED"


async def test_a_connection_that_breaks_before_any_work_is_paid_again_after_a_while(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    shop.break_next("create", "refuse")
    answer = await buyer.pays_by_card()
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    assert buyer.charged() == []

    # The gateway knows of nothing; it is believed after a quarter of an hour and several answers.
    await buyer.polls(clock, timedelta(seconds=15))
    assert (await buyer.pays_by_card()).status_code == 409
    await buyer.polls(clock, timedelta(minutes=5))
    await buyer.polls(clock, timedelta(minutes=15))

    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.ERROR]
    assert (await buyer.pays_by_card()).json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


@pytest.mark.parametrize("fault", ["rate_limit"])
async def test_what_the_gateway_did_not_take_can_be_sent_again_at_once(
    till: Till, buyer: Buyer, shop: Shop, fault: str
) -> None:
    shop.break_next("create", fault, seconds=1)
    refused = await buyer.pays_by_card(key="card-key-1")
    assert (refused.status_code, refused.json()["code"]) == (503, "NOT_SUBMITTED")
    assert buyer.charged() == []
    await is_still_open(till, buyer)

    again = await buyer.pays_by_card(key="card-key-2")

    assert again.json()["status"] == "APPROVED", again.text
    await is_paid_once(till, buyer)


async def test_a_gateway_that_is_down_blocks_nothing(till: Till, buyer: Buyer, shop: Shop) -> None:
    shop.break_next("merchant", "error_500_before", times=9)

    answer = await buyer.pays_by_card()

    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_SUBMITTED")
    assert int(answer.headers["retry-after"]) >= 1
    shop.http.delete("/_control/faults")
    assert (await buyer.pays_by_card()).json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


async def test_an_order_waits_with_its_expiry_while_the_gateway_is_silent(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    await buyer.pays("PSE", PSE)
    clock.advance(timedelta(hours=25))
    shop.break_next("fetch", "error_500_before", times=3)

    await expire_orders(ExpireOrders(), outside=buyer.program.outside)
    await is_still_open(till, buyer)
    await expire_orders(ExpireOrders(), outside=buyer.program.outside)

    assert await till.stands(buyer.order["id"]) == VOID
    assert await till.doctor() == []


@pytest.mark.parametrize("change", [{"amount_in_cents": 12_209_999}, {"currency": "USD"}])
async def test_a_gateway_that_took_another_amount_pays_no_order(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs, change: Json
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.control(f"transactions/{shown['transaction_id']}/status", status="APPROVED", **change)

    await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()

    assert await till.stands(buyer.order["id"]) == OPEN
    taken = change.get("amount_in_cents", 12_210_000)
    assert await till.queues() == [("AMOUNT_MISMATCH", shown["transaction_id"], taken)]
    assert (await till.balances())["platform:unapplied"] == -taken
    assert await till.doctor() == []


async def test_an_event_that_lies_changes_nothing(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    path = f"transactions/{shown['transaction_id']}/send-event"
    shop.control(path, status="APPROVED")
    shop.control(path, status="APPROVED", bad_signature=True)
    events = shop.receiver.wait(2)

    answers = sorted([(await buyer.forwards(event)).status_code for event in events])
    await run_jobs()

    # The signature may be right: it is still the gateway who is asked.
    assert answers == [200, 401]
    await is_still_open(till, buyer)
    assert (await buyer.status())["status"] == "PENDING"


async def test_an_event_that_arrives_before_the_answer_pays_once(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shop.break_next("create", "timeout_after", seconds=0.4)
    paying = asyncio.create_task(buyer.pays_by_card())
    event = (await asyncio.to_thread(shop.receiver.wait))[0]

    assert (await buyer.forwards(event)).status_code == 200
    await run_jobs()
    answer = await paying

    assert (answer.status_code, answer.json()["status"]) == (200, "APPROVED")
    await is_paid_once(till, buyer)


async def test_a_lost_event_is_made_up_for_by_asking(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    await buyer.pays("NEQUI", {"phone_number": "3991111111"})
    shop.receiver.wait()

    await buyer.polls(clock)

    await is_paid_once(till, buyer)


async def test_a_signal_about_a_payment_of_another_system_is_stored_and_answered(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shop.pay(shop.card(), reference="POS-17")

    answer = await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()

    assert answer.status_code == 200
    assert [kind for kind, _, _ in await till.queues()] == ["ORPHAN"]
    assert await till.stands(buyer.order["id"]) == OPEN
    assert await till.doctor() == []
