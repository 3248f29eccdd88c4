"""What a dispute does to the books: every step adds up to zero, happens once, can be undone."""

from typing import Any

import pytest

from mestore.checkout.types import Outside
from mestore.disputes.errors import DisputeDecided
from mestore.disputes.service import DisputeService
from mestore.disputes.types import DisputeState, LossReason
from mestore.ledger.types import (
    COMMISSION_INCOME,
    COMMISSION_TAX,
    DISPUTED,
    SHIPPING_INCOME,
    WRITTEN_OFF,
    gateway_account,
    vendor_available_account,
    vendor_held_account,
    vendor_pending_account,
)
from mestore.orders.types import PlacedOrder
from mestore.payments.types import AttemptState, AttemptStatus, DisputeStatus
from mestore.refunds.types import RefundWish
from tests.checkout.till import Till, said
from tests.disputes.court import decide, hear, lines, release, row, steps, taken, told
from tests.refunds.desk import ask_back, counters, of_line

OPEN, WON, LOST = DisputeStatus.OPEN, DisputeStatus.WON, DisputeStatus.LOST


async def paid(till: Till) -> tuple[PlacedOrder, AttemptState]:
    """Return a paid order of two vendors, with a shipping fee."""
    first = await till.build.product(stock=5, price="12345.67")
    second = await till.build.product(stock=5, price="9999.99", tax_rate=5)
    order = await till.place((first, 3), second)
    attempt = await till.settle_approved(order)
    assert order.draft.shipping_minor
    return order, attempt


def vendors_of(order: PlacedOrder) -> list[str]:
    return sorted({str(line.line.vendor_id) for line in order.lines})


async def test_an_opened_dispute_holds_what_the_vendors_would_lose(till: Till) -> None:
    order, attempt = await paid(till)
    before = await till.balances()

    await hear(till, attempt, told(attempt))

    after = await till.balances()
    gateway = gateway_account(attempt.gateway)
    assert after.get(gateway, 0) == before[gateway] - attempt.amount_minor
    assert after[DISPUTED] == attempt.amount_minor
    for line in order.lines:
        vendor = line.line.vendor_id
        pending, held = vendor_pending_account(vendor), vendor_held_account(vendor)
        assert after[held] == before[pending] < 0
        assert pending not in after
    assert after[COMMISSION_INCOME] == before[COMMISSION_INCOME]
    assert sum(after.values()) == 0
    assert await taken(till, order) == (True, attempt.amount_minor, 0)


async def test_what_is_won_comes_back_exactly(till: Till) -> None:
    order, attempt = await paid(till)
    before, counted = await till.balances(), await counters(till, order.id)
    part = attempt.amount_minor // 3 + 1

    await hear(till, attempt, told(attempt, amount_minor=part))
    assert await till.balances() != before
    await hear(till, attempt, told(attempt, WON, amount_minor=part))

    assert await till.balances() == before
    assert await counters(till, order.id) == counted
    assert await taken(till, order) == (False, 0, 0)
    assert await lines(till) == 0
    assert await steps(till) == ["OPEN", "WON"]


async def test_a_loss_is_borne_as_a_refund_would_be(till: Till) -> None:
    lost_order, attempt = await paid(till)
    await hear(till, attempt, told(attempt))
    await hear(till, attempt, told(attempt, LOST))

    # What a whole refund leaves: nothing, anywhere.
    assert await till.balances() == {}
    assert await taken(till, lost_order) == (False, attempt.amount_minor, 0)
    assert (await row(till)).loss_reason is LossReason.DECIDED


async def test_parts_of_a_loss_add_up_to_the_whole(till: Till) -> None:
    order, attempt = await paid(till)
    part = attempt.amount_minor // 7 + 3
    for number in range(6):
        told_of: dict[str, Any] = {"dispute_id": f"d-{number}", "amount_minor": part}
        await hear(till, attempt, told(attempt, **told_of))
        await hear(till, attempt, told(attempt, LOST, **told_of))
    left = attempt.amount_minor - 6 * part
    rest: dict[str, Any] = {"dispute_id": "d-rest", "amount_minor": left}
    await hear(till, attempt, told(attempt, LOST, **rest))

    balances = await till.balances()
    assert sum(balances.values()) == 0
    # IVA is rounded in each part, and the commission on it: never more than a centavo a part.
    assert all(abs(minor) <= 7 for minor in balances.values())
    assert {DISPUTED, WRITTEN_OFF, SHIPPING_INCOME}.isdisjoint(balances)
    assert await taken(till, order) == (False, attempt.amount_minor, 0)


async def test_repeats_and_late_words_change_nothing(till: Till) -> None:
    _, attempt = await paid(till)
    for _ in range(2):
        await hear(till, attempt, told(attempt))
    opened = await till.entries()
    for _ in range(2):
        await hear(till, attempt, told(attempt, LOST))
    before, entries, way = await till.balances(), await till.entries(), await steps(till)
    assert len(entries) == len(opened) + 1

    for late in (OPEN, DisputeStatus.UNDER_REVIEW, WON, LOST):
        await hear(till, attempt, told(attempt, late))

    assert (await till.balances(), await till.entries(), await steps(till)) == (
        before,
        entries,
        way,
    )
    assert (await row(till)).state is DisputeState.LOST


async def test_a_decision_is_turned_round_only_by_a_person_who_says_so(till: Till) -> None:
    order, attempt = await paid(till)
    before = await till.balances()
    await hear(till, attempt, told(attempt))
    await hear(till, attempt, told(attempt, LOST))
    lost = await till.balances()

    with pytest.raises(DisputeDecided):
        await decide(till, DisputeState.WON)
    assert await till.balances() == lost

    for _ in range(2):
        await decide(till, DisputeState.WON, correct=True)
        await decide(till, DisputeState.WON, correct=True)
        assert await till.balances() == before
        assert await taken(till, order) == (False, 0, 0)
        await decide(till, DisputeState.LOST, loss=LossReason.ACCEPTED, correct=True)
        assert await till.balances() == lost
        assert await taken(till, order) == (False, attempt.amount_minor, 0)
    assert (await row(till)).loss_reason is LossReason.ACCEPTED


async def test_released_money_is_held_from_what_may_be_drawn(till: Till) -> None:
    order, attempt = await paid(till)
    vendor = order.lines[0].line.vendor_id
    await release(till, order, vendor)
    before = await till.balances()
    drawn = before[vendor_available_account(vendor)]

    await hear(till, attempt, told(attempt))
    after = await till.balances()
    assert after[vendor_held_account(vendor)] == drawn
    assert vendor_available_account(vendor) not in after

    await hear(till, attempt, told(attempt, WON))
    assert await till.balances() == before
    await hear(till, attempt, told(attempt, LOST, dispute_id="d-again"))
    assert await till.balances() == {}


async def test_an_inquiry_takes_nothing_until_the_bank_does(till: Till) -> None:
    order, attempt = await paid(till)
    before = await till.balances()

    await hear(till, attempt, told(attempt, took_funds=False))
    assert await till.balances() == before
    assert await taken(till, order) == (True, 0, 0)

    await hear(till, attempt, told(attempt))
    assert await taken(till, order) == (True, attempt.amount_minor, 0)
    await hear(till, attempt, told(attempt, WON))
    assert await till.balances() == before


async def test_only_what_refunds_left_falls_on_the_vendors(till: Till, outside: Outside) -> None:
    order, attempt = await paid(till)
    await ask_back(outside, order.id, of_line(order.lines[0].id))
    given = (await counters(till, order.id))[0]

    await hear(till, attempt, told(attempt))
    assert await taken(till, order) == (True, attempt.amount_minor, given)
    await hear(till, attempt, told(attempt, LOST))

    # The buyer got that part twice, and may owe it (art. 2.2.2.51.10 of Decreto 1074 de 2015).
    balances = await till.balances()
    assert balances.pop(WRITTEN_OFF) == given
    assert balances.pop(gateway_account(attempt.gateway)) == -given
    assert {account: minor for account, minor in balances.items() if abs(minor) > 1} == {}


async def test_money_that_no_order_has_is_the_operators(till: Till) -> None:
    order, attempt = await paid(till)
    again = said(attempt, AttemptStatus.APPROVED, transaction_id="t-second")
    await till.settle(again)
    before = await till.balances()

    outcome = told(attempt, LOST, transaction_id="t-nobody")
    async with till.database.transaction() as tx:
        await DisputeService(tx).hear(attempt.gateway, outcome, None)

    after = await till.balances()
    assert after[WRITTEN_OFF] == attempt.amount_minor
    assert sum(after.values()) == 0
    assert {name for name in after if after[name] != before.get(name, 0)} == {
        WRITTEN_OFF,
        gateway_account(attempt.gateway),
    }
    assert await taken(till, order) == (False, 0, 0)


async def test_a_partial_dispute_leaves_the_rest_to_refunds(till: Till, outside: Outside) -> None:
    order, attempt = await paid(till)
    part = attempt.amount_minor // 2
    await hear(till, attempt, told(attempt, amount_minor=part))
    await hear(till, attempt, told(attempt, LOST, amount_minor=part))

    await ask_back(outside, order.id, RefundWish("the rest"))

    money, _, _ = await counters(till, order.id)
    assert money == attempt.amount_minor
    balances = await till.balances()
    assert sum(balances.values()) == 0
    names = {COMMISSION_INCOME, COMMISSION_TAX}
    assert all(abs(minor) <= 2 for name, minor in balances.items() if name in names or minor)
