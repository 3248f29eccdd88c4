"""A guest with an order, and the counter of Efecty that tells the API of payments."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import func, select

from mestore.bootstrap import App
from mestore.checkout.jobs import ExpireOrders, PollGateways, expire_orders, poll_gateways
from mestore.orders.types import FinancialStatus, OrderStatus, PlacedOrder
from mestore.payments.models import EfectyPayment, EfectyVoucher, GatewayEvent
from simulators.efecty.messages import now_in_bogota, signed
from tests.build import BuiltProduct
from tests.checkout.bodies import HEADERS, Json
from tests.checkout.till import Till
from tests.conftest import MovedClock

SECRET = "the secret of an agreement"  # noqa: S105  made up
CONVENIO = "990014"
CONFIRM, WEBHOOK = "/payments/efecty/confirm", "/payments/webhook/efecty"
TOTAL = 12_210_000
"""Two units of 45,000 pesos with 19 % of tax and 15,000 of shipping, in centavos."""

PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
VOID = (OrderStatus.CANCELLED, FinancialStatus.VOIDED)


class Counter:
    """What a payer, a cashier and time do, each through the API or the program's own jobs."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        program: App,
        till: Till,
        run_jobs: Callable[[], Awaitable[int]],
    ) -> None:
        self.client = client
        self.program = program
        self.till = till
        self.run_jobs = run_jobs
        self.product: BuiltProduct
        self.order: PlacedOrder

    async def voucher(self, order: PlacedOrder | None = None) -> Json:
        """Get the voucher of an order."""
        body = {"order_id": (order or self.order).id}
        answer = await self.client.post("/payments/process/efecty", json=body, headers=HEADERS)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        assert (found["gateway"], found["status"]) == ("efecty", "PENDING")
        return dict(found["voucher"])

    def fields(self, reference: str, **changes: str | int) -> Json:
        """What a counter tells of a payment of the whole order."""
        told: dict[str, str | int] = {
            "convenio": CONVENIO,
            "referencia": reference,
            "valor": TOTAL // 100,
            "fecha": now_in_bogota(),
            "autorizacion": "A1",
            "punto": "Punto 7",
        }
        return told | changes

    def message(self, reference: str, **changes: str | int) -> Json:
        """The same, signed."""
        return signed(self.fields(reference, **changes), SECRET)

    async def tell(
        self, reference: str, path: str = CONFIRM, **changes: str | int
    ) -> httpx2.Response:
        """Let the network tell of a payment."""
        return await self._send(path, reference, changes)

    async def _send(
        self, path: str, reference: str, changes: Mapping[str, str | int]
    ) -> httpx2.Response:
        return await self.client.post(path, json=self.message(reference, **changes))

    async def pays(self, reference: str, **changes: str | int) -> None:
        """Pay at the counter, and let the jobs settle it."""
        answer = await self._send(CONFIRM, reference, changes)
        assert answer.status_code == 200, answer.text
        await self.run_jobs()

    async def asks(self, reference: str, **changes: Any) -> Json:  # noqa: ANN401
        """Let the counter ask whether a reference may be paid."""
        question = signed({"convenio": CONVENIO, "referencia": reference, **changes}, SECRET)
        answer = await self.client.post("/payments/efecty/consulta", json=question)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def time_passes(self, clock: MovedClock, by: timedelta) -> None:
        """Let time pass, gateways be asked, and orders expire."""
        clock.advance(by)
        await poll_gateways(PollGateways(), outside=self.program.outside)
        await expire_orders(ExpireOrders(), outside=self.program.outside)

    async def stands(self) -> tuple[OrderStatus, FinancialStatus]:
        """Return how the order stands."""
        return await self.till.stands(self.order.id)

    async def rows(self) -> tuple[int, int, int]:
        """Return how many vouchers, payments and signals there are."""
        async with self.till.database.read() as connection:
            vouchers, payments, events = [
                (await connection.execute(select(func.count()).select_from(model))).scalar_one()
                for model in (EfectyVoucher, EfectyPayment, GatewayEvent)
            ]
        return vouchers, payments, events
