"""A buyer at the API whose payments go to the PayU simulator, and what became of them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import httpx2

from mestore.bootstrap import App
from mestore.checkout.jobs import PollGateways, poll_gateways
from mestore.orders.types import FinancialStatus, OrderStatus
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from tests.build import BuiltProduct
from tests.checkout.bodies import Json, order_of
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.simulators.payu_shop import PayUShop

PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
LIFE = timedelta(minutes=20)
TOTAL = 12_210_000
APPROVED = "token-approved"
Jobs = Callable[[], Awaitable[int]]


class Buyer:
    """A guest at the API."""

    def __init__(self, client: httpx2.AsyncClient, shop: PayUShop, program: App) -> None:
        self.client = client
        self.shop = shop
        self.program = program
        self.headers = {"Session-ID": f"guest-{uuid4().hex}", "User-Agent": "Mozilla/5.0"}
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
        return await self.client.post("/payments/process/payu", json=body, headers=headers)

    async def pays_by_card(
        self, token: str = APPROVED, *, key: str | None = None
    ) -> httpx2.Response:
        return await self.pays("CARD", {"token": token, "card_brand": "VISA"}, key=key)

    async def status(self) -> Json:
        answer = await self.client.get(
            f"/payments/status/order/{self.order['id']}", headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def forwards(self, body: str) -> httpx2.Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post("/payments/webhook/payu", content=body, headers=headers)

    async def hears(self, shown: Json) -> httpx2.Response:
        """Let PayU's confirmation of how a payment stands arrive."""
        return await self.forwards(self.shop.confirmation(shown["transaction_id"])["genuine"])

    async def polls(self, clock: MovedClock, after: timedelta = LIFE) -> None:
        clock.advance(after)
        await poll_gateways(PollGateways(), outside=self.program.outside)

    async def follows_refunds(self, clock: MovedClock, after: timedelta = LIFE) -> None:
        clock.advance(after)
        await follow_refunds(FollowRefunds(), outside=self.program.outside)

    def charged(self) -> list[str]:
        """How the charges stand that the simulator has."""
        return [
            each["transactionResponse"]["state"]
            for each in self.shop.transactions()
            if each["parentTransactionId"] is None
        ]


async def is_paid_once(till: Till, buyer: Buyer) -> None:
    order_id = buyer.order["id"]
    assert await till.stands(order_id) == PAID
    assert buyer.charged() == ["APPROVED"]
    assert await till.entries() == [f"capture:{order_id}", f"commission:{order_id}"]
    assert (await till.sent())["OrderPaid", "notifications.on_order_paid"] == 1
    assert await till.queues() == []
    assert await till.doctor() == []


async def is_still_open(till: Till, buyer: Buyer) -> None:
    assert await till.stands(buyer.order["id"]) == OPEN
    assert await till.balances() == {}
    assert await till.doctor() == []
