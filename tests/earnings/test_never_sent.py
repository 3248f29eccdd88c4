"""Parts that never reach a buyer: what a vendor owes of them is due once their money is back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from mestore.checkout.types import Outside
from mestore.commissions.service.rules import RuleService
from mestore.commissions.types import Conditions, FeeKind, Formula, RuleDraft
from mestore.earnings.errors import NotDelivered
from mestore.earnings.types import Purpose
from mestore.kernel.db import Database
from mestore.orders.types import CancelReason, OrderStatus
from mestore.payments.types import DisputeStatus
from mestore.refunds.service.cancel import call_off
from mestore.refunds.service.transfer import end_by_hand
from mestore.refunds.types import RefundWish
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.disputes.court import hear, told
from tests.earnings.cashier import LONG, has, product_of, release, rows, run, sold, statuses
from tests.refunds.desk import ask_back, of_line

# 2.65 % of 100,000 and the IVA on that, kept whatever becomes of the line.
FEE = 315_350


RunJobs = Callable[[], Awaitable[object]]


@pytest.fixture
async def kept_fee(database: Database) -> None:
    """A fee that is not given up when a line goes back."""
    draft = RuleDraft(
        "Gateway",
        FeeKind.PAYMENT,
        Conditions(),
        Formula(basis_points=265),
        is_kept_on_refund=True,
    )
    async with database.transaction() as tx:
        await RuleService(tx).add(draft)


@pytest.mark.usefixtures("kept_fee")
async def test_a_kept_fee_of_an_order_called_off_is_due_at_once(
    till: Till, database: Database, outside: Outside, run_jobs: RunJobs
) -> None:
    vendor = await till.build.vendor()
    order = await sold(till, await product_of(till, vendor), delivered=False)
    await call_off(outside, order.id, CancelReason.BUYER, None)
    assert await has(database, vendor.id) == {Purpose.PENDING: -FEE}

    await run_jobs()
    await run(database)
    await run(database)

    assert await has(database, vendor.id) == {Purpose.AVAILABLE: -FEE}
    assert (await till.entries()).count(f"release:{order.id}:{vendor.id}") == 1
    assert sorted(await statuses(database, order.id)) == ["APPROVED", "REVERSED"]
    assert await till.doctor() == []


async def test_where_no_fee_is_kept_there_is_nothing_to_release(
    till: Till, database: Database, outside: Outside, run_jobs: RunJobs
) -> None:
    vendor = await till.build.vendor()
    order = await sold(till, await product_of(till, vendor), delivered=False)
    await call_off(outside, order.id, CancelReason.BUYER, None)

    await run_jobs()
    await run(database)

    assert (await rows(database), await has(database, vendor.id)) == ([], {})


@pytest.mark.usefixtures("kept_fee")
async def test_only_the_part_whose_money_is_all_back_is_over(
    till: Till,
    database: Database,
    outside: Outside,
    run_jobs: RunJobs,
    clock: MovedClock,
) -> None:
    vendors = [await till.build.vendor() for _ in range(2)]
    first, second = [await product_of(till, vendor) for vendor in vendors]
    order = await sold(till, (first, 2), second, delivered=False)
    line = next(each.id for each in order.lines if each.line.vendor_id == vendors[0].id)

    await ask_back(outside, order.id, of_line(line))
    await run_jobs()
    await run(database)
    assert await rows(database) == []
    with pytest.raises(NotDelivered):
        await release(database, order.id, vendors[0].id)
    await ask_back(outside, order.id, of_line(line))
    clock.advance(timedelta(hours=1))
    await run_jobs()
    await run(database)

    assert await has(database, vendors[0].id) == {Purpose.AVAILABLE: -2 * FEE}
    assert set(await has(database, vendors[1].id)) == {Purpose.PENDING}
    assert (await till.stands(order.id))[0] is OrderStatus.CONFIRMED
    # It goes its way all the same, and nothing of it is released a second time.
    await till.deliver(order)
    clock.advance(LONG)
    await run_jobs()
    await run(database)
    assert await has(database, vendors[0].id) == {Purpose.AVAILABLE: -2 * FEE}
    assert set(await has(database, vendors[1].id)) == {Purpose.AVAILABLE}
    assert await till.doctor() == []


@pytest.mark.usefixtures("kept_fee")
async def test_a_refund_under_way_is_waited_for(
    till: Till, database: Database, outside: Outside, bank: Bank, run_jobs: RunJobs
) -> None:
    vendor = await till.build.vendor()
    order = await sold(till, await product_of(till, vendor), delivered=False)
    bank.is_silent = True
    refund_id = await ask_back(outside, order.id)
    await run_jobs()
    await run(database)
    assert await rows(database) == []

    async with database.transaction() as tx:
        await end_by_hand(tx, refund_id, "the panel shows it", is_given=True)
    await run_jobs()
    await run(database)

    assert await has(database, vendor.id) == {Purpose.AVAILABLE: -FEE}
    assert await till.doctor() == []


@pytest.mark.usefixtures("kept_fee")
async def test_an_order_called_off_after_a_bank_took_all_of_it_is_over(
    till: Till, database: Database, outside: Outside, run_jobs: RunJobs
) -> None:
    vendor = await till.build.vendor()
    order = await till.place(await product_of(till, vendor))
    attempt = await till.settle_approved(order)
    await hear(till, attempt, told(attempt, DisputeStatus.LOST))
    await run_jobs()
    await run(database)
    # A bank may still give it back: the order goes on.
    assert await rows(database) == []

    await call_off(outside, order.id, CancelReason.STAFF, None)
    await run_jobs()
    await run(database)

    assert await has(database, vendor.id) == {Purpose.AVAILABLE: -FEE}
    assert await till.doctor() == []


@pytest.mark.usefixtures("kept_fee")
async def test_what_a_bank_took_of_an_order_called_off_is_over_once_that_is_decided(
    till: Till,
    database: Database,
    outside: Outside,
    run_jobs: RunJobs,
    clock: MovedClock,
) -> None:
    vendor = await till.build.vendor()
    order = await till.place(await product_of(till, vendor))
    attempt = await till.settle_approved(order)
    await ask_back(outside, order.id, RefundWish("some of it", amount_minor=1_000))
    await hear(till, attempt, told(attempt, DisputeStatus.OPEN, took_funds=True))
    await call_off(outside, order.id, CancelReason.STAFF, None)
    await run_jobs()
    await run(database)
    assert Purpose.AVAILABLE not in await has(database, vendor.id)

    await hear(till, attempt, told(attempt, DisputeStatus.LOST))
    clock.advance(timedelta(hours=2))
    await run_jobs()
    await run(database)

    assert await has(database, vendor.id) == {Purpose.AVAILABLE: -FEE}
    assert await till.doctor() == []
