"""From a sale to the vendor's bank, beside refunds: the whole doctor finds nothing wrong."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from mestore.checkout.types import Outside
from mestore.commissions.models import Commission
from mestore.commissions.types import CommissionStatus
from mestore.kernel.errors import Refusal
from mestore.orders.types import PlacedOrder
from mestore.payouts.errors import NegativeBalance
from mestore.payouts.service.decide import pay_by_hand
from mestore.payouts.types import PayoutState
from tests.build import BuiltVendor
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.earnings.cashier import release
from tests.payouts.desk import Desk
from tests.refunds.desk import ask_back


@pytest.fixture
def bank() -> Bank:
    """A gateway in memory that can send back all it took, and parts of that."""
    return Bank.giving()


async def sold(desk: Desk, till: Till) -> tuple[BuiltVendor, PlacedOrder]:
    """Let a vendor sell, deliver and earn."""
    product = await desk.build.product(stock=5)
    order = await till.place((product, 2))
    await till.settle_approved(order)
    await till.deliver(order)
    await release(desk.database, order.id, product.vendor.id, is_early=True)
    await desk.name(product.vendor)
    return product.vendor, order


async def pay(desk: Desk, payout_id: UUID) -> None:
    staff = await desk.admin()
    async with desk.database.transaction() as tx:
        await pay_by_hand(tx, payout_id, staff.id, "TR-1")


async def test_what_was_earned_reaches_the_bank_and_its_commission_is_paid(
    desk: Desk, till: Till
) -> None:
    vendor, order = await sold(desk, till)
    earned, _ = await desk.money(vendor)
    assert earned > 0
    payout_id = await desk.approved(vendor)
    assert await desk.money(vendor) == (0, earned)
    assert await till.doctor() == []
    await pay(desk, payout_id)
    assert await desk.money(vendor) == (0, 0)
    async with desk.database.read() as connection:
        query = select(Commission.status).where(Commission.order_id == order.id)
        found = set((await connection.execute(query)).scalars())
    assert found == {CommissionStatus.PAID}
    assert await till.doctor() == []


async def test_a_payout_pays_the_fees_of_the_oldest_parts_that_it_covers(
    desk: Desk, till: Till
) -> None:
    product = await desk.build.product(stock=9)
    vendor, orders = product.vendor, []
    for _ in range(3):
        order = await till.place(product)
        await till.settle_approved(order)
        await till.deliver(order)
        await release(desk.database, order.id, vendor.id, is_early=True)
        orders.append(order.id)
    await desk.name(vendor)
    earned, _ = await desk.money(vendor)
    paid, approved = CommissionStatus.PAID, CommissionStatus.APPROVED

    async def drawn(pesos: int | None) -> list[CommissionStatus]:
        await pay(desk, await desk.approved(vendor, pesos))
        query = select(Commission.status).where(Commission.order_id.in_(orders))
        async with desk.database.read() as connection:
            found = await connection.execute(query.order_by(Commission.order_id))
            return list(found.scalars())

    # A third of all is one part: less than that covers none, and the rest of it the first.
    assert await drawn(earned // 3 - 10_000) == [approved] * 3
    assert await drawn(10_001) == [paid, approved, approved]
    assert await drawn(None) == [paid] * 3
    assert await till.doctor() == []


async def test_a_refund_beside_a_payout_is_owed_and_never_drawn_twice(
    desk: Desk, till: Till, outside: Outside
) -> None:
    vendor, order = await sold(desk, till)
    earned, _ = await desk.money(vendor)
    asked, _ = await asyncio.gather(
        desk.ask(vendor), ask_back(outside, order.id), return_exceptions=True
    )
    available, on_the_way = await desk.money(vendor)
    # Whoever came first: what was earned is gone once, and a payout before the refund is owed.
    assert available + on_the_way == 0
    assert on_the_way == (0 if isinstance(asked, Refusal) else earned)
    with pytest.raises(Refusal):
        await desk.ask(vendor)
    assert await till.doctor() == []


async def test_a_debt_is_netted_from_the_next_payout(
    desk: Desk, till: Till, outside: Outside
) -> None:
    vendor, order = await sold(desk, till)
    earned, _ = await desk.money(vendor)
    payout_id = await desk.approved(vendor)
    await pay(desk, payout_id)
    await ask_back(outside, order.id)
    assert await desk.money(vendor) == (-earned, 0)
    with pytest.raises(NegativeBalance):
        await desk.ask(vendor)
    await desk.fund(vendor, earned + 20_000)
    await desk.ask(vendor)
    assert await desk.money(vendor) == (0, 20_000)
    assert await desk.state(payout_id) is PayoutState.PAID
