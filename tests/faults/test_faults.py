"""Every fault of every gateway: one charge, one refund, and books that agree with its own."""

import pytest

from mestore.payments.types import AttemptStatus
from mestore.refunds.types import RefundState
from tests.faults.buyer import OPEN, Buyer
from tests.faults.hands import Hand

# What may be sent again at once, and what nobody can say anything of.
NOT_SENT = frozenset({"rate_limit"})
FAULTS = ("refuse", "timeout_after", "error_500_after", "half_json", "slow", "rate_limit")
every_fault = pytest.mark.parametrize("fault", FAULTS)


@every_fault
async def test_an_order_is_charged_once(buyer: Buyer, hand: Hand, fault: str) -> None:
    order = await buyer.orders()

    with buyer.on_a_bad_day("charge", fault):
        answer = await buyer.pays(order, "key-of-the-first")
        if fault in NOT_SENT:
            assert (answer.status_code, answer.json()["code"]) == (503, "NOT_SUBMITTED")
            assert await buyer.till.attempts(order.id) == [AttemptStatus.ERROR]
        else:
            assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
            assert await buyer.till.attempts(order.id) == [AttemptStatus.UNKNOWN]
            blocked = await buyer.pays(order, "key-of-the-second")
            assert (blocked.status_code, blocked.json()["code"]) == (409, "PAYMENT_IN_PROGRESS")
        assert await buyer.till.stands(order.id) == OPEN
    await buyer.time_passes(0.5, 5, 15)

    if not hand.taken():
        assert await buyer.till.attempts(order.id) == [AttemptStatus.ERROR]
        again = await buyer.pays(order, "key-of-the-third")
        assert again.json()["status"] == "APPROVED", again.text
    await buyer.has_paid_once(order)


@every_fault
async def test_what_no_answer_says_is_asked_again(buyer: Buyer, hand: Hand, fault: str) -> None:
    waiting, unknown = await buyer.orders(), await buyer.orders()
    method, data = hand.pending()
    assert (await buyer.pays(waiting, "key-of-one", method, data)).json()["status"] == "PENDING"
    with buyer.on_a_bad_day("charge", "error_500_after"):
        assert (await buyer.pays(unknown, "key-of-two")).json()["status"] == "PENDING"
    hand.approve()

    with buyer.on_a_bad_day("question", fault, times=99):
        await buyer.time_passes(15, 60)
    for order in (waiting, unknown):
        # The gateway said nothing, so nothing was believed: not even that there is nothing.
        assert await buyer.till.stands(order.id) == OPEN
        assert await buyer.till.attempts(order.id) != [AttemptStatus.ERROR]
    await buyer.time_passes(60)

    await buyer.has_paid_once(waiting, unknown)


@every_fault
async def test_an_order_is_paid_back_once(buyer: Buyer, fault: str) -> None:
    order = await buyer.has_paid()
    # PayU gives nothing back in the first ten minutes.
    await buyer.time_passes(11)

    with buyer.on_a_bad_day("refund", fault):
        state = await buyer.calls_off(order)
        assert state is (RefundState.REQUESTED if fault in NOT_SENT else RefundState.UNKNOWN)
    await buyer.refunds_end()

    await buyer.has_money_back_once(order)


@every_fault
async def test_a_refund_of_which_no_answer_says_anything_is_asked_about_again(
    buyer: Buyer, fault: str
) -> None:
    order = await buyer.has_paid()
    await buyer.time_passes(11)
    with buyer.on_a_bad_day("refund", "error_500_after"):
        assert await buyer.calls_off(order) is RefundState.UNKNOWN

    with buyer.on_a_bad_day("question", fault, times=99):
        await buyer.asks_about_refunds(30, 60)
        assert await buyer.refund_of(order) is RefundState.UNKNOWN
    await buyer.refunds_end()

    await buyer.has_money_back_once(order)
