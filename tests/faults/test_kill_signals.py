"""kill -9 before and after every statement and commit of taking what PayU and Stripe tell.

SQLite dies at every event; the servers, where a start costs more, at every third or seventh. Wompi
has the same test, and one of the worker that acts upon a signal, in tests/crash.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import httpx2
import pytest

from mestore.orders.types import PlacedOrder
from mestore.settings import Settings
from tests.build import BuiltProduct
from tests.crash.shop import UNSUSPECTING, Processes, events_of, mortal
from tests.faults.buyer import PAID, Buyer
from tests.faults.hands import Hand, PayUHand, Signal, StripeHand
from tests.simulators.processes import Simulators

pytestmark = pytest.mark.slow

Jobs = Callable[[], Awaitable[int]]


@pytest.fixture
def hands(simulator: Simulators) -> Iterator[list[Hand]]:
    """The hands on both simulators: starting the program once is enough for both."""
    with ExitStack() as stack:
        yield [
            hand(stack.enter_context(httpx2.Client(base_url=simulator(code), trust_env=False)))
            for code, hand in (("payu", PayUHand), ("stripe", StripeHand))
        ]


@pytest.fixture
def hand(hands: list[Hand]) -> Hand:
    """The hand that a buyer begins with."""
    return hands[0]


@pytest.fixture
def settings(settings: Settings, hands: list[Hand]) -> Settings:
    """The program's settings with both simulators as its gateways, and nobody suspected."""
    both = hands[0].settings() | hands[1].settings()
    return settings.model_copy(update=both | UNSUSPECTING)


def deliver(processes: Processes, hand: Hand, signal: Signal, die_at: int = 0) -> bool:
    """Send what a gateway tells; False where the server died before it answered."""
    headers, body = signal
    headers = {**headers, "Connection": "close", "X-Die-At": str(die_at)}
    url = f"{processes.url}/payments/webhook/{hand.code}"
    try:
        answer = processes.http.post(url, content=body, headers=headers)
    except httpx2.TransportError:
        return False
    assert answer.status_code == 200, answer.text
    return True


async def waits(buyer: Buyer, product: BuiltProduct) -> PlacedOrder:
    """Return an order whose buyer has paid, which nobody has told us yet."""
    order = await buyer.till.place(product)
    method, data = buyer.hand.pending()
    shown = await buyer.pays(order, f"pay-{order.id}", method, data)
    assert shown.json()["status"] == "PENDING", shown.text
    buyer.hand.approve()
    return order


async def test_a_signal_is_kept_once_wherever_the_server_dies(
    buyer: Buyer, hands: list[Hand], settings: Settings, product: BuiltProduct, run_jobs: Jobs
) -> None:
    orders: dict[str, list[PlacedOrder]] = {hand.code: [] for hand in hands}
    with mortal(settings) as processes:
        processes.serve()
        for hand in hands:
            for event in events_of(buyer.till.database):
                order = await waits(replace(buyer, hand=hand), product)
                orders[hand.code].append(order)
                signal = hand.signal(order.order_number)
                if deliver(processes, hand, signal, event):
                    break
                processes.revive()
                # The gateway sends again what was not answered.
                assert deliver(processes, hand, signal)
                assert deliver(processes, hand, signal)
            assert event > 10

    every = [order for found in orders.values() for order in found]
    sent = await buyer.till.sent()
    assert sent["SignalReceived", "checkout.on_signal_received"] == len(every)
    await run_jobs()
    for order in every:
        assert await buyer.till.stands(order.id) == PAID
    for hand in hands:
        money = [(order.order_number, order.draft.total_minor) for order in orders[hand.code]]
        assert sorted(hand.taken()) == sorted(money)
    keys = [f"{kind}:{order.id}" for order in every for kind in ("capture", "commission")]
    assert sorted(await buyer.till.entries()) == sorted(keys)
    assert await buyer.till.queues() == []
    assert await buyer.till.doctor() == []
