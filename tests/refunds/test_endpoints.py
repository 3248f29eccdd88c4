"""Refunds over HTTP: staff gives back, buyers look on, a paid order is called off."""

from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from mestore.accounts.types import UserType
from mestore.checkout.types import Outside
from mestore.orders.types import FinancialStatus, OrderStatus
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from tests.checkout.bank import Bank
from tests.checkout.till import GUEST, Till, owner_of
from tests.conftest import AsUser, MovedClock

ACCOUNT = {
    "bank": "Banco Ejemplo",
    "account_type": "SAVINGS",
    "account_number": "12345678",
    "holder_name": "Persona Ejemplo",
    "legal_id_type": "CC",
    "legal_id": "1023456789",
}


@pytest.fixture(autouse=True)
def paid_at_the_bank(app: FastAPI, outside: Outside) -> None:
    app.state.outside = outside


@pytest.fixture
async def admin(till: Till, as_user: AsUser) -> dict[str, str]:
    return await as_user(await till.build.user(user_type=UserType.ADMIN))


async def test_staff_quotes_refunds_a_line_and_then_the_rest(
    till: Till, client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    order = await till.place((await till.build.product(stock=5), 2))
    await till.settle_approved(order)
    line = {"lines": [{"order_item_id": order.lines[0].id, "quantity": 1, "restock": True}]}
    address = f"/orders/{order.id}/refund"

    quote = await client.post(f"{address}-quotes", json=line, headers=admin)
    once = {**admin, "Idempotency-Key": "refund-1"}
    first = await client.post(address, json=line | {"reason": "broken"}, headers=once)
    again = await client.post(address, json=line | {"reason": "broken"}, headers=once)
    rest = await client.post(f"/admin{address}", json={}, headers=admin)
    nothing = await client.post(f"/admin{address}", json={}, headers=admin)

    assert quote.status_code == first.status_code == rest.status_code == 200, first.text
    assert first.json()["state"] == "APPROVED"
    assert quote.json()["total"] == first.json()["amount"]
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    total = order.draft.total_minor / 100
    assert first.json()["amount"] + rest.json()["amount"] == total
    assert nothing.status_code == 409
    variant = order.lines[0].line.variant_id
    assert await till.build.stock_of(variant) == (4, 0)
    shown = await client.get(f"/orders/{order.id}/refunds", headers={"Session-ID": GUEST})
    assert [each["amount"] for each in shown.json()["refunds"]] == [
        first.json()["amount"],
        rest.json()["amount"],
    ]
    listed = await client.get("/admin/refunds", headers=admin)
    assert listed.json()["pagination"]["total"] == 2


async def test_a_buyer_cannot_refund(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser, bank: Bank
) -> None:
    user = await till.build.user()
    order = await till.place(await till.build.product(), owner=owner_of(user))
    await till.settle_approved(order)

    answer = await client.post(f"/orders/{order.id}/refund", json={}, headers=await as_user(user))

    assert answer.status_code == 403
    assert bank.refunded == {}


async def test_a_paid_order_that_was_not_sent_is_called_off_and_paid_back(
    till: Till, client: httpx2.AsyncClient, bank: Bank
) -> None:
    order = await till.place((await till.build.product(stock=5), 2))
    await till.settle_approved(order)

    answer = await client.delete(f"/orders/{order.id}", headers={"Session-ID": GUEST})
    again = await client.delete(f"/orders/{order.id}", headers={"Session-ID": GUEST})

    assert answer.status_code == again.status_code == 200, answer.text
    assert answer.json()["order"]["status"] == "CANCELLED"
    assert answer.json()["order"]["financial_status"] == "REFUNDED"
    assert len(bank.refunded) == 1
    assert await till.build.stock_of(order.lines[0].line.variant_id) == (5, 0)
    assert await till.balances() == {}
    assert await till.stands(order.id) == (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)


async def test_money_that_no_gateway_sends_back_goes_to_the_account_of_the_buyer(
    till: Till, client: httpx2.AsyncClient, admin: dict[str, str], outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    await till.settle_approved(order)
    outside.gateways.clear()  # type: ignore[attr-defined]
    due = (await client.post(f"/orders/{order.id}/refund", json={}, headers=admin)).json()
    address = f"/refunds/{due['id']}/bank-account"
    done = f"/admin/refunds/{due['id']}/transferred"

    too_early = await client.post(done, json={"bank_reference": "T-1"}, headers=admin)
    stranger = await client.post(address, json=ACCOUNT, headers={"Session-ID": "somebody-else-1"})
    named = await client.post(address, json=ACCOUNT, headers={"Session-ID": GUEST})
    paid = await client.post(done, json={"bank_reference": "T-1"}, headers=admin)
    late = await client.post(address, json=ACCOUNT, headers={"Session-ID": GUEST})

    assert due["state"] == "TRANSFER_DUE"
    assert (too_early.status_code, stranger.status_code, late.status_code) == (409, 404, 409)
    assert named.json()["bank_account"]["account_number"] == "…5678"
    assert paid.json()["state"] == "TRANSFERRED"
    assert paid.json()["bank_account"]["account_number"] == "12345678"


@pytest.mark.parametrize(
    ("is_given", "state", "financial"),
    [
        (True, "APPROVED", FinancialStatus.REFUNDED),
        (False, "DECLINED", FinancialStatus.PAID),
    ],
)
async def test_staff_says_how_a_refund_ended_that_the_gateway_does_not_tell(
    till: Till,
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    bank: Bank,
    outside: Outside,
    clock: MovedClock,
    is_given: bool,
    state: str,
    financial: FinancialStatus,
) -> None:
    order = await till.place(await till.build.product(stock=5))
    await till.settle_approved(order)
    before = await till.balances()
    bank.is_silent = True
    asked = (await client.post(f"/orders/{order.id}/refund", json={}, headers=admin)).json()
    address = f"/admin/refunds/{asked['id']}/ended"
    body = {"is_given": is_given, "reason": "seen in the panel of the gateway"}

    ended = await client.post(address, json=body, headers=admin)
    again = await client.post(address, json={**body, "is_given": not is_given}, headers=admin)
    clock.advance(timedelta(hours=1))
    bank.is_silent = False
    await follow_refunds(FollowRefunds(), outside=outside)

    assert asked["state"] == "UNKNOWN"
    assert (ended.status_code, ended.json()["state"]) == (200, state), ended.text
    assert (again.status_code, again.json()["code"]) == (409, "NOT_UNDER_WAY")
    assert (await till.stands(order.id))[1] is financial
    assert await till.balances() == ({} if is_given else before)
    assert len(bank.refunded) == 1
