"""A gateway that the operator took away while a payment there was open."""

import httpx2

from mestore.orders.types import FinancialStatus, OrderStatus
from tests.build import Build
from tests.checkout.till import GUEST, Till


async def test_an_open_payment_of_a_gateway_that_is_gone_stays_open(
    client: httpx2.AsyncClient, build: Build, till: Till
) -> None:
    order = await till.place(await build.product())
    attempt = await till.attempt(order)
    address = f"/payments/return/{attempt.payment_id}"
    answer = await client.get(address)
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    answer = await client.delete(f"/orders/{order.id}", headers={"Session-ID": GUEST})
    assert answer.status_code == 200
    assert await till.stands(order.id) == (OrderStatus.CANCELLED, FinancialStatus.VOIDED)
