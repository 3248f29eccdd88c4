"""Refunds of orders: every path ends once, and never more goes back than was paid."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mestore.checkout.types import Outside
from mestore.kernel.errors import Refusal
from mestore.orders.types import FinancialStatus, OrderStatus
from mestore.payments.errors import Declined, NotSubmitted, OutcomeUnknown
from mestore.payments.types import PaymentMethod
from mestore.refunds.errors import NotALineOfTheOrder, NotRefundable, OverRefund
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from mestore.refunds.service.transfer import name_account, note_transferred
from mestore.refunds.types import RefundState, RefundWish
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.refunds.desk import ACCOUNT, ALL, amounts, ask_back, counters, of_line, state_of


async def test_a_whole_refund_leaves_nothing_in_the_books(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place((await till.build.product(stock=5), 2), await till.build.product())
    await till.settle_approved(order)

    refund_id = await ask_back(outside, order.id)

    assert await state_of(till, refund_id) is RefundState.APPROVED
    assert await till.balances() == {}
    assert await till.stands(order.id) == (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)
    (sent,) = bank.refunded.values()
    assert sent.amount_minor == order.draft.total_minor
    assert (await till.sent())["OrderRefunded", "notifications.on_order_refunded"] <= 1


async def test_parts_add_up_to_the_whole_to_the_centavo(till: Till, outside: Outside) -> None:
    product = await till.build.product(stock=9)
    order = await till.place((product, 3), await till.build.product())
    await till.settle_approved(order)
    first, second = (line.id for line in order.lines)
    if order.lines[0].line.quantity != 3:
        first, second = second, first

    for _ in range(3):
        await ask_back(outside, order.id, of_line(first))
        assert await till.stands(order.id) == (
            OrderStatus.CONFIRMED,
            FinancialStatus.PARTIALLY_REFUNDED,
        )
    await ask_back(outside, order.id, of_line(second, shipping=True))

    assert sum(await amounts(till, order.id)) == order.draft.total_minor
    assert (await till.stands(order.id))[1] is FinancialStatus.REFUNDED
    assert await till.balances() == {}


async def test_an_amount_is_spread_and_the_rest_is_what_is_left(
    till: Till, outside: Outside
) -> None:
    order = await till.place(await till.build.product(), await till.build.product())
    await till.settle_approved(order)

    await ask_back(outside, order.id, RefundWish("late", amount_minor=1_001))
    await ask_back(outside, order.id)

    assert await amounts(till, order.id) == [1_001, order.draft.total_minor - 1_001]
    assert await till.balances() == {}


@pytest.mark.parametrize("silent", [False, True])
async def test_rivals_never_give_back_more_than_was_paid(
    till: Till, bank: Bank, outside: Outside, silent: bool
) -> None:
    order = await till.place((await till.build.product(stock=9), 4))
    await till.settle_approved(order)
    line = order.lines[0].id
    bank.is_silent = silent

    wishes = [of_line(line, 2), of_line(line, 3), ALL, of_line(line, 1), of_line(line, 4)]
    done = await asyncio.gather(
        *(ask_back(outside, order.id, wish) for wish in wishes), return_exceptions=True
    )

    refusals = [each for each in done if isinstance(each, BaseException)]
    assert all(isinstance(each, Refusal) for each in refusals)
    assert sum(await amounts(till, order.id)) <= order.draft.total_minor
    money, _, [(units, _)] = await counters(till, order.id)
    assert units <= 4
    assert money == sum(await amounts(till, order.id))
    assert sum(each.amount_minor for each in bank.refunded.values()) == money


async def test_more_than_is_left_and_foreign_lines_are_refused(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place((await till.build.product(stock=9), 2))
    unpaid = await till.place(await till.build.product())
    await till.settle_approved(order)
    line = order.lines[0].id

    for wish, refusal in (
        (of_line(line, 3), OverRefund),
        (of_line(unpaid.lines[0].id), NotALineOfTheOrder),
        (RefundWish("", amount_minor=order.draft.total_minor + 1), OverRefund),
        (RefundWish("", amount_minor=0), OverRefund),
    ):
        with pytest.raises(refusal):
            await ask_back(outside, order.id, wish)
    with pytest.raises(NotRefundable):
        await ask_back(outside, unpaid.id)

    assert bank.refunded == {}
    assert await counters(till, order.id) == (0, 0, [(0, 0)])


async def test_an_unknown_refund_is_asked_about_and_never_sent_again(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    bank.is_silent = True

    refund_id = await ask_back(outside, order.id)
    assert await state_of(till, refund_id) is RefundState.UNKNOWN
    assert (await till.stands(order.id))[1] is FinancialStatus.PAID
    with pytest.raises(OverRefund):
        await ask_back(outside, order.id)
    clock.advance(timedelta(minutes=2))
    await follow_refunds(FollowRefunds(), outside=outside)
    assert await state_of(till, refund_id) is RefundState.UNKNOWN

    bank.is_silent = False
    bank.refusal = OutcomeUnknown("it must not be sent again")
    clock.advance(timedelta(hours=1))
    await follow_refunds(FollowRefunds(), outside=outside)

    assert await state_of(till, refund_id) is RefundState.APPROVED
    assert await till.balances() == {}


async def test_what_the_gateway_surely_did_not_get_is_sent_later(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    bank.refusal = NotSubmitted()

    refund_id = await ask_back(outside, order.id)
    assert await state_of(till, refund_id) is RefundState.REQUESTED

    bank.refusal = None
    clock.advance(timedelta(minutes=2))
    await follow_refunds(FollowRefunds(), outside=outside)
    assert await state_of(till, refund_id) is RefundState.APPROVED


async def test_a_declined_refund_leaves_the_order_as_it_was(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    before = await till.balances()
    bank.refusal = Declined(reason="too old")

    refund_id = await ask_back(outside, order.id)

    assert await state_of(till, refund_id) is RefundState.DECLINED
    assert await counters(till, order.id) == (0, 0, [(0, 0)])
    assert await till.balances() == before
    assert (await till.stands(order.id))[1] is FinancialStatus.PAID


async def test_what_no_gateway_can_send_back_is_transferred(
    till: Till, bank: Bank, outside: Outside
) -> None:
    nothing: frozenset[PaymentMethod] = frozenset()
    bank.profile = replace(bank.profile, refundable=nothing)
    order = await till.place(await till.build.product())
    await till.settle_approved(order)

    refund_id = await ask_back(outside, order.id)
    assert await state_of(till, refund_id) is RefundState.TRANSFER_DUE
    assert bank.refunded == {}
    async with till.database.transaction() as tx:
        await name_account(tx, refund_id, ACCOUNT)
    async with till.database.transaction() as tx:
        await note_transferred(tx, refund_id, "T-1")

    assert await state_of(till, refund_id) is RefundState.TRANSFERRED
    assert (await till.stands(order.id))[1] is FinancialStatus.REFUNDED
    with pytest.raises(Refusal):
        async with till.database.transaction() as tx:
            await note_transferred(tx, refund_id, "T-2")
