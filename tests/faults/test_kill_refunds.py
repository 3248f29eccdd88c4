"""kill -9 before and after every statement, commit and call of giving back, at each gateway.

SQLite dies at every event; the servers, where a start costs more, at every third or seventh.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from mestore.orders.types import PlacedOrder
from mestore.refunds.jobs import FollowRefunds
from mestore.refunds.service.request import request_refund
from mestore.refunds.types import RefundWish
from mestore.settings import Settings
from tests.build import BuiltProduct
from tests.checkout.till import GUEST
from tests.crash.shop import Guest, events_of, mortal
from tests.faults.buyer import Buyer

pytestmark = pytest.mark.slow

Jobs = Callable[[], Awaitable[int]]
AHEAD = 20
"""By how many minutes the processes are ahead where what the test did is to be due for them."""


async def test_an_order_is_paid_back_once_wherever_the_server_dies(
    buyer: Buyer, settings: Settings, product: BuiltProduct
) -> None:
    orders: list[PlacedOrder] = []
    with mortal(settings) as processes:
        processes.put_ahead(AHEAD)
        orders.append(await buyer.has_paid(product))
        Guest(processes, GUEST, orders[-1].id).call_off()
        processes.serve()
        for event in events_of(buyer.till.database):
            orders.append(await buyer.has_paid(product))
            guest = Guest(processes, GUEST, orders[-1].id)
            if guest.call_off(die_at=event):
                break
            processes.revive()
            # Every third guest asks again; what was begun of the rest is left to the job.
            if len(orders) % 3 == 0:
                assert guest.call_off()
    assert event > 40

    await buyer.refunds_end()
    for order in orders:
        # Who died before anything was written has to say it again.
        await buyer.calls_off(order)
    await buyer.refunds_end()
    await buyer.has_money_back_once(*orders)
    assert await buyer.till.build.stock_of(product.variant_id) == (1000, 0)


async def test_a_refund_is_sent_once_wherever_the_worker_dies(
    buyer: Buyer, settings: Settings, product: BuiltProduct, run_jobs: Jobs
) -> None:
    orders: list[PlacedOrder] = []

    async def is_due() -> None:
        orders.append(await buyer.has_paid(product))
        # The mails are sent first, so that only the refund is left to do.
        await run_jobs()
        async with buyer.till.database.transaction() as tx:
            gateways, wish = buyer.program.gateways, RefundWish("broken")
            await request_refund(tx, gateways, orders[-1].id, wish, actor_id=None)
            tx.enqueue(FollowRefunds())

    with mortal(settings) as processes:
        processes.put_ahead(AHEAD)
        await is_due()
        processes.rehearse()
        for event in events_of(buyer.till.database):
            await is_due()
            if not processes.work(event):
                break
            with buyer.ahead(AHEAD):
                await buyer.asks_about_refunds(2)
    assert event > 40

    buyer.clock.advance(timedelta(minutes=AHEAD))
    await buyer.refunds_end()
    await buyer.has_money_back_once(*orders)
