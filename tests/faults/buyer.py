"""A buyer at the API, the time that passes, and both books at the end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from mestore.bootstrap import App
from mestore.checkout.jobs import PollGateways, poll_gateways
from mestore.kernel.clock import Clock
from mestore.orders.types import FinancialStatus, OrderStatus, PlacedOrder
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from mestore.refunds.types import RefundState
from tests.build import BuiltProduct
from tests.checkout.bodies import HEADERS, Json
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.faults.hands import Hand, Operation

LATE = frozenset({"timeout_after", "slow"})
"""The faults in which an answer takes a minute."""
PATIENCE_SECONDS: Mapping[Operation, float] = {"charge": 0.5, "refund": 0.5, "question": 0.1}
"""How long an answer is waited for. What is charged or given back must have got there by then; a
question is only asked again, a dozen times, and that none is answered is what the test wants."""
PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
BACK = (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)


@dataclass(frozen=True)
class Buyer:
    """A guest, whose browser PayU wants to know."""

    program: App
    client: httpx2.AsyncClient
    till: Till
    hand: Hand
    clock: MovedClock

    async def orders(self) -> PlacedOrder:
        """Order two units of one product, and one of another vendor's."""
        build = self.till.build
        product, other = await build.product(stock=5), await build.product(stock=5)
        return await self.till.place((product, 2), other)

    async def pays(
        self, order: PlacedOrder, key: str, method: str = "CARD", data: Json | None = None
    ) -> httpx2.Response:
        """Pay an order, by default with a card that is approved."""
        body = {
            "order_id": order.id,
            "payment_method": method,
            "gateway": self.hand.code,
            "payment_data": self.hand.card() if data is None else data,
        }
        headers = {**HEADERS, "User-Agent": "Mozilla/5.0", "Idempotency-Key": key}
        return await self.client.post("/payments/process", json=body, headers=headers)

    async def has_paid(self, product: BuiltProduct | None = None) -> PlacedOrder:
        """Return an order that is paid by card."""
        order = await (self.till.place(product) if product else self.orders())
        answer = await self.pays(order, f"paid-at-once-{order.id}")
        assert answer.json()["status"] == "APPROVED", answer.text
        return order

    async def calls_off(self, order: PlacedOrder) -> RefundState:
        """Cancel a paid order and return how its refund stands."""
        answer = await self.client.delete(f"/orders/{order.id}", headers=HEADERS)
        assert answer.status_code == 200, answer.text
        return await self.refund_of(order)

    async def refund_of(self, order: PlacedOrder) -> RefundState:
        """Return how the refund of an order stands."""
        shown = await self.client.get(f"/orders/{order.id}/refunds", headers=HEADERS)
        (refund,) = shown.json()["refunds"]
        return RefundState(refund["state"])

    @contextmanager
    def on_a_bad_day(self, operation: Operation, fault: str, times: int = 1) -> Iterator[None]:
        """Let a fault befall the gateway; nobody waits a whole minute for its answer."""
        patient = [client.timeout for client in self.program.clients.opened]
        if fault in LATE:
            for client in self.program.clients.opened:
                client.timeout = httpx2.Timeout(PATIENCE_SECONDS[operation])
        self.hand.breaks(operation, fault, times)
        try:
            yield
        finally:
            self.hand.mends()
            for client, timeout in zip(self.program.clients.opened, patient, strict=True):
                client.timeout = timeout

    @contextmanager
    def ahead(self, minutes: float) -> Iterator[None]:
        """Let it be later for a moment."""
        before = Clock.offset
        self.clock.advance(timedelta(minutes=minutes))
        yield
        Clock.offset = before

    async def time_passes(self, *minutes: float) -> None:
        """Let the poller ask after each of these whiles."""
        for each in minutes:
            self.clock.advance(timedelta(minutes=each))
            await poll_gateways(PollGateways(), outside=self.program.outside)

    async def asks_about_refunds(self, *minutes: float) -> None:
        """Let refunds be followed after each of these whiles."""
        for each in minutes:
            self.clock.advance(timedelta(minutes=each))
            await follow_refunds(FollowRefunds(), outside=self.program.outside)

    async def refunds_end(self) -> None:
        """Let refunds be followed for some hours; who reviews them does so at once."""
        for _ in range(8):
            await self.asks_about_refunds(40)
            self.hand.review()

    async def has_paid_once(self, *orders: PlacedOrder) -> None:
        """Compare both books: one charge for each order, and nothing else."""
        for order in orders:
            assert await self.till.stands(order.id) == PAID
        money = [(order.order_number, order.draft.total_minor) for order in orders]
        assert sorted(self.hand.taken()) == sorted(money)
        assert self.hand.given_back() == []
        keys = [f"{kind}:{order.id}" for order in orders for kind in ("capture", "commission")]
        assert sorted(await self.till.entries()) == sorted(keys)
        gateway = (await self.till.balances())[f"gateway:{self.hand.code}"]
        assert gateway == sum(amount for _, amount in money)
        assert await self.till.queues() == []
        assert await self.till.doctor() == []

    async def has_money_back_once(self, *orders: PlacedOrder) -> None:
        """Compare both books: one charge, one refund of all of it, and nothing is left."""
        for order in orders:
            assert await self.till.stands(order.id) == BACK
        money = sorted((order.order_number, order.draft.total_minor) for order in orders)
        assert sorted(self.hand.taken()) == money
        assert sorted(self.hand.given_back()) == money
        assert await self.till.balances() == {}
        assert await self.till.queues() == []
        assert await self.till.doctor() == []
