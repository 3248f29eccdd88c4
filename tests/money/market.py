"""A marketplace that lives through random days, from orders and backorders to disputes and payouts.

Every step goes through the services that requests and jobs use. A step may be refused, and may
die at any statement as a killed process does: nothing of its transaction is left then.
"""

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import event, func, select

from mestore.checkout.jobs import ExpireOrders, PollGateways, expire_orders, poll_gateways
from mestore.checkout.types import Outside
from mestore.disputes.models import DisputeRow
from mestore.disputes.service import DisputeService
from mestore.disputes.types import Decision, DisputeState
from mestore.earnings.jobs import ReleaseEarnings, release_earnings
from mestore.earnings.service.adjust import adjust
from mestore.earnings.types import Adjustment
from mestore.inventory.models import Reservation, StockLevel, StockMovement
from mestore.inventory.service import InventoryService
from mestore.inventory.types import MovementKind, ReservationState
from mestore.kernel.clock import today_in_bogota
from mestore.kernel.errors import Refusal
from mestore.ledger.models import Line
from mestore.ledger.service import LedgerService
from mestore.ledger.types import vendor_available_account
from mestore.orders.models import Order, OrderItem
from mestore.orders.types import CancelReason, OrderStatus, PlacedOrder
from mestore.payments.errors import NotSubmitted
from mestore.payments.types import AttemptState, AttemptStatus, DisputeStatus
from mestore.payouts.service.decide import approve, cancel, pay_by_hand, reject
from mestore.reconciliation.service import settle
from mestore.reconciliation.types import Settlement
from mestore.refunds.jobs import FollowRefunds, SettleQueues, follow_refunds, settle_queues
from mestore.refunds.models import RefundRow
from mestore.refunds.service.cancel import call_off
from mestore.refunds.types import LineWish, RefundWish
from tests.build import BuiltProduct, BuiltUser, BuiltVendor
from tests.checkout.bank import Bank
from tests.checkout.till import Till, said
from tests.disputes.court import STAFF, hear, told
from tests.payouts.desk import Desk
from tests.refunds.desk import ask_back

CRASHES = 0.12
COUNTED = "counted"


class Crashed(BaseException):
    """The process died here."""


@dataclass
class History:
    """What one buyer's order has been through so far."""

    order: PlacedOrder
    attempts: list[AttemptState] = field(default_factory=list)
    disputed: AttemptState | None = None


@dataclass
class Market:
    """Vendors with products, staff, a bank, and the dice."""

    till: Till
    desk: Desk
    bank: Bank
    outside: Outside
    advance: Callable[[timedelta], None]
    dice: random.Random
    vendors: list[BuiltVendor]
    products: list[BuiltProduct]
    staff: list[BuiltUser]
    awaited: list[BuiltProduct]
    """Those of the products that are sold on when none is left."""
    counted: Counter[UUID] = field(default_factory=Counter)
    """Units of variants that somebody counted, in and out; orders and returns are not."""
    payouts: list[UUID] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    async def live(self) -> None:
        """Let one order live through some days."""
        wanted = [
            (product, self.dice.randint(1, 3))
            for product in self.dice.sample(self.products, self.dice.randint(1, 3))
        ]
        history = History(await self.till.place(*wanted))
        await self._attempt(history)
        if self.dice.random() < 0.8:
            await self._step("approved", self._approve, history)
        for _ in range(self.dice.randint(3, 10)):
            name, act = self.dice.choice(_STEPS)
            await self._step(name, getattr(self, act), history)

    async def _step(
        self, name: str, act: Callable[[History], Awaitable[None]], history: History
    ) -> None:
        try:
            if self.dice.random() < CRASHES:
                with suppress(Crashed):
                    async with self._dying(self.dice.randint(1, 25)):
                        await act(history)
                self.done["crashed"] += 1
            else:
                await act(history)
                self.done[name] += 1
        except Refusal as refusal:
            self.done[type(refusal).__name__] += 1

    @asynccontextmanager
    async def _dying(self, after: int) -> AsyncIterator[None]:
        """Let the process die at the so many-th statement of what follows, if it gets there."""
        left = after

        def burn(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Crashed

        engine = self.till.database.writes.sync_engine
        event.listen(engine, "before_cursor_execute", burn)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", burn)

    async def _attempt(self, history: History) -> None:
        attempt = await self.till.attempt(history.order)
        history.attempts.append(attempt)
        self.bank.opened[attempt.reference] = said(attempt, AttemptStatus.PENDING)

    async def _again(self, history: History) -> None:
        """Try to pay once more, as after a quarter of an hour."""
        await self.till.free(history.order)
        await self._attempt(history)

    async def _approve(self, history: History) -> None:
        await self._say(history, AttemptStatus.APPROVED)

    async def _signal(self, history: History) -> None:
        """Say anything of any attempt, also late and again; now and then a wrong amount."""
        status = self.dice.choice(
            [AttemptStatus.APPROVED, AttemptStatus.DECLINED, AttemptStatus.PENDING]
        )
        await self._say(history, status)

    async def _say(self, history: History, status: AttemptStatus) -> None:
        attempt = self.dice.choice(history.attempts)
        known = self.bank.opened[attempt.reference]
        if known.status is not AttemptStatus.APPROVED:
            # What a gateway has approved it says for ever; its older words may still arrive.
            wrong = self.dice.random() < 0.05
            amount = attempt.amount_minor - 100 if wrong else attempt.amount_minor
            self.bank.say(attempt.reference, status, amount_minor=amount)
            known = self.bank.opened[attempt.reference]
        late = known if self.dice.random() < 0.8 else said(attempt, AttemptStatus.DECLINED)
        await self.till.settle(late)

    async def _poll(self, _: History) -> None:
        await poll_gateways(PollGateways(), outside=self.outside)

    async def _expire(self, history: History) -> None:
        await self.till.due(history.order.id)
        await expire_orders(ExpireOrders(), outside=self.outside)

    async def _call_off(self, history: History) -> None:
        await call_off(self.outside, history.order.id, CancelReason.BUYER, None)

    async def _deliver(self, history: History) -> None:
        vendors = sorted({line.vendor_id for line in history.order.draft.lines})
        vendor_id = self.dice.choice([*vendors, None])
        for to in (OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED):
            await self.till.advance(history.order, to, vendor_id)

    async def _wait(self, _: History) -> None:
        self.advance(timedelta(hours=self.dice.choice([1, 6, 50, 24 * 9, 24 * 15])))

    async def _release(self, _: History) -> None:
        await release_earnings(ReleaseEarnings(), database=self.till.database)

    async def _refund(self, history: History) -> None:
        wish = await self._wish(history)
        mood = self.dice.random()
        self.bank.is_silent = mood < 0.15
        self.bank.refusal = NotSubmitted() if 0.15 <= mood < 0.25 else None
        try:
            await ask_back(self.outside, history.order.id, wish)
        finally:
            self.bank.is_silent, self.bank.refusal = False, None

    async def _arrive(self, _: History) -> None:
        """Count units in, or now and then out, at either of two places."""
        product = self.dice.choice(self.awaited)
        units = self.dice.choice([1, 2, 3, 5, -1])
        place = self.dice.choice([None, "Bodega norte"])
        async with self.till.database.transaction() as tx:
            await InventoryService(tx).adjust(
                product.variant_id, units, reason=COUNTED, actor_id=None, location=place
            )
        self.counted[product.variant_id] += units

    async def _wish(self, history: History) -> RefundWish:
        kind = self.dice.random()
        if kind < 0.25:
            return RefundWish("all of it")
        if kind < 0.5:
            amount = self.dice.randint(1, history.order.draft.total_minor)
            return RefundWish("some of it", amount_minor=amount)
        query = select(OrderItem.id).where(OrderItem.order_id == history.order.id)
        async with self.till.database.read() as connection:
            items = list((await connection.execute(query)).scalars())
        line = LineWish(self.dice.choice(items), 1, self.dice.random() < 0.5)
        return RefundWish("broken", (line,), shipping=self.dice.random() < 0.3)

    async def _follow(self, _: History) -> None:
        await follow_refunds(FollowRefunds(), outside=self.outside)
        await settle_queues(SettleQueues(), outside=self.outside)

    async def _dispute(self, history: History) -> None:
        paid = [
            attempt
            for attempt in history.attempts
            if self.bank.opened[attempt.reference].status is AttemptStatus.APPROVED
        ]
        if not paid:
            return
        attempt = history.disputed or self.dice.choice(paid)
        history.disputed = attempt
        status = self.dice.choice(
            [DisputeStatus.OPEN, DisputeStatus.OPEN, DisputeStatus.WON, DisputeStatus.LOST]
        )
        await hear(self.till, attempt, told(attempt, status))

    async def _decide(self, history: History) -> None:
        query = select(DisputeRow.id).where(DisputeRow.order_id == history.order.id)
        async with self.till.database.read() as connection:
            found = list((await connection.execute(query)).scalars())
        if found:
            state = self.dice.choice([DisputeState.WON, DisputeState.LOST])
            async with self.till.database.transaction() as tx:
                decision = Decision(state, "the bank wrote so", None)
                await DisputeService(tx).decide(found[0], decision, STAFF, correct=False)

    async def _ask_payout(self, _: History) -> None:
        vendor = self.dice.choice(self.vendors)
        pesos = self.dice.choice([None, self.dice.randint(1_000, 300_000)])
        self.payouts.append(await self.desk.ask(vendor, pesos))
        async with self.till.database.transaction() as tx:
            left = -await LedgerService(tx).balance(vendor_available_account(vendor.id))
        assert left >= 0, "a payout above the available balance"

    async def _end_payout(self, _: History) -> None:
        if not self.payouts:
            return
        payout_id, kind = self.dice.choice(self.payouts), self.dice.random()
        first, second = self.staff
        async with self.till.database.transaction() as tx:
            if kind < 0.4:
                await approve(tx, payout_id, self.dice.choice([first, second]).id)
            elif kind < 0.8:
                await pay_by_hand(tx, payout_id, first.id, f"bank-{payout_id}")
            elif kind < 0.9:
                await reject(tx, payout_id, second.id, "account closed")
            else:
                await cancel(tx, payout_id, self.dice.choice(self.vendors).id)

    async def _adjust(self, _: History) -> None:
        vendor, pesos = self.dice.choice(self.vendors), self.dice.choice([-60_000, -1, 1, 25_000])
        wish = Adjustment(pesos * 100, f"CASO-{self.dice.random()}", "made good")
        async with self.till.database.transaction() as tx:
            await adjust(tx, vendor.id, wish, self.staff[0].id)

    async def _settle(self, _: History) -> None:
        """Let the gateway pay into the bank, less its fee and tax."""
        net, fee, withheld = self.dice.randint(1, 10**7), self.dice.randint(0, 10**5), 150
        name = f"LIQ-{self.dice.random()}"
        paid = Settlement(self.bank.code, name, today_in_bogota(), net, fee, withheld)
        async with self.till.database.transaction() as tx:
            await settle(tx, paid)

    async def findings(self) -> list[str]:
        """Return what does not agree after all this."""
        found = await self.till.doctor()
        captured = select(
            RefundRow.order_id, Order.total_minor, func.sum(RefundRow.amount_minor)
        ).join(Order, Order.id == RefundRow.order_id)
        back = captured.where(RefundRow.state.in_(["APPROVED", "TRANSFERRED"])).group_by(
            RefundRow.order_id, Order.total_minor
        )
        async with self.till.database.read() as connection:
            total = (await connection.execute(select(func.sum(Line.amount_minor)))).scalar_one()
            rows = (await connection.execute(back)).all()
        if total:
            found.append(f"all accounts come to {total}")
        found += [
            f"order {order_id}: {refunded} given back of {taken}"
            for order_id, taken, refunded in rows
            if refunded > taken
        ]
        return found + await self._miscounted()

    async def _miscounted(self) -> list[str]:
        """Return which variants have more or fewer units, here and with buyers, than came in."""
        of_variant = StockLevel.variant_id.in_([each.variant_id for each in self.awaited])
        here = select(StockLevel.variant_id, func.sum(StockLevel.on_hand))
        sold = (
            select(StockLevel.variant_id, func.sum(Reservation.quantity))
            .join(Reservation, Reservation.level_id == StockLevel.id)
            .where(Reservation.state == ReservationState.TAKEN)
        )
        returned = (
            select(StockLevel.variant_id, func.sum(-StockMovement.on_hand_change))
            .join(StockMovement, StockMovement.level_id == StockLevel.id)
            .where(StockMovement.kind == MovementKind.ADJUST, StockMovement.reason != COUNTED)
        )
        units: Counter[UUID] = Counter()
        async with self.till.database.read() as connection:
            for query in (here, sold, returned):
                grouped = query.where(of_variant).group_by(StockLevel.variant_id)
                for variant_id, number in await connection.execute(grouped):
                    units[variant_id] += int(number)
        return [
            f"variant {variant_id}: {units[variant_id]} units, {self.counted[variant_id]} came in"
            for variant_id in self.counted
            if units[variant_id] != self.counted[variant_id]
        ]


_STEPS = (
    ("tried again", "_again"),
    ("approved", "_approve"),
    ("signalled", "_signal"),
    ("signalled", "_signal"),
    ("polled", "_poll"),
    ("expired", "_expire"),
    ("called off", "_call_off"),
    ("arrived", "_arrive"),
    ("arrived", "_arrive"),
    ("delivered", "_deliver"),
    ("delivered", "_deliver"),
    ("waited", "_wait"),
    ("waited", "_wait"),
    ("released", "_release"),
    ("released", "_release"),
    ("refunded", "_refund"),
    ("refunded", "_refund"),
    ("followed", "_follow"),
    ("adjusted", "_adjust"),
    ("settled", "_settle"),
    ("disputed", "_dispute"),
    ("decided", "_decide"),
    ("asked for a payout", "_ask_payout"),
    ("asked for a payout", "_ask_payout"),
    ("ended a payout", "_end_payout"),
    ("ended a payout", "_end_payout"),
)
