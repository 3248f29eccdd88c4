"""Any history of placing, paying, cancelling and expiring keeps units and pesos together.

A model says what every step must come to; the tables are compared with it after each.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.engine import URL

from mestore.checkout.service.cancel import cancel, expire
from mestore.checkout.types import Outside
from mestore.inventory.errors import InsufficientStock
from mestore.inventory.events import LowStock
from mestore.inventory.service import InventoryService
from mestore.kernel.db import Database
from mestore.kernel.messages import Message
from mestore.kernel.outbox import Outbox
from mestore.orders.errors import OrderNotCancellable
from mestore.orders.events import OrderCancelled, OrderPaid, OrderPlaced
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus, PlacedOrder
from mestore.payments.errors import AlreadyPaid, PaymentInProgress
from mestore.payments.types import AttemptState, AttemptStatus, Verdict
from mestore.subscriptions import UNHEARD
from tests import engines
from tests.build import Build, BuiltProduct
from tests.checkout.bank import Bank
from tests.checkout.till import Till, said, vendor_account
from tests.conftest import Sources

Result = TypeVar("Result")
PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
VOID = (OrderStatus.CANCELLED, FinancialStatus.VOIDED)
HEARD: tuple[type[Message], ...] = (OrderPlaced, OrderPaid, OrderCancelled, LowStock)
STOCK = (3, 4, 5)
PRODUCTS = len(STOCK)


@dataclass(eq=False)
class Tried:
    """An attempt, and the amount that its gateway will say it took."""

    state: AttemptState
    order: "Ordered"
    amount: int
    is_approved: bool = False


@dataclass(eq=False)
class Ordered:
    """What the model knows of an order."""

    placed: PlacedOrder
    units: dict[int, int]
    stands: tuple[OrderStatus, FinancialStatus] = OPEN
    has_expired: bool = False
    is_payment_approved: bool = False
    tries: list[Tried] = field(default_factory=list)


class Histories(RuleBasedStateMachine):
    """The program on a database of its own, beside the model."""

    orders = Bundle("orders")
    tries = Bundle("tries")

    def __init__(self, template: Path, products: Sequence[BuiltProduct]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = opened(engines.copy_of(template, template.parent))
        self.till = Till(self.database, Build(self.database))
        self.bank = Bank()
        self.outside = Outside(self.database, {self.bank.code: self.bank}, "http://shop.example")
        self.on_hand = list(STOCK)
        self.ordered: list[Ordered] = []
        self.products = products

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.database.close())
        self.runner.close()

    def free(self, product: int) -> int:
        held = sum(one.units.get(product, 0) for one in self.ordered if one.stands == OPEN)
        return self.on_hand[product] - held

    @initialize(target=orders)
    def begin_with_an_order(self) -> object:
        return self.place({0: 2, 1: 1})

    @initialize(target=tries, order=orders)
    def begin_with_an_attempt(self, order: Ordered) -> object:
        return self.attempt(order, 0)

    @rule(
        target=orders,
        units=st.dictionaries(
            st.integers(0, PRODUCTS - 1), st.integers(1, 3), min_size=1, max_size=PRODUCTS
        ),
    )
    def place(self, units: dict[int, int]) -> object:
        wanted = [(self.products[number], count) for number, count in units.items()]
        is_there = all(self.free(number) >= count for number, count in units.items())
        try:
            placed = self.run(self.till.place(*wanted))
        except InsufficientStock:
            assert not is_there
            return multiple()
        assert is_there
        ordered = Ordered(placed, units)
        self.ordered.append(ordered)
        return ordered

    @rule(target=tries, order=orders, short=st.sampled_from([0, 0, 0, 1]))
    def attempt(self, order: Ordered, short: int) -> object:
        """Begin to pay, also beside older attempts, as `pay` lets a buyer do after a while."""
        if order.stands != OPEN:
            return multiple()
        self.run(self.till.free(order.placed))
        try:
            state = self.run(self.till.attempt(order.placed))
        except AlreadyPaid:
            assert order.is_payment_approved
            return multiple()
        except PaymentInProgress as error:
            raise AssertionError from error
        tried = Tried(state, order, state.amount_minor - short)
        order.tries.append(tried)
        return tried

    @rule(tried=tries, status=st.sampled_from(["PENDING", "DECLINED", "ERROR"]))
    def hear_no_approval(self, tried: Tried, status: str) -> None:
        outcome = said(tried.state, AttemptStatus(status), amount_minor=tried.amount)
        assert self.run(self.till.settle(outcome)) in {Verdict.NOTED, Verdict.REPEATED}

    @rule(tried=tries)
    def hear_an_approval(self, tried: Tried) -> None:
        order = tried.order
        outcome = said(tried.state, AttemptStatus.APPROVED, amount_minor=tried.amount)

        verdict = self.run(self.till.settle(outcome))

        assert verdict is self._expected(tried)
        if verdict is Verdict.APPROVED:
            order.stands = PAID
            for number, count in order.units.items():
                self.on_hand[number] -= count
        tried.is_approved = True
        if tried.amount == tried.state.amount_minor:
            order.is_payment_approved = True

    def _expected(self, tried: Tried) -> Verdict:
        order = tried.order
        if tried.is_approved:
            return Verdict.REPEATED
        if tried.amount != tried.state.amount_minor or order.is_payment_approved:
            return Verdict.QUEUED
        if order.stands == OPEN:
            return Verdict.APPROVED
        is_there = all(self.free(number) >= count for number, count in order.units.items())
        return Verdict.APPROVED if order.has_expired and is_there else Verdict.QUEUED

    @rule(order=orders)
    def call_off(self, order: Ordered) -> None:
        try:
            self.run(cancel(self.outside, order.placed.id, CancelReason.BUYER, None))
        except OrderNotCancellable:
            assert order.stands == PAID
            return
        assert order.stands in {OPEN, VOID}
        order.stands = VOID

    @rule(order=orders)
    def let_expire(self, order: Ordered) -> None:
        self.run(self.till.due(order.placed.id))
        is_expired = self.run(expire(self.outside, order.placed.id))
        assert is_expired is (order.stands == OPEN)
        if is_expired:
            order.stands, order.has_expired = VOID, True

    @rule(number=st.integers(0, PRODUCTS - 1))
    def receive_a_unit(self, number: int) -> None:
        self.run(self._receive(self.products[number]))
        self.on_hand[number] += 1

    async def _receive(self, product: BuiltProduct) -> None:
        async with self.database.transaction() as tx:
            inventory = InventoryService(tx)
            await inventory.adjust(product.variant_id, 1, reason="delivery", actor_id=None)

    @invariant()
    def units_and_pesos_agree(self) -> None:
        self.run(self._compare())

    async def _compare(self) -> None:
        assert await self.till.doctor() == []
        for number, product in enumerate(self.products):
            on_hand, reserved = await self.till.build.stock_of(product.variant_id)
            assert (on_hand, on_hand - reserved) == (self.on_hand[number], self.free(number))
        for order in self.ordered:
            assert await self.till.stands(order.placed.id) == order.stands
        assert await self.till.balances() == self._balances()

    def _balances(self) -> dict[str, int]:
        """Return what the model says lies on every account."""
        tries = [tried for order in self.ordered for tried in order.tries if tried.is_approved]
        taken = sum(tried.amount for tried in tries)
        paid = [order.placed.draft for order in self.ordered if order.stands == PAID]
        found = {
            "gateway:bank": taken,
            "platform:unapplied": sum(draft.total_minor for draft in paid) - taken,
            "platform:shipping": -sum(draft.shipping_minor for draft in paid),
            "platform:commission": 0,
            "platform:commission-iva": 0,
        }
        for line in (line for draft in paid for line in draft.lines):
            commission = (line.net_minor * 5 + 50) // 100
            tax = (commission * 19 + 50) // 100
            account = vendor_account(line.vendor_id)
            owed = line.net_minor + line.tax_minor - commission - tax
            found[account] = found.get(account, 0) - owed
            found["platform:commission"] -= commission
            found["platform:commission-iva"] -= tax
        assert sum(found.values()) == 0
        return {account: amount for account, amount in found.items() if amount}


def opened(url: URL) -> Database:
    """Return a database whose messages nobody hears."""
    outbox = Outbox({**dict.fromkeys(UNHEARD, ()), **dict.fromkeys(HEARD, ("a listener",))})
    return Database(url.render_as_string(hide_password=False), outbox=outbox)


async def stocked(url: URL) -> Sequence[BuiltProduct]:
    """Put products of two vendors into a database."""
    database = opened(url)
    build = Build(database)
    vendors = [await build.vendor() for _ in range(2)]
    made = [
        await build.product(
            stock=units,
            price=f"{12.5 * (number + 1)}",
            tax_rate=(19, 5, 0)[number],
            vendor=vendors[number // 2],
        )
        for number, units in enumerate(STOCK)
    ]
    await database.close()
    return made


def test_every_history_keeps_units_and_pesos_together(sources: Sources, tmp_path: Path) -> None:
    url = engines.copy_of(sources.sqlite, tmp_path)
    products = asyncio.run(stocked(url))
    template = Path(url.database or "")
    run_state_machine_as_test(
        lambda: Histories(template, products),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=200,
            stateful_step_count=8,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
