"""A buyer at the API whose payments go to the Wompi simulator, and what became of them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import httpx2

from mestore.bootstrap import App
from mestore.checkout.jobs import PollGateways, poll_gateways
from mestore.orders.types import FinancialStatus, OrderStatus
from tests.build import BuiltProduct
from tests.checkout.bodies import Json, order_of
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.simulators.wompi_shop import APPROVED_CARD, Received, Shop

PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
VOID = (OrderStatus.CANCELLED, FinancialStatus.VOIDED)
LIFE = timedelta(minutes=20)
Jobs = Callable[[], Awaitable[int]]


class Buyer:
    """A guest at the API."""

    def __init__(self, client: httpx2.AsyncClient, shop: Shop, program: App) -> None:
        self.client = client
        self.shop = shop
        self.program = program
        self.headers = {"Session-ID": f"guest-{uuid4().hex}"}
        self.order: Json = {}

    async def orders(self, product: BuiltProduct, quantity: int = 1) -> Json:
        body = order_of(product.id, quantity=quantity)
        answer = await self.client.post("/orders", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        self.order = answer.json()
        return self.order

    async def pays(self, method: str, data: Json, *, key: str | None = None) -> httpx2.Response:
        body = {"order_id": self.order["id"], "payment_method": method, "payment_data": data}
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self.client.post("/payments/process", json=body, headers=headers)

    async def pays_by_card(
        self, number: str = APPROVED_CARD, *, key: str | None = None
    ) -> httpx2.Response:
        token = self.shop.card_token(number).json()["data"]["id"]
        return await self.pays("CARD", {"token": token}, key=key)

    async def status(self) -> Json:
        answer = await self.client.get(
            f"/payments/status/order/{self.order['id']}", headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def forwards(self, received: Received) -> httpx2.Response:
        headers = {"X-Event-Checksum": received.header, "Content-Type": "application/json"}
        return await self.client.post("/payments/webhook", content=received.body, headers=headers)

    async def polls(self, clock: MovedClock, after: timedelta = LIFE) -> None:
        clock.advance(after)
        await poll_gateways(PollGateways(), outside=self.program.outside)

    def charged(self) -> list[Json]:
        """The transactions that the simulator has."""
        found: list[Json] = self.shop.http.get("/_control/transactions").json()["data"]
        return found


async def is_paid_once(till: Till, buyer: Buyer) -> None:
    order_id = buyer.order["id"]
    assert await till.stands(order_id) == PAID
    assert [one["status"] for one in buyer.charged()] == ["APPROVED"]
    assert await till.entries() == [f"capture:{order_id}", f"commission:{order_id}"]
    assert (await till.sent())["OrderPaid", "notifications.on_order_paid"] == 1
    assert await till.queues() == []
    assert await till.doctor() == []


async def is_still_open(till: Till, buyer: Buyer) -> None:
    assert await till.stands(buyer.order["id"]) == OPEN
    assert await till.balances() == {}
    assert await till.doctor() == []
