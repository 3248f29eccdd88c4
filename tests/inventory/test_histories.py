"""Any history of orders and adjustments leaves the stock that a few lines of arithmetic predict."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mestore.inventory.errors import BelowReserved, InsufficientStock
from mestore.inventory.service import InventoryService
from mestore.inventory.types import Demand, NewLevel
from mestore.inventory.views import check
from mestore.kernel.db import Database
from mestore.kernel.errors import Refusal
from tests.build import Build, BuiltProduct

# The last one lies at two places; the others are adjusted, too.
VARIANTS = range(3)
ORDERS = range(3)
_order_ids = count(1)

quantities = st.integers(min_value=1, max_value=6)
lines = st.lists(st.tuples(st.sampled_from(VARIANTS), quantities), min_size=1, max_size=4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.sampled_from(ORDERS), lines),
        st.tuples(st.sampled_from(["take", "release", "reclaim"]), st.sampled_from(ORDERS)),
        st.tuples(st.just("adjust"), st.sampled_from([0, 1]), st.integers(-5, 5).filter(bool)),
    ),
    min_size=4,
    max_size=20,
)


@dataclass
class Model:
    """What the stock should be: plain sums, no tables."""

    on_hand: dict[int, int]
    orders: dict[int, tuple[str, dict[int, int]]] = field(default_factory=dict)

    def reserved(self, variant: int) -> int:
        live = (wanted for state, wanted in self.orders.values() if state == "live")
        return sum(wanted.get(variant, 0) for wanted in live)

    def reserve(self, order: int, wanted: dict[int, int]) -> type[Refusal] | None:
        free = {variant: self.on_hand[variant] - self.reserved(variant) for variant in wanted}
        if any(wanted[variant] > free[variant] for variant in wanted):
            return InsufficientStock
        self.orders[order] = ("live", wanted)
        return None

    def end(self, order: int, state: str) -> bool:
        before, wanted = self.orders.get(order, ("none", {}))
        if before != "live":
            return False
        self.orders[order] = (state, wanted)
        if state == "taken":
            for variant, units in wanted.items():
                self.on_hand[variant] -= units
        return True

    def adjust(self, variant: int, delta: int) -> type[Refusal] | None:
        if self.on_hand[variant] + delta < self.reserved(variant):
            return BelowReserved
        self.on_hand[variant] += delta
        return None


async def refusal_of(
    database: Database, work: Callable[[InventoryService], Awaitable[object]]
) -> type[Refusal] | object:
    """Run `work` in a transaction; return the kind of refusal, or what it returned."""
    try:
        async with database.transaction() as tx:
            return await work(InventoryService(tx))
    except Refusal as refusal:
        return type(refusal)


@dataclass(frozen=True)
class History:
    """Plays each step on the real tables and on the model, and compares what they say."""

    database: Database
    products: list[BuiltProduct]
    model: Model
    order_ids: dict[int, int]

    async def play(self, step: tuple[object, ...]) -> None:
        match step:
            case ("reserve", int(order), list(asked)):
                if order not in self.model.orders:
                    await self.reserve(order, asked)
            case ("reclaim", int(order)):
                state, wanted = self.model.orders.get(order, ("none", {}))
                if state == "released":
                    expected = self.model.reserve(order, wanted)
                    assert await self.run(lambda stock, own: stock.reclaim(own), order) is expected
            case ("take", int(order)):
                expected_end = self.model.end(order, "taken")
                assert await self.run(lambda stock, own: stock.take(own), order) is expected_end
            case ("release", int(order)):
                expected_end = self.model.end(order, "released")
                assert await self.run(lambda stock, own: stock.release(own), order) is expected_end
            case ("adjust", int(variant), int(delta)):
                await self.adjust(variant, delta)

    async def run(
        self, work: Callable[[InventoryService, int], Awaitable[object]], order: int
    ) -> object:
        return await refusal_of(self.database, lambda stock: work(stock, self.order_ids[order]))

    async def reserve(self, order: int, asked: list[tuple[int, int]]) -> None:
        wanted: dict[int, int] = {}
        for variant, units in asked:
            wanted[variant] = wanted.get(variant, 0) + units
        demands = [
            Demand(self.products[variant].variant_id, self.products[variant].id, units)
            for variant, units in asked
        ]
        expected = self.model.reserve(order, wanted)
        got = await self.run(lambda stock, own: stock.reserve(own, demands), order)
        # Nothing is waited for where no demand can wait.
        assert (got or None) is expected

    async def adjust(self, variant: int, delta: int) -> None:
        variant_id: UUID = self.products[variant].variant_id
        expected = self.model.adjust(variant, delta)
        got = await refusal_of(
            self.database,
            lambda stock: stock.adjust(variant_id, delta, reason="counted", actor_id=None),
        )
        assert got is expected


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stocks=st.tuples(*[st.integers(0, 12)] * 4), history=steps)
async def test_any_history_agrees_with_the_model(
    database: Database, build: Build, stocks: tuple[int, ...], history: list[tuple[object, ...]]
) -> None:
    *mains, elsewhere = stocks
    products = [await build.product(stock=stock) for stock in mains]
    other_place = NewLevel(products[-1].variant_id, elsewhere, "Bodega norte")
    async with database.transaction() as tx:
        await InventoryService(tx).set_levels([other_place], actor_id=None)
    on_hand = {0: mains[0], 1: mains[1], 2: mains[2] + elsewhere}
    order_ids = {order: next(_order_ids) for order in ORDERS}
    played = History(database, products, Model(on_hand), order_ids)

    for step in history:
        await played.play(step)

    for variant, product in enumerate(products):
        expected = (played.model.on_hand[variant], played.model.reserved(variant))
        assert await build.stock_of(product.variant_id) == expected
    async with database.read() as connection:
        assert await check(connection) == []
