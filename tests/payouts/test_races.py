"""A release, payouts and a dispute of one vendor at the same moment: each takes its turn."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from mestore.earnings.service.adjust import adjust
from mestore.earnings.types import Adjustment, Purpose
from mestore.kernel.db import Database
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import Conflict, LostRace, Refusal
from mestore.ledger.service import LedgerService
from mestore.ledger.types import vendor_available_account
from mestore.orders.types import PlacedOrder
from mestore.payments.types import AttemptState
from mestore.payouts.service.decide import pay_by_hand
from mestore.payouts.service.request import request_payout
from mestore.payouts.types import PayoutState
from mestore.vendors.service import vendor_of
from tests.build import BuiltUser, BuiltVendor
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.disputes.court import hear, told
from tests.earnings.cashier import LONG, has, product_of, release, run
from tests.payouts.desk import PESOS, Desk

NET = 11_305_000
"""What a vendor earns by one unit."""
FUNDS = 100_000 * PESOS


async def insisting(work: Callable[[], Awaitable[object]]) -> object:
    """Do this again where a rival was faster, as a client or a job does; return a refusal."""
    for _ in range(30):
        try:
            return await work()
        except LostRace:
            continue
        except Refusal as refusal:
            return refusal
        except DBAPIError as error:
            if fault_of(error) is not Fault.RETRY:
                raise
    raise AssertionError("lost every race")


class Scene:
    """One vendor with something to draw, and a delivered order whose earnings are due."""

    def __init__(self, desk: Desk, vendor: BuiltVendor, staff: BuiltUser) -> None:
        self.desk = desk
        self.till = Till(desk.database, desk.build)
        self.vendor = vendor
        self.staff = staff
        self.payouts: list[UUID] = []

    async def prepare(self) -> tuple[PlacedOrder, AttemptState]:
        """Let the vendor have something to draw; sell and deliver one unit."""
        async with self.desk.database.transaction() as tx:
            made_good = Adjustment(FUNDS, f"CASE-{self.vendor.id}", "made good")
            await adjust(tx, self.vendor.id, made_good, self.staff.id)
        order = await self.till.place(await product_of(self.till, self.vendor))
        attempt = await self.till.settle_approved(order)
        await self.till.deliver(order)
        return order, attempt

    async def draw(self, pesos: int | None) -> None:
        """Ask for a payout, have it approved and paid."""
        payout_id = await self._ask(None if pesos is None else pesos * PESOS)
        self.payouts.append(payout_id)
        await insisting(lambda: self.desk.approve(payout_id, self.staff))
        await insisting(lambda: self._pay(payout_id))

    async def _ask(self, amount_minor: int | None) -> UUID:
        async with self.desk.database.transaction() as tx:
            shop = await vendor_of(tx.connection, self.vendor.owner.id)
            payout_id = await request_payout(tx, shop, amount_minor, self.vendor.owner.id)
            left = -await LedgerService(tx).balance(vendor_available_account(self.vendor.id))
            assert left >= 0, "a payout above the available balance"
            return payout_id

    async def _pay(self, payout_id: UUID) -> None:
        async with self.desk.database.transaction() as tx:
            await pay_by_hand(tx, payout_id, self.staff.id, f"TR-{payout_id.hex}")


async def moneys(database: Database, vendor: BuiltVendor) -> Counter[Purpose]:
    """Return what a vendor has, by purpose."""
    return Counter(await has(database, vendor.id))


@pytest.mark.parametrize("seed", range(2))
async def test_releases_payouts_and_disputes_of_a_vendor_take_turns(
    desk: Desk, clock: MovedClock, seed: int
) -> None:
    staff = await desk.admin()
    scenes = [Scene(desk, await desk.vendor(0), staff) for _ in range(4)]
    sales = [await scene.prepare() for scene in scenes]
    clock.advance(LONG)
    acts: list[Callable[[], Awaitable[object]]] = [partial(run, desk.database)] * 2
    for scene, (order, attempt) in zip(scenes, sales, strict=True):
        acts += [
            partial(release, desk.database, order.id, scene.vendor.id),
            partial(hear, scene.till, attempt, told(attempt)),
            *(partial(scene.draw, pesos) for pesos in (None, 150_000, 60_000)),
        ]
    # Who comes first differs from seed to seed, and from run to run.
    turned = acts[seed::2] + acts[1 - seed :: 2]
    found = await asyncio.gather(*(insisting(act) for act in turned))
    refused = [one for one in found if isinstance(one, Refusal)]
    assert all(isinstance(one, Conflict) for one in refused), refused

    for scene in scenes:
        money = await moneys(desk.database, scene.vendor)
        assert money[Purpose.HELD] == NET
        paid = 0
        for payout_id in scene.payouts:
            row = await desk.row(payout_id)
            assert row.state is PayoutState.PAID
            paid += row.amount_minor
        # What is disputed is held out of what is not released; else out of what may be drawn, and
        # where that was paid out already, the vendor owes it.
        assert money[Purpose.PENDING] == 0
        assert money[Purpose.AVAILABLE] == FUNDS - paid >= -NET
    assert sum((await desk.balances()).values()) == 0
    assert await scenes[0].till.doctor() == []
