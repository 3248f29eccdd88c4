"""Everything at once over a few rows: refusals are fine, deadlocks and losses are not."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from mestore.checkout.jobs import ExpireOrders, PollGateways, expire_orders, poll_gateways
from mestore.checkout.service.cancel import cancel, expire
from mestore.checkout.service.pay import pay
from mestore.checkout.types import Outside, PayRequest
from mestore.inventory.service import InventoryService
from mestore.kernel.errors import Refusal
from mestore.orders.types import CancelReason, PlacedOrder
from mestore.payments.types import AttemptStatus, PaymentMethod
from mestore.payments.types.screening import FraudPolicy
from tests.build import BuiltProduct
from tests.checkout.bank import Bank
from tests.checkout.till import Till, guest

STEPS = 600
RIVALS = 25
ENDINGS = [AttemptStatus.APPROVED] * 3 + [AttemptStatus.DECLINED, AttemptStatus.ERROR]


class Crowd:
    """Many people and jobs who do things to the same few rows."""

    def __init__(self, till: Till, bank: Bank, products: list[BuiltProduct], seed: int) -> None:
        self.till = till
        self.bank = bank
        self.products = products
        self.dice = random.Random(seed)
        self.outside = Outside(till.database, {bank.code: bank}, "http://shop.example.com")
        self.orders: list[PlacedOrder] = []

    def deeds(self) -> list[Callable[[], Awaitable[object]]]:
        """Return what may happen, the more likely the more often it is named."""
        return [
            *[self.place] * 4,
            *[self.pay] * 4,
            *[self.settle] * 6,
            self.cancel,
            self.expire,
            self.poll,
            self.sweep,
            self.deliver,
        ]

    async def place(self) -> None:
        count = self.dice.randint(1, len(self.products))
        basket = [(one, self.dice.randint(1, 3)) for one in self.dice.sample(self.products, count)]
        self.orders.append(await self.till.place(*basket))

    async def pay(self) -> None:
        order = self.dice.choice(self.orders)
        details = {"phone_number": "3991111111"}
        request = PayRequest(order.id, PaymentMethod.NEQUI, None, 1, details)
        await pay(self.outside, guest(), request, None)

    async def settle(self) -> None:
        """Let the bank decide about somebody, and tell us several times."""
        reference = self.dice.choice(list(self.bank.opened))
        outcome = self.bank.opened[reference]
        if outcome.status is AttemptStatus.PENDING:
            outcome = self.bank.say(reference, self.dice.choice(ENDINGS))
        await asyncio.gather(*(self.till.settle(outcome) for _ in range(3)))

    async def cancel(self) -> None:
        order = self.dice.choice(self.orders)
        await cancel(self.outside, order.id, CancelReason.BUYER, None)

    async def expire(self) -> None:
        order = self.dice.choice(self.orders)
        await self.till.due(order.id)
        await expire(self.outside, order.id)

    async def poll(self) -> None:
        await poll_gateways(PollGateways(), outside=self.outside)

    async def sweep(self) -> None:
        await expire_orders(ExpireOrders(), outside=self.outside)

    async def deliver(self) -> None:
        product = self.dice.choice(self.products)
        async with self.till.database.transaction() as tx:
            inventory = InventoryService(tx)
            await inventory.adjust(product.variant_id, 2, reason="delivery", actor_id=None)

    async def run(self) -> list[object]:
        """Do many things, so many at a time; return what went wrong."""
        gate = asyncio.Semaphore(RIVALS)

        async def do(deed: Callable[[], Awaitable[object]]) -> None:
            async with gate:
                await deed()

        deeds = [self.dice.choice(self.deeds()) for _ in range(STEPS)]
        ended = await asyncio.gather(*map(do, deeds), return_exceptions=True)
        # Nothing to choose from yet, or a rule that said no.
        expected = (Refusal, IndexError, type(None))
        return [one for one in ended if not isinstance(one, expected)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_everything_at_once_loses_nothing(
    till: Till, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that buyers soon begin another attempt beside one that is open.
    monkeypatch.setattr("mestore.payments.service.payments.BLOCKED_FOR", timedelta(milliseconds=20))
    # So many orders of so few buyers would wait for staff.
    monkeypatch.setattr(till.database, "policies", {FraudPolicy: FraudPolicy(100, 100)})
    vendors = [await till.build.vendor() for _ in range(2)]
    products = [
        await till.build.product(stock=40, price="45000", vendor=vendors[number % 2])
        for number in range(3)
    ]
    bank = Bank()
    crowd = Crowd(till, bank, products, seed)

    assert await crowd.run() == []

    assert await till.doctor() == []
    approved = [one for one in bank.opened.values() if one.status is AttemptStatus.APPROVED]
    for outcome in approved:
        await till.settle(outcome)
    balances = await till.balances()
    assert balances.get("gateway:bank", 0) == sum(one.amount_minor for one in approved)
    assert sum(balances.values()) == 0
    stock = [await till.build.stock_of(product.variant_id) for product in products]
    assert all(0 <= reserved <= on_hand for on_hand, reserved in stock)
    assert len(crowd.orders) > 30
    assert len(approved) > 5
    assert await till.doctor() == []
