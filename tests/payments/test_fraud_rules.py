"""Fraud rules and reviews over HTTP: versions, refusals, the audit log, and what is forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.events import UserErased
from mestore.accounts.types import UserType
from mestore.bootstrap import App
from mestore.checkout.types import Outside
from mestore.kernel.db import Database
from mestore.payments.jobs import PurgeTraces
from mestore.payments.models import PaymentReview, Trace
from mestore.payments.service import known_rules
from mestore.payments.types.screening import DEFAULT_RULES, FraudRule, ReviewState
from tests.build import Build
from tests.checkout.paying import paying
from tests.checkout.screening import DEAR
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser, MovedClock

RULES = "/admin/payments/fraud/rules"
REVIEWS = "/admin/payments/fraud/reviews"
Headers = dict[str, str]
Jobs = Callable[[], Awaitable[int]]


@pytest.fixture
async def staff(build: Build, as_user: AsUser) -> Headers:
    """The headers of an admin."""
    return await as_user(await build.user(UserType.ADMIN))


def change(version: int, **values: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    """Return a body that changes the rules."""
    scores = {"review_from": 40, "refuse_from": 80}
    return {"version": version, **scores, "reason": "too many chargebacks", **values}


async def test_the_rules_begin_as_the_settings_say(
    client: httpx2.AsyncClient, staff: Headers
) -> None:
    shown = (await client.get(RULES, headers=staff)).json()

    assert (shown["version"], shown["review_from"], shown["refuse_from"]) == (0, 50, 90)
    assert set(shown["rules"]) == {rule.value for rule in FraudRule}
    assert shown["rules"]["large_amount"] == {
        "above": 2_000_000,
        "points": 20,
        "window_minutes": None,
        "is_on": True,
    }


async def test_a_change_is_a_version_that_holds_at_once_and_is_audited(
    client: httpx2.AsyncClient, staff: Headers, program: App, run_jobs: Jobs
) -> None:
    assert (await known_rules(program.database)).version == 0
    rules = {
        "large_amount": {"above": 500_000.5, "points": 45},
        "email_declines": {"above": 2, "points": 50, "window_minutes": 120, "is_on": False},
    }

    answer = await client.put(RULES, headers=staff, json=change(0, rules=rules))

    assert answer.status_code == 200
    known = await known_rules(program.database)
    assert (known.version, known.review_from, known.refuse_from) == (1, 40, 80)
    assert known.rules[FraudRule.LARGE_AMOUNT].above == 50_000_050
    assert not known.rules[FraudRule.EMAIL_DECLINES].is_on
    # What was left out stays.
    assert known.rules[FraudRule.FOREIGN_CARD] == DEFAULT_RULES[FraudRule.FOREIGN_CARD]
    assert (await client.get(RULES, headers=staff)).json() == answer.json()
    await run_jobs()
    await client.put(RULES, headers=staff, json=change(1, rules={}))
    listed = (await client.get(f"{RULES}/versions", headers=staff)).json()
    assert [each["version"] for each in listed["versions"]] == [2, 1]
    await run_jobs()
    path = "/admin/audit-log?action=payments.fraud_rules_changed"
    log = (await client.get(path, headers=staff)).json()
    entry = log["entries"][-1]
    assert entry["after"]["reason"] == "too many chargebacks"
    assert entry["before"]["review_from"] == 50
    assert set(entry["after"]) == {
        "review_from",
        "refuse_from",
        "large_amount",
        "email_declines",
        "reason",
    }


async def test_of_two_changes_from_one_version_one_is_refused(
    client: httpx2.AsyncClient, staff: Headers
) -> None:
    answers = await asyncio.gather(
        *(client.put(RULES, headers=staff, json=change(0, refuse_from=60 + n)) for n in range(4))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "RULES_CHANGED"
    won = next(answer for answer in answers if answer.status_code == 200).json()
    assert (await client.get(RULES, headers=staff)).json() == won


@pytest.mark.parametrize(
    "values",
    [
        {"review_from": 0},
        {"refuse_from": 101},
        {"review_from": 81},
        {"reason": ""},
        {"rules": {"no_such_rule": {"above": 1, "points": 1}}},
        {"rules": {"large_amount": {"above": 1, "points": 101}}},
        {"rules": {"large_amount": {"above": -1, "points": 1}}},
        {"rules": {"large_amount": {"above": 1, "points": 1, "window_minutes": 5}}},
        {"rules": {"email_velocity": {"above": 1, "points": 1}}},
        {"rules": {"email_velocity": {"above": 1.5, "points": 1, "window_minutes": 5}}},
        {"rules": {"email_velocity": {"above": 1, "points": 1, "window_minutes": 43_201}}},
    ],
)
async def test_rules_that_mean_nothing_are_refused(
    client: httpx2.AsyncClient, staff: Headers, values: dict[str, Any]
) -> None:
    answer = await client.put(RULES, headers=staff, json=change(0, **values))

    assert answer.status_code == 422
    assert (await client.get(RULES, headers=staff)).json()["version"] == 0


async def test_staff_reads_the_evidence_and_decides_once(
    client: httpx2.AsyncClient, staff: Headers, till: Till, outside: Outside, run_jobs: Jobs
) -> None:
    order = await till.place(await till.build.product(price=DEAR))
    await paying(outside, order.id)
    (listed,) = (await client.get(f"{REVIEWS}?state=OPEN", headers=staff)).json()["reviews"]
    path = f"{REVIEWS}/{listed['id']}"
    assert (await client.get(path, headers=staff)).json() == listed
    assert (listed["order_id"], listed["score"], listed["is_paid"]) == (order.id, 50, False)
    assert listed["evidence"] == [
        {"rule": "large_amount", "seen": 2_975_000, "above": 2_000_000, "points": 20},
        {"rule": "first_order", "seen": 2_975_000, "above": 2_000_000, "points": 30},
    ]

    body = {"decision": "refuse", "reason": "not the holder of the account"}
    answer = await client.post(f"{path}/decide", headers=staff, json=body)

    assert (answer.status_code, answer.json()["state"]) == (200, "REFUSED")
    again = await client.post(f"{path}/decide", headers=staff, json={**body, "decision": "approve"})
    assert (again.status_code, again.json()["code"]) == (409, "REVIEW_ENDED")
    await run_jobs()
    log = (await client.get("/admin/audit-log?action=payments.reviewed", headers=staff)).json()
    (entry,) = log["entries"]
    assert entry["after"]["reason"] == body["reason"]
    assert entry["actor_id"] == answer.json()["decided_by"]
    status, _ = await till.stands(order.id)
    assert status.value == "CANCELLED"


async def test_who_does_not_ask_well_changes_nothing(
    client: httpx2.AsyncClient, staff: Headers, till: Till, outside: Outside
) -> None:
    order = await till.place(await till.build.product(price=DEAR))
    await paying(outside, order.id)
    (listed,) = (await client.get(REVIEWS, headers=staff)).json()["reviews"]
    path = f"{REVIEWS}/{listed['id']}/decide"

    for body in ({"decision": "approve"}, {"decision": "later", "reason": "tomorrow"}):
        assert (await client.post(path, headers=staff, json=body)).status_code == 422

    async with till.database.read() as connection:
        state = (await connection.execute(select(PaymentReview.state))).scalar_one()
    assert state is ReviewState.OPEN


async def traces(database: Database) -> int:
    """Return how many traces are kept."""
    async with database.read() as connection:
        return len((await connection.execute(select(Trace.id))).all())


async def test_traces_go_after_their_time(
    client: httpx2.AsyncClient,
    till: Till,
    outside: Outside,
    run_jobs: Jobs,
    clock: MovedClock,
) -> None:
    order = await till.place(await till.build.product())
    await paying(outside, order.id)
    kept = await traces(till.database)
    assert kept

    for days, left in ((89, kept), (2, 0)):
        clock.advance(timedelta(days=days))
        async with till.database.transaction() as tx:
            tx.enqueue(PurgeTraces())
        await run_jobs()
        assert await traces(till.database) == left


async def test_traces_are_exported_without_digests_and_erased_with_their_person(
    client: httpx2.AsyncClient, till: Till, outside: Outside, as_user: AsUser, run_jobs: Jobs
) -> None:
    buyer, other = await till.build.user(), await till.build.user()
    for user in (buyer, other):
        order = await till.place(await till.build.product(), owner=owner_of(user))
        await paying(outside, order.id, owner=owner_of(user))

    exported = (await client.get("/users/export", headers=await as_user(buyer))).json()

    assert {each["kind"] for each in exported["payment_traces"]} == {"EMAIL", "PHONE"}
    assert all("digest" not in each for each in exported["payment_traces"])
    before = await traces(till.database)
    async with till.database.transaction() as tx:
        tx.publish(UserErased(buyer.id))
    await run_jobs()
    async with till.database.read() as connection:
        left = (await connection.execute(select(Trace.user_id))).scalars().all()
    assert set(left) == {other.id}
    assert len(left) == before // 2
