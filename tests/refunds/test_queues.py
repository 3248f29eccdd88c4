"""Money that did not arrive as it should: every entry ends in exactly one way."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from mestore.checkout.types import Outside
from mestore.inventory.service import InventoryService
from mestore.ledger.types import UNAPPLIED, WRITTEN_OFF
from mestore.orders.service import OrderService
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus, PlacedOrder
from mestore.payments.errors import AlreadyResolved
from mestore.payments.models import PaymentException
from mestore.payments.types import AttemptStatus, PaymentMethod
from mestore.payments.types.stranded import ExceptionEnd, ExceptionState
from mestore.refunds.errors import ActionNotPossible, NotRevivable, VoidedByGateway
from mestore.refunds.jobs import SettleQueues, settle_queues
from mestore.refunds.models import RefundRow
from mestore.refunds.service.queues import resolve
from mestore.refunds.service.transfer import name_account, note_transferred
from mestore.refunds.types import RefundState
from tests.checkout.bank import Bank
from tests.checkout.till import Till, said
from tests.conftest import MovedClock
from tests.refunds.desk import ACCOUNT

APPROVED = AttemptStatus.APPROVED


async def ends(till: Till) -> list[tuple[int, ExceptionState, ExceptionEnd | None]]:
    query = select(PaymentException.id, PaymentException.state, PaymentException.resolution)
    async with till.database.read() as connection:
        rows = await connection.execute(query.order_by(PaymentException.id))
        return [(one, state, end) for one, state, end in rows]


async def late(till: Till) -> PlacedOrder:
    """Return an order that its buyer called off before the money came."""
    order = await till.place(await till.build.product(stock=3))
    attempt = await till.attempt(order)
    async with till.database.transaction() as tx:
        await OrderService(tx).cancel(order.id, CancelReason.BUYER)
        await InventoryService(tx).release(order.id)
    await till.settle(said(attempt, APPROVED))
    return order


async def test_a_second_payment_goes_back_by_itself_once(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    attempt = await till.settle_approved(order)
    before = await till.balances()
    await till.settle(said(attempt, APPROVED, transaction_id="t-again"))

    await asyncio.gather(*(settle_queues(SettleQueues(), outside=outside) for _ in range(3)))

    ((_, state, end),) = await ends(till)
    assert (state, end) == (ExceptionState.RESOLVED, ExceptionEnd.REFUND)
    assert len(bank.refunded) == 1
    assert await till.balances() == before
    assert await till.stands(order.id) == (OrderStatus.CONFIRMED, FinancialStatus.PAID)


async def test_what_the_gateway_took_back_itself_is_not_sent_back_as_well(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    attempt = await till.settle_approved(order)
    for status in (APPROVED, AttemptStatus.VOIDED):
        await till.settle(said(attempt, status, transaction_id="t-again"))
    before = await till.balances()

    await settle_queues(SettleQueues(), outside=outside)
    ((entry, *_), _) = await ends(till)
    with pytest.raises(VoidedByGateway):
        await resolve(outside, entry, ExceptionEnd.REFUND, "again", None)

    assert bank.refunded == {}
    assert [state for _, state, _ in await ends(till)] == [ExceptionState.OPEN] * 2
    assert await till.balances() == before


async def test_the_void_by_which_we_sent_money_back_is_no_news(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    attempt = await till.settle_approved(order)
    again = {"transaction_id": "t-again"}
    await till.settle(said(attempt, APPROVED, **again))
    await settle_queues(SettleQueues(), outside=outside)

    await till.settle(said(attempt, AttemptStatus.VOIDED, **again))

    assert [kind for kind, *_ in await till.queues()] == ["SECOND_APPROVAL"]


async def test_late_money_waits_for_a_person_and_then_goes_back(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    await late(till)

    for hours in (0, 47):
        clock.advance(timedelta(hours=hours))
        await settle_queues(SettleQueues(), outside=outside)
        assert bank.refunded == {}
    # Two days by default.
    clock.advance(timedelta(hours=1, minutes=1))
    await settle_queues(SettleQueues(), outside=outside)

    assert len(bank.refunded) == 1
    assert await till.balances() == {}


async def test_late_money_can_revive_its_order(till: Till, bank: Bank, outside: Outside) -> None:
    order = await late(till)
    ((entry, _, _),) = await ends(till)

    await resolve(outside, entry, ExceptionEnd.REVIVE, "the buyer wants it", None)

    assert await till.stands(order.id) == (OrderStatus.CONFIRMED, FinancialStatus.PAID)
    assert UNAPPLIED not in await till.balances()
    assert bank.refunded == {}
    with pytest.raises(AlreadyResolved):
        await resolve(outside, entry, ExceptionEnd.REFUND, "again", None)


async def test_an_entry_has_only_the_ends_that_make_sense(till: Till, outside: Outside) -> None:
    await late(till)
    ((entry, _, _),) = await ends(till)
    before = await till.balances()

    with pytest.raises(ActionNotPossible):
        await resolve(outside, entry, ExceptionEnd.ACCEPT, "no", None)

    assert await till.balances() == before
    assert (await ends(till))[0][1] is ExceptionState.OPEN


async def test_an_order_without_stock_does_not_come_back(till: Till, outside: Outside) -> None:
    product = await till.build.product(stock=1)
    order = await till.place(product)
    attempt = await till.attempt(order)
    async with till.database.transaction() as tx:
        await OrderService(tx).cancel(order.id, CancelReason.BUYER)
        await InventoryService(tx).release(order.id)
    await till.place(product)
    await till.settle(said(attempt, APPROVED))
    ((entry, _, _),) = await ends(till)

    with pytest.raises(NotRevivable):
        await resolve(outside, entry, ExceptionEnd.REVIVE, "please", None)

    assert (await ends(till))[0][1] is ExceptionState.OPEN


async def test_what_was_written_off_has_its_end(till: Till, outside: Outside) -> None:
    await late(till)
    ((entry, _, _),) = await ends(till)
    await resolve(outside, entry, ExceptionEnd.WRITE_OFF, "the buyer wants nothing", None)

    balances = await till.balances()
    assert UNAPPLIED not in balances
    assert balances[WRITTEN_OFF] < 0
    with pytest.raises(AlreadyResolved):
        await resolve(outside, entry, ExceptionEnd.REVIVE, "after all", None)


async def test_a_wrong_amount_blocks_until_it_is_sent_back(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    attempt = await till.attempt(order, PaymentMethod.PSE)
    await till.settle(said(attempt, APPROVED, amount_minor=attempt.amount_minor - 1))
    ((entry, _, _),) = await ends(till)

    await resolve(outside, entry, ExceptionEnd.REFUND, "wrong amount", None)

    (sent,) = bank.refunded.values()
    assert sent.amount_minor == attempt.amount_minor - 1
    assert await till.balances() == {}
    await till.attempt(order)


async def orphan(till: Till) -> int:
    """Return the entry of money whose reference is none of ours."""
    order = await till.place(await till.build.product())
    attempt = await till.attempt(order)
    await till.settle(said(attempt, APPROVED, reference="SOMEBODY-ELSE-1"))
    ((entry, _, _),) = await ends(till)
    return entry


async def test_money_that_fits_no_attempt_waits_for_a_person(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    await orphan(till)
    clock.advance(timedelta(days=30))
    await settle_queues(SettleQueues(), outside=outside)

    assert bank.refunded == {}
    assert (await ends(till))[0][1] is ExceptionState.OPEN
    assert (await till.balances())[UNAPPLIED] < 0


async def test_an_orphan_goes_back_through_a_gateway_of_one_method(
    till: Till, bank: Bank, outside: Outside
) -> None:
    entry = await orphan(till)
    bank.methods = frozenset({PaymentMethod.CARD})

    await resolve(outside, entry, ExceptionEnd.REFUND, "nobody ordered it", None)

    (sent,) = bank.refunded.values()
    assert (sent.method, sent.charge_reference) == (PaymentMethod.CARD, "SOMEBODY-ELSE-1")
    assert await till.balances() == {}


async def test_an_orphan_of_an_unknown_method_goes_back_by_transfer(
    till: Till, bank: Bank, outside: Outside
) -> None:
    entry = await orphan(till)

    await resolve(outside, entry, ExceptionEnd.REFUND, "nobody ordered it", None)

    assert bank.refunded == {}
    async with till.database.read() as connection:
        found = (await connection.execute(select(RefundRow.id, RefundRow.state))).one()
    assert found.state is RefundState.TRANSFER_DUE
    async with till.database.transaction() as tx:
        await name_account(tx, found.id, ACCOUNT)
    async with till.database.transaction() as tx:
        await note_transferred(tx, found.id, "T-1")
    assert await till.balances() == {}


async def test_an_orphan_can_be_written_off_with_a_reason(till: Till, outside: Outside) -> None:
    entry = await orphan(till)

    await resolve(outside, entry, ExceptionEnd.WRITE_OFF, "nobody asked for it", None)

    balances = await till.balances()
    assert UNAPPLIED not in balances
    assert balances[WRITTEN_OFF] < 0
