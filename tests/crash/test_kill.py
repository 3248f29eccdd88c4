"""kill -9 before and after every statement, commit and call of placing, paying and settling."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from mestore.bootstrap import App
from mestore.checkout.jobs import PollGateways, poll_gateways
from mestore.kernel.jobs import count_by_state
from mestore.notifications.models import Mail
from mestore.orders.models import Order
from mestore.orders.types import FinancialStatus, OrderStatus
from mestore.settings import Settings
from tests.build import BuiltProduct
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.crash.shop import Guest, Processes, events_of, mortal
from tests.simulators.wompi_shop import Received, Shop

pytestmark = pytest.mark.slow

PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
STOCK = 1000

Jobs = Callable[[], Awaitable[int]]


def charges(shop: Shop) -> dict[str, Counter[str]]:
    """Return how the transactions of each order stand at the gateway."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in shop.http.get("/_control/transactions").json()["data"]:
        order_number, _, _ = one["reference"].rpartition("-")
        found[order_number][one["status"]] += 1
    return dict(found)


async def wait_for_gateways(program: App, clock: MovedClock) -> None:
    """Let an hour pass in which only the poller runs."""
    for _ in range(4):
        clock.advance(timedelta(minutes=16))
        await poll_gateways(PollGateways(), outside=program.outside)


async def unpaid(till: Till, guests: Sequence[Guest]) -> list[Guest]:
    query = select(Order.id).where(Order.financial_status == FinancialStatus.PAID)
    async with till.database.read() as connection:
        paid = set((await connection.execute(query)).scalars())
    return [guest for guest in guests if guest.order_id not in paid]


async def all_is_paid_once(
    till: Till, shop: Shop, guests: Sequence[Guest], product: BuiltProduct
) -> None:
    for guest in guests:
        assert await till.stands(guest.order_id) == PAID
    async with till.database.read() as connection:
        numbers = set((await connection.execute(select(Order.order_number))).scalars())
    assert charges(shop) == dict.fromkeys(numbers, Counter(APPROVED=1))
    assert len(numbers) == len(guests)
    assert await till.build.stock_of(product.variant_id) == (STOCK - len(guests), 0)
    assert await till.queues() == []
    sent = await till.sent()
    assert sent["OrderPaid", "notifications.on_order_paid"] == len(guests)
    assert await till.doctor() == []


async def test_an_order_is_placed_once_wherever_the_server_dies(
    till: Till, settings: Settings
) -> None:
    product = await till.build.product(stock=STOCK)
    deaths = 0
    with mortal(settings) as processes:
        Guest(processes).place(product)
        processes.serve()
        guest = Guest(processes)
        for event in events_of(till.database):
            if guest.place(product, die_at=event) is not None:
                break
            deaths += 1
            processes.revive()
            first, again = guest.place(product), guest.place(product)
            assert first == again
            guest = Guest(processes)

    assert event > 30
    # The rehearsal, and the last one, whose server outlived it.
    placed = deaths + 2
    assert (await till.counts())["orders"] == placed
    assert (await till.counts())["idempotency_keys"] == placed
    assert await till.build.stock_of(product.variant_id) == (STOCK, placed)
    assert await till.sent() == {("OrderPlaced", "notifications.on_order_placed"): placed}
    assert await till.doctor() == []


async def test_a_signal_is_kept_wherever_the_server_dies(
    till: Till, settings: Settings, shop: Shop, run_jobs: Jobs
) -> None:
    product = await till.build.product(stock=STOCK)
    guests: list[Guest] = []
    with mortal(settings) as processes:
        guests.append(paying_guest(processes, product))
        assert deliver(processes, shop.receiver.wait(1)[-1])
        processes.serve()
        for event in events_of(till.database):
            guests.append(paying_guest(processes, product))
            signal = shop.receiver.wait(len(guests))[-1]
            if deliver(processes, signal, die_at=event):
                break
            processes.revive()
            # The gateway sends again what was not answered.
            assert deliver(processes, signal)
            assert deliver(processes, signal)

    assert event > 10
    signals = (await till.sent())["SignalReceived", "checkout.on_signal_received"]
    assert signals == len(guests)
    await run_jobs()
    await all_is_paid_once(till, shop, guests, product)


def paying_guest(processes: Processes, product: BuiltProduct) -> Guest:
    """Return a guest who paid with Nequi, of which nothing came back yet."""
    guest = Guest(processes)
    guest.place(product)
    shown = guest.pay("NEQUI", {"phone_number": "3991111111"}, key="pay-1")
    assert shown is not None
    assert shown["status"] == "PENDING"
    return guest


def deliver(processes: Processes, event: Received, *, die_at: int | None = None) -> bool:
    """Pass an event on; False where the server died before it answered."""
    headers = {"X-Event-Checksum": event.header}
    guest = Guest(processes)
    answer = guest.post("/payments/webhook", event.event, headers=headers, die_at=die_at)
    assert answer is None or answer.status_code == 200
    return answer is not None


async def test_an_order_is_settled_once_wherever_the_worker_dies(
    till: Till, settings: Settings, shop: Shop, run_jobs: Jobs, clock: MovedClock
) -> None:
    product = await till.build.product(stock=STOCK)
    guests: list[Guest] = []
    with mortal(settings) as processes:
        guests.append(paying_guest(processes, product))
        assert deliver(processes, shop.receiver.wait(1)[-1])
        processes.rehearse()
        processes.serve()
        for event in events_of(till.database):
            guests.append(paying_guest(processes, product))
            signal = shop.receiver.wait(len(guests))[-1]
            # The mails of placing are sent first, so that only settling is left to do.
            await run_jobs()
            assert deliver(processes, signal)
            if not processes.work(event):
                break

    assert event > 100
    # What a dead worker holds is given to another one when its lease is over.
    clock.advance(timedelta(minutes=6))
    await run_jobs()
    await all_is_paid_once(till, shop, guests, product)
    assert set(await count_by_state(till.database)) == {"DONE"}
    async with till.database.read() as connection:
        mails = (await connection.execute(select(Mail.sent_at))).scalars().all()
    # Two facts, each told to the buyer and the vendor; all are sent.
    assert len(mails) == 4 * len(guests)
    assert None not in mails


async def test_a_server_that_dies_under_load_loses_and_doubles_nothing(
    till: Till, settings: Settings, program: App, shop: Shop, run_jobs: Jobs, clock: MovedClock
) -> None:
    product = await till.build.product(stock=STOCK)
    dice = random.Random(13)
    with mortal(settings) as processes, ThreadPoolExecutor(8) as pool:
        processes.serve(with_jobs=True)
        shop.control("settings", events_url=f"{processes.url}/payments/webhook")
        buying = [pool.submit(buy_stubbornly, processes, product, shop) for _ in range(40)]
        for _ in range(8):
            await asyncio.sleep(dice.uniform(0.1, 0.5))
            processes.kill()
            processes.serve(with_jobs=True)
        guests = [one.result() for one in buying]
        processes.kill()
        processes.serve()
        await wait_for_gateways(program, clock)
        for guest in await unpaid(till, guests):
            guest.pay_by_card(shop, key="pay-at-last")

    await run_jobs()
    await all_is_paid_once(till, shop, guests, product)


def buy_stubbornly(processes: Processes, product: BuiltProduct, shop: Shop) -> Guest:
    """Order and pay, sending everything again until it is answered."""
    guest = Guest(processes)
    while guest.place(product) is None:
        continue
    card = {"token": shop.card_token().json()["data"]["id"]}
    while guest.pay("CARD", card, key="pay-1") is None:
        continue
    return guest
