"""Refunds that meet each other, and refusals of what was made before."""

import asyncio
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta

import pytest

from mestore.checkout.types import Outside
from mestore.inventory.repository.stock import StockRepository
from mestore.inventory.service import InventoryService
from mestore.orders.types import FinancialStatus
from mestore.payments.errors import Declined, OutcomeUnknown
from mestore.payments.service import PaymentService
from mestore.payments.types import RefundOrder, RefundOutcome, RefundStatus
from mestore.refunds.errors import NotUnderWay
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.finish import succeed
from mestore.refunds.service.request import request_refund
from mestore.refunds.service.transfer import end_by_hand
from mestore.refunds.types import RefundState
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.refunds.desk import ALL, ask_back, state_of


async def test_a_gateway_that_refuses_to_give_back_twice_has_given_back(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    bank.refusal = Declined(reason="given back already")
    bank.has_refunded = True

    refund_id = await ask_back(outside, order.id)

    assert await state_of(till, refund_id) is RefundState.APPROVED
    assert (await till.stands(order.id))[1] is FinancialStatus.REFUNDED
    assert await till.balances() == {}


async def test_a_refusal_is_not_believed_while_nobody_says_what_was_made_before(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    bank.refusal = Declined(reason="given back already")
    bank.is_silent = True

    refund_id = await ask_back(outside, order.id)

    assert await state_of(till, refund_id) is RefundState.UNKNOWN


async def test_the_end_of_a_refund_waits_for_whoever_holds_its_payment(
    till: Till, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    async with till.database.transaction() as tx:
        refund_id = await request_refund(tx, outside.gateways, order.id, ALL, actor_id=None)

    async def end() -> None:
        async with till.database.transaction() as tx:
            refund = await RefundRepository(tx.connection).find(refund_id)
            assert refund is not None
            await succeed(tx, refund, RefundState.APPROVED)

    elsewhere = copy_context()
    async with till.database.transaction() as tx:
        await PaymentService(tx).hold(order.id)
        ending = asyncio.create_task(end(), context=elsewhere)
        await asyncio.sleep(0.2)
        # Who holds the payment may change the refund: nobody has it who wants the payment next.
        state = (RefundState.REQUESTED,)
        assert await RefundRepository(tx.connection).move(refund_id, state, RefundState.SUBMITTED)
    await ending

    assert await state_of(till, refund_id) is RefundState.APPROVED
    assert await till.doctor() == []


async def test_who_ends_a_refund_by_hand_waits_for_whoever_holds_its_payment(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    bank.is_silent = True
    refund_id = await ask_back(outside, order.id)

    async def end() -> None:
        async with till.database.transaction() as tx:
            await end_by_hand(tx, refund_id, "as its panel shows", is_given=True)

    elsewhere = copy_context()
    async with till.database.transaction() as tx:
        await PaymentService(tx).hold(order.id)
        ending = asyncio.create_task(end(), context=elsewhere)
        await asyncio.sleep(0.2)
        refund = await RefundRepository(tx.connection).find(refund_id)
        assert refund is not None
        assert await succeed(tx, refund, RefundState.APPROVED)
    with pytest.raises(NotUnderWay) as refusal:
        await ending
    assert refusal.value.details["state"] == "APPROVED"

    assert await state_of(till, refund_id) is RefundState.APPROVED
    assert await till.doctor() == []


async def test_units_go_back_in_the_order_of_the_shelves_that_all_others_take(
    till: Till, outside: Outside
) -> None:
    first, second = await till.build.product(stock=0), await till.build.product(stock=5)
    async with till.database.transaction() as tx:
        await InventoryService(tx).adjust(
            first.variant_id, 5, reason="arrived", actor_id=None, location="Bodega norte"
        )
    order = await till.place(first, second)
    await till.settle_approved(order)
    async with till.database.read() as connection:
        levels = await StockRepository(connection).levels_of([first.variant_id, second.variant_id])
    variants = [first.variant_id, second.variant_id, first.variant_id]
    assert [level.variant_id for level in levels] == variants

    elsewhere = copy_context()
    wish = replace(ALL, restock=True)
    async with till.database.transaction() as tx:
        stock = StockRepository(tx.connection)
        await stock.lock_levels([levels[1].id])
        ending = asyncio.create_task(ask_back(outside, order.id, wish), context=elsewhere)
        await asyncio.sleep(0.3)
        await stock.lock_levels([levels[2].id])
    assert await state_of(till, await ending) is RefundState.APPROVED
    assert await till.doctor() == []


class Reviewing(Bank):
    """A gateway that shows nothing of a refund while a person looks at it."""

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Say nothing."""
        return RefundOutcome(RefundStatus.UNKNOWN, refund_id)


async def test_a_refusal_of_a_second_sending_does_not_end_a_refund(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    reviewing = Reviewing(refusal=OutcomeUnknown("no answer"))
    reviewing.profile = replace(bank.profile, knows_refunds_again=True)
    world = Outside(till.database, {reviewing.code: reviewing}, "http://shop.example.com")
    refund_id = await ask_back(world, order.id)
    assert await state_of(till, refund_id) is RefundState.UNKNOWN

    reviewing.refusal = Declined(reason="a refund of this payment is in process")
    for _ in range(12):
        clock.advance(timedelta(minutes=20))
        await follow_refunds(FollowRefunds(), outside=world)
        assert await state_of(till, refund_id) in {RefundState.UNKNOWN, RefundState.REQUESTED}

    assert reviewing.asked_back > 1
