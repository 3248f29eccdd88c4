"""Refunds beside disputes: what a bank took is never given back a second time."""

import asyncio

import pytest
from sqlalchemy import select

from mestore.checkout.types import Outside
from mestore.disputes.service import DisputeService
from mestore.kernel.errors import Refusal
from mestore.ledger.types import WRITTEN_OFF
from mestore.orders.types import CancelReason, PlacedOrder
from mestore.payments.models import PaymentException
from mestore.payments.types import AttemptState, AttemptStatus, DisputeStatus
from mestore.payments.types.stranded import ExceptionEnd
from mestore.refunds.errors import OverRefund, TakenByBank
from mestore.refunds.jobs import SettleQueues, settle_queues
from mestore.refunds.models import RefundRow
from mestore.refunds.service.cancel import call_off
from mestore.refunds.service.queues import resolve
from mestore.refunds.service.request import quote, request_refund
from mestore.refunds.service.send import TAKEN, send
from mestore.refunds.service.transfer import name_account, note_transferred
from mestore.refunds.types import RefundState, RefundWish
from tests.checkout.bank import Bank
from tests.checkout.till import Till, said
from tests.disputes.court import hear, row, taken, told
from tests.refunds.desk import ACCOUNT, ALL, amounts, ask_back, counters, of_line, state_of


async def paid(till: Till) -> tuple[PlacedOrder, AttemptState]:
    order = await till.place((await till.build.product(stock=9), 2), await till.build.product())
    return order, await till.settle_approved(order)


async def wanted(outside: Outside, order: PlacedOrder, wish: RefundWish = ALL) -> int:
    """Write a refund and do not send it."""
    async with outside.database.transaction() as tx:
        return await request_refund(tx, outside.gateways, order.id, wish, actor_id=None)


async def stopped_of(till: Till, order: PlacedOrder) -> int:
    """Return what refunds of an order would have been that were not sent."""
    query = select(RefundRow.amount_minor).where(
        RefundRow.order_id == order.id, RefundRow.code == TAKEN
    )
    async with till.database.read() as connection:
        return sum((await connection.execute(query)).scalars())


async def test_a_refund_may_be_what_the_bank_left(till: Till, bank: Bank, outside: Outside) -> None:
    order, attempt = await paid(till)
    part = attempt.amount_minor // 3
    await hear(till, attempt, told(attempt, amount_minor=part))
    left = attempt.amount_minor - part

    async with till.database.transaction() as tx:
        found = await quote(tx, order.id, ALL)
    assert (found.left_minor, found.total_minor) == (left, left)
    with pytest.raises(OverRefund):
        await ask_back(outside, order.id, RefundWish("too much", amount_minor=left + 1))
    assert bank.refunded == {}
    await ask_back(outside, order.id)

    assert await amounts(till, order.id) == [left]
    assert await taken(till, order) == (True, part, 0)
    await hear(till, attempt, told(attempt, DisputeStatus.LOST, amount_minor=part))
    assert sum((await till.balances()).values()) == 0
    assert WRITTEN_OFF not in await till.balances()


async def test_nothing_goes_back_while_the_bank_has_all(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order, attempt = await paid(till)
    await hear(till, attempt, told(attempt))
    before = await counters(till, order.id)

    for wish in (ALL, of_line(order.lines[0].id), RefundWish("a bit", amount_minor=1)):
        with pytest.raises(OverRefund):
            await ask_back(outside, order.id, wish)

    assert bank.refunded == {}
    assert await counters(till, order.id) == before
    # What is won can go back again.
    await hear(till, attempt, told(attempt, DisputeStatus.WON))
    await ask_back(outside, order.id)
    assert await till.balances() == {}


async def test_a_refund_that_was_not_sent_yet_stays_here(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order, attempt = await paid(till)
    refund_id = await wanted(outside, order)
    await hear(till, attempt, told(attempt))
    assert await taken(till, order) == (True, attempt.amount_minor, attempt.amount_minor)

    await send(outside, refund_id)

    assert bank.refunded == {}
    async with till.database.read() as connection:
        found = (await connection.execute(select(RefundRow.state, RefundRow.code))).one()
    assert tuple(found) == (RefundState.DECLINED, TAKEN)
    with pytest.raises(OverRefund):
        await ask_back(outside, order.id)
    # The loss falls on the vendors after all, for no refund gave it back.
    await hear(till, attempt, told(attempt, DisputeStatus.LOST))
    assert await till.balances() == {}
    assert await taken(till, order) == (False, attempt.amount_minor, 0)


async def test_a_transfer_by_hand_is_refused_too(till: Till, outside: Outside) -> None:
    order, attempt = await paid(till)
    outside.gateways.clear()  # type: ignore[attr-defined]
    refund_id = await wanted(outside, order)
    async with till.database.transaction() as tx:
        await name_account(tx, refund_id, ACCOUNT)
    await hear(till, attempt, told(attempt))
    before = await till.balances()

    with pytest.raises(TakenByBank):
        async with till.database.transaction() as tx:
            await note_transferred(tx, refund_id, "T-1")

    assert await state_of(till, refund_id) is RefundState.TRANSFER_DUE
    assert await till.balances() == before


@pytest.mark.parametrize("silent", [False, True])
async def test_a_refund_and_a_dispute_of_one_order_take_turns(
    till: Till, bank: Bank, outside: Outside, silent: bool
) -> None:
    bank.is_silent = silent
    for _ in range(6):
        order, attempt = await paid(till)
        done = await asyncio.gather(
            ask_back(outside, order.id),
            hear(till, attempt, told(attempt)),
            ask_back(outside, order.id, of_line(order.lines[0].id)),
            hear(till, attempt, told(attempt)),
            return_exceptions=True,
        )
        assert all(isinstance(each, Refusal | int | str) for each in done), done

        sent = sum(
            each.amount_minor
            for each in bank.refunded.values()
            if each.charge_reference == attempt.reference
        )
        # A refund went before the bank took anything, or it stays here.
        stopped = await stopped_of(till, order)
        assert await taken(till, order) == (True, attempt.amount_minor, sent + stopped)
        assert (await counters(till, order.id))[0] == attempt.amount_minor - stopped
        assert sum((await till.balances()).values()) == 0


async def test_an_order_that_is_called_off_gives_back_the_rest(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order, attempt = await paid(till)
    await hear(till, attempt, told(attempt, amount_minor=1_000))

    await call_off(outside, order.id, CancelReason.STAFF, None)

    (sent,) = bank.refunded.values()
    assert sent.amount_minor == attempt.amount_minor - 1_000


async def test_disputed_money_of_a_queue_is_not_sent_back(
    till: Till, bank: Bank, outside: Outside
) -> None:
    _, attempt = await paid(till)
    again = said(attempt, AttemptStatus.APPROVED, transaction_id="t-again")
    await till.settle(again)
    # The gateway names our reference, whose own transaction is another one.
    outcome = told(attempt, transaction_id="t-again")
    async with till.database.transaction() as tx:
        await DisputeService(tx).hear(attempt.gateway, outcome, None)
    async with till.database.read() as connection:
        entry = (await connection.execute(select(PaymentException.id))).scalar_one()
    before = await till.balances()

    with pytest.raises(TakenByBank):
        await resolve(outside, entry, ExceptionEnd.REFUND, "by hand", None)
    await settle_queues(SettleQueues(), outside=outside)

    assert bank.refunded == {}
    assert await till.balances() == before
    assert (await row(till)).order_id is None
    async with till.database.read() as connection:
        end = (await connection.execute(select(PaymentException.resolution))).scalar_one()
    assert end is None
