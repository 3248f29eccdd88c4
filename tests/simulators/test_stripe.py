"""The Stripe simulator as a merchant's own program sees it, without our adapter or the SDK."""

import hmac
import re
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from simulators.stripe.app import SECRET_KEY, WEBHOOK_SECRET
from tests.simulators.stripe_fixtures import Stripe, stripe, stripe_url

__all__ = ["stripe", "stripe_url"]

AUTH = {"Authorization": f"Bearer {SECRET_KEY}"}
ASKING = "pm_card_authenticationRequired"
WANTED = {
    "amount": "6500000",
    "currency": "cop",
    "confirm": "true",
    "payment_method": ASKING,
    "description": "Pedido <b>1</b>",
    "return_url": "https://shop.example/return",
    "metadata[reference]": "MS-1-1",
}


def pay(stripe: Stripe, key: str | None = None, **changes: str) -> httpx2.Response:
    headers = AUTH | ({"Idempotency-Key": key} if key else {})
    return stripe.http.post("/v1/payment_intents", data=WANTED | changes, headers=headers)


@pytest.fixture
def asking(stripe: Stripe) -> dict[str, Any]:
    """A payment whose bank asks back."""
    found: dict[str, Any] = pay(stripe).json()
    return found


def page_of(asking: dict[str, Any]) -> str:
    return str(asking["next_action"]["redirect_to_url"]["url"])


@pytest.mark.parametrize(
    ("choice", "status", "event"),
    [
        ("approve", "succeeded", "payment_intent.succeeded"),
        ("decline", "requires_payment_method", "payment_intent.payment_failed"),
    ],
)
def test_the_bank_shows_what_is_paid_and_tells_the_shop_once_how_it_ended(
    stripe: Stripe, asking: dict[str, Any], choice: str, status: str, event: str
) -> None:
    assert asking["status"] == "requires_action"
    page = stripe.http.get(page_of(asking)).text
    assert "$ 65.000 COP" in page
    assert "Pedido &lt;b&gt;1&lt;/b&gt;" in page
    assert f'action="{asking["id"]}/{choice}"' in page

    back = stripe.http.post(f"{page_of(asking)}/{choice}")
    again = stripe.http.post(f"{page_of(asking)}/approve")

    assert (back.status_code, back.headers["location"]) == (303, WANTED["return_url"])
    assert again.headers["location"] == WANTED["return_url"]
    [received] = stripe.receiver.wait()
    assert received.event["type"] == event
    assert received.event["data"]["object"]["status"] == status
    found = stripe.http.get(f"/v1/payment_intents/{asking['id']}", headers=AUTH).json()
    assert found["status"] == status
    assert "<form" not in stripe.http.get(page_of(asking)).text
    assert len(stripe.receiver.events) == 1


def test_events_are_signed_over_their_time_and_their_bytes(
    stripe: Stripe, asking: dict[str, Any]
) -> None:
    stripe.http.post(f"{page_of(asking)}/approve")
    [received] = stripe.receiver.wait()

    signed = re.fullmatch(r"t=([0-9]+),v1=([0-9a-f]{64})", received.header)
    assert signed is not None
    payload = f"{signed[1]}.".encode() + received.body
    assert hmac.new(WEBHOOK_SECRET.encode(), payload, sha256).hexdigest() == signed[2]


def test_a_shop_that_is_down_does_not_break_the_bank(
    stripe: Stripe, asking: dict[str, Any], nobody_listens: int
) -> None:
    stripe.control("settings", events_url=f"http://127.0.0.1:{nobody_listens}/events")

    assert stripe.http.post(f"{page_of(asking)}/approve").status_code == 303


def test_the_same_key_answers_the_same_and_refuses_another_body(stripe: Stripe) -> None:
    first, again = pay(stripe, "k-1"), pay(stripe, "k-1")
    other = pay(stripe, "k-1", amount="6500100")

    assert first.json() == again.json()
    assert len(stripe.listed("payment_intents")) == 1
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")


def test_wrong_keys_amounts_methods_and_ids_are_refused(stripe: Stripe) -> None:
    stranger = {"Authorization": "Bearer sk_test_of_somebody_else"}
    answer = stripe.http.post("/v1/payment_intents", data=WANTED, headers=stranger)
    assert answer.status_code == 401
    # Stripe takes eight digits at most.
    assert pay(stripe, amount="100000000").json()["error"]["param"] == "amount"
    assert pay(stripe, payment_method="pm_nobody").json()["error"]["code"] == "resource_missing"
    assert stripe.http.get("/v1/payment_intents/pi_nobody", headers=AUTH).status_code == 404
    assert stripe.http.get("/_bank/pi_nobody").status_code == 404
    assert stripe.listed("payment_intents") == []


def test_a_refused_card_is_a_402_with_its_payment(stripe: Stripe) -> None:
    token = "pm_card_chargeDeclinedExpiredCard"  # noqa: S105  a published test method
    refused = pay(stripe, payment_method=token)

    error = refused.json()["error"]
    assert (refused.status_code, error["decline_code"]) == (402, "expired_card")
    assert error["payment_intent"]["status"] == "requires_payment_method"
