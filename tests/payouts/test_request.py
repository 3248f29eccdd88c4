"""A vendor draws what it has, once, and what does not leave comes back once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from mestore.kernel.errors import Refusal
from mestore.payouts.errors import (
    AlreadyApprovedByYou,
    BankAccountOnHold,
    BelowMinimum,
    InsufficientBalance,
    NegativeBalance,
    NoBankAccount,
    OwnPayout,
    PayoutNotPossible,
)
from mestore.payouts.service.decide import cancel, pay_by_hand, reject
from mestore.payouts.types import PayoutState
from tests.conftest import MovedClock
from tests.payouts.desk import Desk, other


async def test_a_payout_takes_all_that_is_available(desk: Desk) -> None:
    vendor = await desk.vendor(100_000)
    payout_id = await desk.ask(vendor)
    assert await desk.money(vendor) == (0, 100_000)
    row = await desk.row(payout_id)
    assert (row.state, row.amount_minor, row.currency) == (PayoutState.REQUESTED, 10_000_000, "COP")
    assert row.account["account_number"] == "12345678901"
    assert await desk.doctor() == []


async def test_two_requests_never_draw_the_same_money(desk: Desk) -> None:
    vendor = await desk.vendor(100_000)
    wanted = [desk.ask(vendor, 60_000) for _ in range(6)]
    found = await asyncio.gather(*wanted, return_exceptions=True)
    refused = [one for one in found if isinstance(one, Refusal)]
    assert len(refused) == 5
    assert {type(one) for one in refused} == {InsufficientBalance}
    assert await desk.money(vendor) == (40_000, 60_000)
    assert await desk.doctor() == []


async def test_what_a_request_refuses_changes_nothing(desk: Desk, clock: MovedClock) -> None:
    nowhere = await desk.vendor(account=None)
    poor, owing = await desk.vendor(9_999), await desk.vendor(-5)
    moved = await desk.vendor()
    await desk.name(moved, other())
    before = await desk.balances()
    for vendor, refusal in (
        (nowhere, NoBankAccount),
        (poor, BelowMinimum),
        (owing, NegativeBalance),
        (moved, BankAccountOnHold),
    ):
        with pytest.raises(refusal):
            await desk.ask(vendor)
    with pytest.raises(InsufficientBalance):
        await desk.ask(await desk.vendor(50_000), 50_001)
    assert {key: found for key, found in (await desk.balances()).items() if key in before} == before
    clock.advance(timedelta(hours=73))
    assert await desk.money(moved) == (100_000, 0)
    await desk.ask(moved)
    assert await desk.money(moved) == (0, 100_000)


async def test_one_person_approves_a_small_payout_and_two_a_large_one(desk: Desk) -> None:
    small = await desk.ask(await desk.vendor(4_999_999))
    large = await desk.ask(await desk.vendor(5_000_000))
    first, second = await desk.admin(), await desk.admin()
    await desk.approve(small, first)
    await desk.approve(large, first)
    assert await desk.state(small) is PayoutState.APPROVED
    assert await desk.state(large) is PayoutState.REQUESTED
    with pytest.raises(AlreadyApprovedByYou):
        await desk.approve(large, first)
    assert (await desk.row(large)).approvals == 1
    await desk.approve(large, second)
    assert await desk.state(large) is PayoutState.APPROVED
    with pytest.raises(PayoutNotPossible):
        await desk.approve(large, await desk.admin())


async def test_one_person_is_never_two_even_at_once(desk: Desk) -> None:
    large = await desk.ask(await desk.vendor(5_000_000))
    person = await desk.admin()
    wanted = [desk.approve(large, person) for _ in range(5)]
    found = await asyncio.gather(*wanted, return_exceptions=True)
    assert sum(one is None for one in found) == 1
    assert await desk.state(large) is PayoutState.REQUESTED
    assert (await desk.row(large)).approvals == 1


async def test_who_gets_the_money_does_not_approve(desk: Desk) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.ask(vendor)
    with pytest.raises(OwnPayout):
        await desk.approve(payout_id, vendor.owner)
    assert (await desk.row(payout_id)).approvals == 0


async def test_a_payout_is_paid_by_hand_once(desk: Desk) -> None:
    vendor = await desk.vendor(100_000)
    payout_id = await desk.ask(vendor)
    staff = await desk.admin()
    with pytest.raises(PayoutNotPossible):
        await _pay(desk, payout_id, staff.id)
    await desk.approve(payout_id)
    wanted = [_pay(desk, payout_id, staff.id) for _ in range(4)]
    found = await asyncio.gather(*wanted, return_exceptions=True)
    assert sum(one is None for one in found) == 1
    assert await desk.entries(payout_id) == ["requested", "paid"]
    assert await desk.money(vendor) == (0, 0)
    assert (await desk.balances())["bank:manual"] == -10_000_000
    assert await desk.doctor() == []


async def test_what_is_called_off_or_rejected_comes_back_once(desk: Desk) -> None:
    vendor = await desk.vendor(100_000)
    first = await desk.ask(vendor, 40_000)
    second = await desk.approved(vendor, 60_000)
    staff = await desk.admin()
    async with desk.database.transaction() as tx:
        await cancel(tx, first, vendor.id)
        await reject(tx, second, staff.id, "looks odd")
    assert await desk.money(vendor) == (100_000, 0)
    assert await desk.state(first) is PayoutState.CANCELLED
    assert await desk.state(second) is PayoutState.REJECTED
    for act in (_cancel(desk, first, vendor.id), _pay(desk, second, staff.id)):
        with pytest.raises(PayoutNotPossible):
            await act
    assert await desk.entries(first) == ["requested", "returned"]
    assert await desk.entries(second) == ["requested", "returned"]
    assert await desk.doctor() == []


async def test_a_payout_ends_one_way_however_many_decide(desk: Desk) -> None:
    vendor = await desk.vendor(100_000)
    payout_id = await desk.approved(vendor)
    staff = await desk.admin()
    acts = [act(desk, payout_id, staff.id) for act in (_pay, _reject) for _ in range(3)]
    found = await asyncio.gather(*acts, return_exceptions=True)
    assert sum(one is None for one in found) == 1
    assert len(await desk.entries(payout_id)) == 2
    assert await desk.doctor() == []


async def _pay(desk: Desk, payout_id: UUID, staff_id: UUID) -> None:
    async with desk.database.transaction() as tx:
        await pay_by_hand(tx, payout_id, staff_id, "TR-1")


async def _reject(desk: Desk, payout_id: UUID, staff_id: UUID) -> None:
    async with desk.database.transaction() as tx:
        await reject(tx, payout_id, staff_id, "looks odd")


async def _cancel(desk: Desk, payout_id: UUID, vendor_id: UUID) -> None:
    async with desk.database.transaction() as tx:
        await cancel(tx, payout_id, vendor_id)
