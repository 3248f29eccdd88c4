"""The PayU simulator breaks, lies, falls silent: at most one charge, and nothing lost."""

from datetime import timedelta

import pytest

from mestore.payments.types import AttemptStatus
from tests.checkout.bodies import PSE
from tests.checkout.payu.buyer import OPEN, Buyer, Jobs, is_paid_once, is_still_open
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.simulators.payu_shop import PayUShop, own_id

BANK = PSE | {"financial_institution_code": "1022"}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["timeout_after", "error_500_after", "half_json", "slow"])
async def test_an_answer_that_says_nothing_is_asked_for_until_there_is_one_charge(
    till: Till, buyer: Buyer, shop: PayUShop, clock: MovedClock, fault: str
) -> None:
    shop.break_next("charge", fault)

    answer = await buyer.pays_by_card(key="card-key-1")
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.UNKNOWN]
    blocked = await buyer.pays_by_card()
    assert (blocked.status_code, blocked.json()["code"]) == (409, "PAYMENT_IN_PROGRESS")
    shop.mend()
    shop.deliveries(1)
    await buyer.polls(clock, timedelta(seconds=15))

    await is_paid_once(till, buyer)
    # The key reads the first answer, as it was then.
    assert (await buyer.pays_by_card(key="card-key-1")).content == answer.content
    assert (await buyer.status())["status"] == "APPROVED"


async def test_a_connection_that_breaks_before_any_work_is_paid_again_after_a_while(
    till: Till, buyer: Buyer, shop: PayUShop, clock: MovedClock
) -> None:
    shop.break_next("charge", "refuse")
    answer = await buyer.pays_by_card()
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    assert buyer.charged() == []

    # PayU lists nothing; it is believed after a quarter of an hour and several answers.
    await buyer.polls(clock, timedelta(seconds=15))
    assert (await buyer.pays_by_card()).status_code == 409
    await buyer.polls(clock, timedelta(minutes=5))
    await buyer.polls(clock, timedelta(minutes=15))

    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.ERROR]
    assert (await buyer.pays_by_card()).json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


@pytest.mark.parametrize(
    ("operation", "fault", "more"),
    [
        ("charge", "rate_limit", {}),
        ("charge", "code_error", {"error": "Invalid credentials"}),
        ("orders", "error_500_before", {"times": 3}),
        ("orders", "half_json", {"times": 3}),
    ],
)
async def test_what_payu_did_not_take_can_be_sent_again_at_once(
    till: Till, buyer: Buyer, shop: PayUShop, operation: str, fault: str, more: dict[str, object]
) -> None:
    shop.break_next(operation, fault, **more)
    refused = await buyer.pays_by_card(key="card-key-1")
    assert (refused.status_code, refused.json()["code"]) == (503, "NOT_SUBMITTED")
    assert buyer.charged() == []
    await is_still_open(till, buyer)

    again = await buyer.pays_by_card(key="card-key-2")

    assert again.json()["status"] == "APPROVED", again.text
    await is_paid_once(till, buyer)


async def test_data_that_payu_refuses_with_status_200_is_declined(till: Till, buyer: Buyer) -> None:
    answer = await buyer.pays_by_card("token-nobody-knows")
    assert (answer.status_code, answer.json()["code"]) == (422, "DECLINED")
    assert buyer.charged() == []
    await is_still_open(till, buyer)


async def test_an_order_with_centavos_is_refused_before_an_attempt(
    till: Till, buyer: Buyer
) -> None:
    await buyer.orders(await till.build.product(price="45000.25", stock=5), 2)
    answer = await buyer.pays_by_card()
    assert (answer.status_code, answer.json()["code"]) == (422, "AMOUNT_NOT_WHOLE")
    assert await till.attempts(buyer.order["id"]) == []
    assert buyer.charged() == []


async def test_cash_beyond_its_limits_is_refused(till: Till, buyer: Buyer) -> None:
    await buyer.orders(await till.build.product(price="4500000", stock=5), 2)
    answer = await buyer.pays("EFECTY", {})
    assert (answer.status_code, answer.json()["code"]) == (422, "AMOUNT_OUT_OF_LIMITS")
    assert await till.attempts(buyer.order["id"]) == []


async def test_payu_that_took_another_amount_pays_no_order(
    till: Till, buyer: Buyer, shop: PayUShop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", BANK)).json()
    shop.impose(shown["transaction_id"], "APPROVED", value=122_099)

    assert (await buyer.hears(shown)).status_code == 200
    await run_jobs()

    assert await till.stands(buyer.order["id"]) == OPEN
    assert await till.queues() == [("AMOUNT_MISMATCH", shown["transaction_id"], 12_209_900)]
    assert await till.doctor() == []


async def test_a_confirmation_that_lies_changes_nothing(
    till: Till, buyer: Buyer, shop: PayUShop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", BANK)).json()
    path = f"transactions/{own_id(shown['transaction_id'])}/confirm"
    shop.control(path, state="APPROVED")
    lie = shop.deliveries(1)[0]["body"]
    forged = shop.confirmation(shown["transaction_id"])["forged"]

    answers = [(await buyer.forwards(body)).status_code for body in (lie, forged, "", "{}")]
    await run_jobs()

    # The signature may be right: it is still PayU who is asked.
    assert answers == [200, 401, 400, 400]
    await is_still_open(till, buyer)
    assert (await buyer.status())["status"] == "PENDING"


async def test_a_lost_confirmation_is_made_up_for_by_asking(
    till: Till, buyer: Buyer, shop: PayUShop, clock: MovedClock
) -> None:
    shown = (await buyer.pays("PSE", BANK)).json()
    shop.http.post(f"{shown['payment_url']}/approve")

    await buyer.polls(clock)

    await is_paid_once(till, buyer)


async def test_a_voucher_that_ran_out_is_over(
    till: Till, buyer: Buyer, shop: PayUShop, clock: MovedClock
) -> None:
    await buyer.pays("CASH", {})
    shop.control("clock", seconds=8 * 86_400)

    await buyer.polls(clock, timedelta(minutes=40))

    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.DECLINED]
    assert buyer.charged() == ["EXPIRED"]
    await is_still_open(till, buyer)
