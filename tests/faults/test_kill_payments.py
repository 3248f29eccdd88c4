"""kill -9 before and after every statement, commit and call of paying, at each gateway.

SQLite dies at every event; the servers, where a start costs more, at every third or seventh.
"""

from collections.abc import Awaitable, Callable

import pytest

from mestore.checkout.jobs import PollGateways
from mestore.orders.types import FinancialStatus, PlacedOrder
from mestore.settings import Settings
from tests.build import BuiltProduct
from tests.checkout.till import GUEST
from tests.crash.shop import Guest, events_of, mortal
from tests.faults.buyer import Buyer
from tests.faults.hands import Hand

pytestmark = pytest.mark.slow

Jobs = Callable[[], Awaitable[int]]
AHEAD = 20
"""By how many minutes the processes are ahead where what the test did is to be due for them."""


async def test_a_card_is_charged_once_wherever_the_server_dies(
    buyer: Buyer, hand: Hand, settings: Settings, product: BuiltProduct
) -> None:
    orders: list[PlacedOrder] = []

    async def guest() -> Guest:
        orders.append(await buyer.till.place(product))
        return Guest(processes, GUEST, orders[-1].id)

    with mortal(settings) as processes:
        (await guest()).pay("CARD", hand.card(), key="rehearsal", gateway=hand.code)
        processes.serve()
        for event in events_of(buyer.till.database):
            paying, card, key = await guest(), hand.card(), f"pay-{event}"
            shown = paying.pay("CARD", card, key=key, die_at=event, gateway=hand.code)
            if shown is not None:
                break
            processes.revive()
            # Every third buyer sends the same again; the rest is left to the poller.
            if len(orders) % 3 == 0:
                paying.pay("CARD", card, key=key, gateway=hand.code)
        assert shown is not None
        assert shown["status"] == "APPROVED"
    assert event > 50

    await buyer.time_passes(*[16] * 6)
    for order in orders:
        _, paid = await buyer.till.stands(order.id)
        if paid is not FinancialStatus.PAID:
            again = await buyer.pays(order, f"again-{order.id}")
            assert again.json()["status"] == "APPROVED", again.text
    await buyer.has_paid_once(*orders)


async def test_a_payment_is_settled_once_wherever_the_poller_dies(
    buyer: Buyer, hand: Hand, settings: Settings, product: BuiltProduct, run_jobs: Jobs
) -> None:
    orders: list[PlacedOrder] = []

    async def is_due() -> None:
        orders.append(await buyer.till.place(product))
        method, data = hand.pending()
        await buyer.pays(orders[-1], f"pay-{len(orders)}", method, data)
        hand.approve()
        # The mails are sent first, so that only asking is left to do.
        await run_jobs()
        async with buyer.till.database.transaction() as tx:
            tx.enqueue(PollGateways())

    with mortal(settings) as processes:
        processes.put_ahead(AHEAD)
        await is_due()
        processes.rehearse()
        for event in events_of(buyer.till.database):
            await is_due()
            if not processes.work(event):
                break
            with buyer.ahead(AHEAD):
                await buyer.time_passes(0)
    assert event > 50
    await buyer.has_paid_once(*orders)
