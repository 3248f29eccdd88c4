"""Disputes as Stripe tells of them: signed events over HTTP, the truth asked for by the job."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx2
import pytest

from mestore.bootstrap import App
from mestore.disputes.jobs import FollowDisputes, follow_disputes
from mestore.disputes.types import DisputeState, LossReason
from mestore.ledger.types import DISPUTED
from mestore.orders.types import PlacedOrder
from mestore.settings import Settings
from tests.checkout.till import GUEST, Till
from tests.conftest import MovedClock
from tests.disputes.court import row, steps, taken
from tests.simulators.stripe_fixtures import Stripe, stripe, stripe_url, with_stripe

Jobs = Callable[[], Awaitable[int]]
__all__ = ["stripe", "stripe_url"]


@pytest.fixture
def settings(settings: Settings, stripe_url: str) -> Settings:
    return with_stripe(settings, stripe_url)


async def bought(till: Till, client: httpx2.AsyncClient) -> PlacedOrder:
    """Return an order that its guest paid by card at Stripe."""
    order = await till.place((await till.build.product(stock=9), 2), await till.build.product())
    body = {
        "order_id": order.id,
        "payment_method": "CARD",
        "gateway": "stripe",
        "payment_data": {"token": "pm_card_visa"},
    }
    answer = await client.post("/payments/process", json=body, headers={"Session-ID": GUEST})
    assert answer.json()["status"] == "APPROVED", answer.text
    return order


async def deliver(stripe: Stripe, client: httpx2.AsyncClient, count: int) -> None:
    """Pass on the `count`-th event that Stripe sent, twice."""
    event = stripe.receiver.wait(count)[count - 1]
    headers = {"Stripe-Signature": event.header}
    for _ in range(2):
        answer = await client.post("/payments/webhook/stripe", content=event.body, headers=headers)
        assert answer.status_code == 200, answer.text


async def test_a_chargeback_is_opened_and_lost_as_stripe_tells(
    till: Till, client: httpx2.AsyncClient, stripe: Stripe, run_jobs: Jobs
) -> None:
    order = await bought(till, client)
    intent = stripe.listed("payment_intents")[0]["id"]

    dispute = stripe.control(f"payment_intents/{intent}/dispute")
    await deliver(stripe, client, 1)
    await run_jobs()
    assert await taken(till, order) == (True, order.draft.total_minor, 0)
    found = await row(till)
    assert (found.gateway_dispute_id, found.reason) == (dispute["id"], "fraudulent")
    assert found.evidence_due_at is not None
    assert (await till.balances())[DISPUTED] == order.draft.total_minor

    stripe.control(f"disputes/{dispute['id']}/status", status="lost")
    await deliver(stripe, client, 2)
    await run_jobs()

    assert await steps(till) == ["OPEN", "LOST"]
    assert (await row(till)).loss_reason is LossReason.DECIDED
    assert await till.balances() == {}
    assert await till.doctor() == []
    answer = await client.delete(f"/orders/{order.id}", headers={"Session-ID": GUEST})
    assert answer.status_code == 200
    assert stripe.listed("refunds") == []


async def test_a_dispute_whose_events_are_lost_is_asked_about(
    till: Till,
    client: httpx2.AsyncClient,
    stripe: Stripe,
    run_jobs: Jobs,
    program: App,
    clock: MovedClock,
) -> None:
    order = await bought(till, client)
    before = await till.balances()
    intent = stripe.listed("payment_intents")[0]["id"]
    dispute = stripe.control(f"payment_intents/{intent}/dispute", status="warning_needs_response")
    await deliver(stripe, client, 1)
    await run_jobs()
    assert await taken(till, order) == (True, 0, 0)
    assert await till.balances() == before

    for status, state in (
        ("needs_response", DisputeState.OPEN),
        ("under_review", DisputeState.EVIDENCE_SENT),
        ("won", DisputeState.WON),
    ):
        stripe.control(f"disputes/{dispute['id']}/status", status=status)
        clock.advance(timedelta(hours=7))
        await follow_disputes(FollowDisputes(), outside=program.outside)
        assert (await row(till)).state is state

    assert await till.balances() == before
    assert await steps(till) == ["OPEN", "EVIDENCE_SENT", "WON"]


async def test_a_refund_that_stripe_tells_of_is_finished_by_its_signal(
    till: Till, client: httpx2.AsyncClient, stripe: Stripe, run_jobs: Jobs, program: App
) -> None:
    order = await bought(till, client)
    stripe.control("faults", fault="error_500_after")
    answer = await client.delete(f"/orders/{order.id}", headers={"Session-ID": GUEST})
    assert answer.json()["order"]["financial_status"] == "PAID"
    (refund,) = stripe.listed("refunds")

    told = stripe.http.get(f"/_control/events/{refund['id']}", params={"kind": "refund.created"})
    event = told.json()
    headers = {"Stripe-Signature": event["header"]}
    answer = await client.post(
        "/payments/webhook/stripe", content=event["body"].encode(), headers=headers
    )
    assert answer.status_code == 200
    await run_jobs()

    shown = await client.get(f"/orders/{order.id}/refunds", headers={"Session-ID": GUEST})
    (done,) = shown.json()["refunds"]
    assert (done["state"], done["gateway_refund_id"]) == ("APPROVED", refund["id"])
    assert len(stripe.listed("refunds")) == 1
    assert await till.balances() == {}
