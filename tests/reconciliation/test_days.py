"""Comparing a day: in both directions, again when asked again, closed only with a reason."""

from dataclasses import replace
from datetime import datetime, timedelta

import httpx2
import pytest
from sqlalchemy import text

from mestore.accounts.types import UserType
from mestore.checkout.types import Outside
from mestore.kernel.clock import BOGOTA, now, today_in_bogota
from mestore.kernel.db import Database
from mestore.kernel.paging import PageRequest
from mestore.payments.errors import GatewayUnavailable
from mestore.payments.types import AttemptStatus, Outcome
from mestore.reconciliation.service import MARGIN, reconcile, reconcile_due
from mestore.reconciliation.types import DifferenceFilter, DifferenceView, RunState
from mestore.reconciliation.views import page_differences
from tests.build import Build
from tests.checkout.bank import CODE, Bank
from tests.checkout.till import Till, said
from tests.conftest import AsUser, MovedClock

LIST = "/admin/reconciliation"
ONE_MORE = """
    UPDATE ledger_lines SET amount_minor = amount_minor + 1 WHERE entry_id = (
        SELECT e.id FROM ledger_entries e JOIN payments p ON p.order_id = e.order_id
        JOIN payment_attempts a ON a.payment_id = p.id
        WHERE e.kind = 'CAPTURE' AND a.reference = :reference)"""
"""Books a centavo too much on each line of a sale."""


async def pay(till: Till, bank: Bank, build: Build, *, is_settled: bool = True) -> str:
    """Place an order that the bank takes the money of, and return its reference."""
    order = await till.place(await build.product(stock=5))
    attempt = await till.attempt(order)
    bank.opened[attempt.reference] = said(attempt, AttemptStatus.APPROVED)
    if is_settled:
        await till.settle(bank.opened[attempt.reference])
    return attempt.reference


async def found(database: Database) -> list[DifferenceView]:
    """Return all differences, the newest first."""
    async with database.read() as connection:
        page = await page_differences(connection, PageRequest(), DifferenceFilter())
    return list(page.rows)


async def test_a_day_on_which_all_agree(
    till: Till, bank: Bank, build: Build, outside: Outside
) -> None:
    for _ in range(3):
        await pay(till, bank, build)

    result = await reconcile(outside, CODE, today_in_bogota())

    assert (result.state, result.matched, result.open_differences) == (RunState.DONE, 3, 0)
    assert await found(outside.database) == []


async def test_money_that_only_the_gateway_knows(
    till: Till, bank: Bank, build: Build, outside: Outside
) -> None:
    reference = await pay(till, bank, build, is_settled=False)
    stranger = replace(bank.opened[reference], reference="NOBODY-1", transaction_id="t-nobody")
    bank.opened["NOBODY-1"] = stranger

    result = await reconcile(outside, CODE, today_in_bogota())

    assert (result.matched, result.open_differences) == (0, 2)
    shown = {each.reference: each for each in await found(outside.database)}
    assert {each.kind for each in shown.values()} == {"MISSING_HERE"}
    assert shown[reference].order_id is not None
    assert shown["NOBODY-1"].order_id is None
    assert shown["NOBODY-1"].gateway_amount == stranger.amount_minor / 100
    assert shown["NOBODY-1"].payment_amount is None


async def test_money_in_a_queue_is_known(
    till: Till, bank: Bank, build: Build, outside: Outside
) -> None:
    reference = await pay(till, bank, build)
    orphan = replace(bank.opened[reference], reference="NOBODY-1", transaction_id="t-nobody")
    bank.opened["NOBODY-1"] = orphan
    await till.settle(orphan)

    result = await reconcile(outside, CODE, today_in_bogota())

    assert (result.matched, result.open_differences) == (2, 0)


async def test_money_that_only_we_know(
    till: Till, bank: Bank, build: Build, outside: Outside
) -> None:
    gone, declined = await pay(till, bank, build), await pay(till, bank, build)
    del bank.opened[gone]
    bank.say(declined, AttemptStatus.DECLINED)

    result = await reconcile(outside, CODE, today_in_bogota())

    assert (result.matched, result.open_differences) == (0, 2)
    shown = await found(outside.database)
    assert {(each.kind, each.reference, each.gateway_amount) for each in shown} == {
        ("MISSING_THERE", gone, None),
        ("MISSING_THERE", declined, None),
    }
    assert all(each.payment_amount == each.ledger_amount for each in shown)


async def test_amounts_that_differ(till: Till, bank: Bank, build: Build, outside: Outside) -> None:
    theirs, ledgers = await pay(till, bank, build), await pay(till, bank, build)
    bank.say(theirs, AttemptStatus.APPROVED, amount_minor=1)
    async with outside.database.transaction() as tx:
        await tx.connection.execute(text(ONE_MORE), {"reference": ledgers})

    result = await reconcile(outside, CODE, today_in_bogota())

    assert (result.matched, result.open_differences) == (0, 2)
    assert {(each.kind, each.reference) for each in await found(outside.database)} == {
        ("AMOUNT_DIFFERS", theirs),
        ("AMOUNT_DIFFERS", ledgers),
    }


async def test_one_sale_does_not_cover_two_payments(
    till: Till, bank: Bank, build: Build, outside: Outside
) -> None:
    reference = await pay(till, bank, build)
    twin = replace(bank.opened[reference], transaction_id="t-twin")
    bank.opened["twin"] = twin

    result = await reconcile(outside, CODE, today_in_bogota())

    assert (result.matched, result.open_differences) == (1, 1)
    [shown] = await found(outside.database)
    assert (shown.kind, shown.transaction_id) == ("MISSING_HERE", "t-twin")


async def test_transactions_of_the_neighbouring_days_are_left_to_them(
    till: Till, bank: Bank, build: Build, outside: Outside
) -> None:
    reference = await pay(till, bank, build)
    tomorrow = now() + timedelta(days=1)
    stray = replace(bank.opened[reference], reference="X-1", transaction_id="t-x")
    bank.opened["X-1"] = replace(stray, happened_at=tomorrow)
    bank.say(reference, AttemptStatus.APPROVED, happened_at=now() + MARGIN / 2)

    result = await reconcile(outside, CODE, today_in_bogota())

    assert result.open_differences == 0


async def test_a_second_comparison_takes_the_place_of_the_first(
    till: Till, bank: Bank, build: Build, outside: Outside
) -> None:
    late = await pay(till, bank, build, is_settled=False)
    today = today_in_bogota()
    assert (await reconcile(outside, CODE, today)).open_differences == 1

    await till.settle(bank.opened[late])

    assert (await reconcile(outside, CODE, today)).open_differences == 0
    assert await found(outside.database) == []


async def test_closing_needs_a_reason_and_lasts(
    till: Till,
    bank: Bank,
    build: Build,
    outside: Outside,
    client: httpx2.AsyncClient,
    as_user: AsUser,
) -> None:
    await pay(till, bank, build, is_settled=False)
    await reconcile(outside, CODE, today_in_bogota())
    headers = await as_user(await build.user(UserType.ADMIN))
    [shown] = (await client.get(LIST, headers=headers)).json()["differences"]
    close = f"{LIST}/{shown['id']}/close"

    assert (await client.post(close, headers=headers, json={"reason": " "})).status_code == 422
    body = {"reason": "The bank took it back the same day"}
    assert (await client.post(close, headers=headers, json=body)).status_code == 200
    assert (await client.post(close, headers=headers, json=body)).status_code == 409
    missing = await client.post(f"{LIST}/999999/close", headers=headers, json=body)
    assert missing.status_code == 404

    assert (await reconcile(outside, CODE, today_in_bogota())).open_differences == 0
    listed = (await client.get(LIST, headers=headers, params={"state": "CLOSED"})).json()
    assert [each["reason"] for each in listed["differences"]] == [body["reason"]]
    empty = (await client.get(LIST, headers=headers, params={"state": "OPEN"})).json()
    assert empty["differences"] == []


async def test_a_gateway_without_a_list_is_said_to_have_none(bank: Bank, outside: Outside) -> None:
    async def no_list(since: datetime, until: datetime) -> None:
        return None

    bank.transactions = no_list  # type: ignore[method-assign]

    assert (await reconcile(outside, CODE, today_in_bogota())).state is RunState.NO_LIST


async def test_the_daily_job_waits_for_two_o_clock_and_asks_a_silent_gateway_again(
    bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    here = now().astimezone(BOGOTA)
    clock.advance(here.replace(hour=1, minute=30) - here)
    assert await reconcile_due(outside, now()) == []

    clock.advance(timedelta(hours=1))
    bank.is_silent = True
    assert await reconcile_due(outside, now()) == []

    bank.is_silent = False
    days = [result.day for result in await reconcile_due(outside, now())]
    today = today_in_bogota()
    assert days == [today - timedelta(days=age) for age in (1, 3, 9)]
    assert await reconcile_due(outside, now()) == []


class Broken(Bank):
    """A gateway whose list nobody can read."""

    async def transactions(self, since: datetime, until: datetime) -> list[Outcome] | None:
        """Fail as an adapter does that meets what its documentation does not tell of."""
        raise ValueError("an unknown status")


async def test_a_gateway_that_breaks_does_not_keep_the_others_from_being_compared(
    till: Till, bank: Bank, clock: MovedClock
) -> None:
    world = Outside(till.database, {"broken": Broken(), bank.code: bank}, "http://shop.example.com")
    here = now().astimezone(BOGOTA)
    clock.advance(here.replace(hour=2, minute=30) - here)
    results = await reconcile_due(world, now())
    assert [result.gateway for result in results] == [bank.code] * 3


async def test_a_day_of_more_transactions_than_a_statement_takes_values(
    bank: Bank, outside: Outside
) -> None:
    declined = Outcome(CODE, "", "", AttemptStatus.DECLINED, 1, "COP")
    for number in range(33_000):
        reference = f"r-{number}"
        bank.opened[reference] = replace(declined, reference=reference)
    result = await reconcile(outside, CODE, today_in_bogota())
    assert (result.matched, result.open_differences) == (0, 0)


async def test_a_silent_gateway_leaves_nothing_behind(bank: Bank, outside: Outside) -> None:
    bank.is_silent = True

    with pytest.raises(GatewayUnavailable):
        await reconcile(outside, CODE, today_in_bogota())

    async with outside.database.read() as connection:
        runs = await connection.execute(text("SELECT COUNT(*) FROM reconciliation_runs"))
        assert runs.scalar_one() == 0
