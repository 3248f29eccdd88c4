"""Refunds that wait for a transfer while their gateway annuls the payment: money goes once."""

from dataclasses import replace

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.checkout.types import Outside
from mestore.ledger.types import UNAPPLIED
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus
from mestore.payments.models import PaymentException
from mestore.payments.types import AttemptStatus, PaymentMethod
from mestore.payments.types.stranded import ExceptionEnd
from mestore.refunds.models import RefundRow
from mestore.refunds.service.cancel import call_off
from mestore.refunds.service.queues import resolve
from mestore.refunds.service.transfer import name_account
from tests.build import Build
from tests.checkout.bank import Bank
from tests.checkout.till import Till, said
from tests.conftest import AsUser
from tests.refunds.desk import ACCOUNT

VOIDED = AttemptStatus.VOIDED
GIVEN = {"is_given": True, "reason": "annulled at the counter"}


@pytest.fixture
async def admin(build: Build, as_user: AsUser) -> dict[str, str]:
    """The headers of an operator."""
    return await as_user(await build.user(UserType.ADMIN))


@pytest.fixture
def bank() -> Bank:
    """A gateway that sends nothing back."""
    found = Bank()
    nothing: frozenset[PaymentMethod] = frozenset()
    found.profile = replace(found.profile, refundable=nothing, partly_refundable=nothing)
    return found


async def refund_of(till: Till) -> int:
    """Return the only refund, after its buyer has named an account."""
    async with till.database.transaction() as tx:
        refund_id = (await tx.connection.execute(select(RefundRow.id))).scalar_one()
        await name_account(tx, refund_id, ACCOUNT)
    return int(refund_id)


async def ended_as_given(client: httpx2.AsyncClient, admin: dict[str, str], refund_id: int) -> None:
    """See that it cannot be transferred any more, and end it."""
    address = f"/admin/refunds/{refund_id}"
    (shown,) = (await client.get("/admin/refunds", headers=admin)).json()["refunds"]
    assert (shown["state"], shown["is_voided"]) == ("TRANSFER_DUE", True)
    paid = {"bank_reference": "T-1"}
    refused = await client.post(f"{address}/transferred", json=paid, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "VOIDED_BY_GATEWAY")
    assert "/ended" in refused.text
    kept = await client.post(f"{address}/ended", json={**GIVEN, "is_given": False}, headers=admin)
    assert (kept.status_code, kept.json()["code"]) == (409, "NOT_UNDER_WAY")
    ended = await client.post(f"{address}/ended", json=GIVEN, headers=admin)
    assert (ended.status_code, ended.json()["state"]) == (200, "APPROVED"), ended.text
    again = await client.post(f"{address}/ended", json=GIVEN, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "NOT_UNDER_WAY")


async def test_the_refund_of_an_order_called_off_ends_with_the_annulment(
    till: Till, client: httpx2.AsyncClient, admin: dict[str, str], outside: Outside
) -> None:
    order = await till.place(await till.build.product(stock=3))
    attempt = await till.settle_approved(order)
    await call_off(outside, order.id, CancelReason.STAFF, None)
    refund_id = await refund_of(till)
    early = await client.post(f"/admin/refunds/{refund_id}/ended", json=GIVEN, headers=admin)
    assert (early.status_code, early.json()["code"]) == (409, "NOT_UNDER_WAY")

    await till.settle(said(attempt, VOIDED))
    await ended_as_given(client, admin, refund_id)

    assert await till.stands(order.id) == (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)
    assert await till.balances() == {}
    assert (await till.entries()).count(f"refund:{refund_id}") == 1
    await accept_the_void(till, outside)
    assert await till.balances() == {}
    assert await till.doctor() == []


async def test_so_does_that_of_a_second_payment(
    till: Till, client: httpx2.AsyncClient, admin: dict[str, str], outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    attempt = await till.attempt(order, PaymentMethod.EFECTY)
    await till.settle(said(attempt, AttemptStatus.APPROVED))
    before = await till.balances()
    again = {"transaction_id": "t-again"}
    await till.settle(said(attempt, AttemptStatus.APPROVED, **again))
    async with till.database.read() as connection:
        entry = (await connection.execute(select(PaymentException.id))).scalar_one()
    await resolve(outside, entry, ExceptionEnd.REFUND, "twice", None)
    refund_id = await refund_of(till)

    await till.settle(said(attempt, VOIDED, **again))
    await ended_as_given(client, admin, refund_id)

    assert UNAPPLIED not in await till.balances()
    await accept_the_void(till, outside)
    assert await till.balances() == before
    assert await till.stands(order.id) == (OrderStatus.CONFIRMED, FinancialStatus.PAID)
    assert await till.doctor() == []


async def accept_the_void(till: Till, outside: Outside) -> None:
    """End the entry of the annulment."""
    query = select(PaymentException.id).where(PaymentException.kind == "VOIDED_LATER")
    async with till.database.read() as connection:
        entry = (await connection.execute(query)).scalar_one()
    await resolve(outside, entry, ExceptionEnd.ACCEPT, "seen", None)
