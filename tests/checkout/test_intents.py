"""Intents: a payment is made ready for exactly the order's total, then confirmed."""

import httpx2
import pytest
from fastapi import FastAPI

from mestore.checkout.types import Outside
from tests.checkout.bank import Bank
from tests.checkout.till import GUEST, Till

HEADERS = {"Session-ID": GUEST}


@pytest.fixture(autouse=True)
def paid_at_the_bank(app: FastAPI, outside: Outside) -> None:
    app.state.outside = outside


async def test_an_intent_is_made_once_and_confirmed(
    till: Till, client: httpx2.AsyncClient, bank: Bank
) -> None:
    order = await till.place(await till.build.product())
    wanted = {"order_id": order.id, "amount": order.draft.total_minor / 100}

    made = await client.post("/payments/create-intent", json=wanted, headers=HEADERS)
    again = await client.post("/payments/create-intent", json=wanted, headers=HEADERS)
    confirmed = await client.post(
        "/payments/confirm",
        json={
            "intent_id": made.json()["intent_id"],
            "payment_method": "NEQUI",
            "payment_data": {"phone_number": "3991111111"},
        },
        headers=HEADERS,
    )

    assert made.status_code == 200, made.text
    assert again.json() == made.json()
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["intent_id"] == made.json()["intent_id"]
    assert confirmed.json()["status"] == "PENDING"
    assert len(bank.started) == 1


async def test_an_intent_of_another_amount_or_another_buyer_is_refused(
    till: Till, client: httpx2.AsyncClient
) -> None:
    order = await till.place(await till.build.product())
    wanted = {"order_id": order.id, "amount": order.draft.total_minor / 100}

    less = await client.post(
        "/payments/create-intent", json=wanted | {"amount": 1}, headers=HEADERS
    )
    stranger = await client.post(
        "/payments/create-intent", json=wanted, headers={"Session-ID": "somebody-else-1"}
    )

    assert (less.status_code, less.json()["code"]) == (422, "AMOUNT_MISMATCH")
    assert stranger.status_code == 404


async def test_cash_at_efecty_keeps_the_order_for_days(
    till: Till, client: httpx2.AsyncClient, bank: Bank
) -> None:
    order = await till.place(await till.build.product())

    answer = await client.post(
        "/payments/process/efecty", json={"order_id": order.id}, headers=HEADERS
    )

    assert answer.status_code == 200, answer.text
    (charge,) = bank.started
    assert charge.method == "EFECTY"
    assert charge.expires_at is not None
