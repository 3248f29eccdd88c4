"""kill -9 before and after every statement and commit of paying in cash and of giving that back.

A counter of the simulated network takes the money; what it tells is passed on by the tests, again
and again until the server lives to answer.
"""

from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.kernel.db import Database
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus, PlacedOrder
from mestore.refunds.service.cancel import call_off
from mestore.refunds.service.transfer import name_account, note_transferred
from mestore.settings import Settings
from tests.build import BuiltProduct
from tests.checkout.bodies import HEADERS
from tests.checkout.efecty.counter import PAID, SECRET, TOTAL, Counter
from tests.checkout.till import GUEST
from tests.conftest import AsUser, MovedClock
from tests.crash.shop import Guest, Json, events_of, mortal
from tests.refunds.desk import ACCOUNT
from tests.simulators.processes import Simulators
from tests.simulators.wompi_shop import Receiver

pytestmark = pytest.mark.slow

PESOS = TOTAL // 100
LEASE = timedelta(minutes=6)
BACK = (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)


class Network:
    """The simulated network: its counter, its book, and what it told."""

    def __init__(self, http: httpx2.Client, receiver: Receiver) -> None:
        self.http = http
        self.receiver = receiver

    def takes(self, reference: str) -> Json:
        """Take cash for a voucher, and return the signed message about it."""
        order = {"reference": reference, "amount": PESOS, "force": True}
        answer = self.http.post("/payments", json=order)
        assert answer.status_code == 200, answer.text
        told: Json = self.receiver.events[-1].event
        assert told["autorizacion"] == answer.json()["authorization"]
        return told

    def book(self) -> list[tuple[str, int]]:
        """Return what was taken: reference and pesos."""
        text = self.http.get("/collections", params={"strip_zeros": False}).text
        rows = [line.split("|") for line in text.splitlines() if line.startswith('"02"')]
        return [(row[1].strip('"'), int(row[2])) for row in rows]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def network(simulator: Simulators, receiver: Receiver) -> Iterator[Network]:
    url = simulator("efecty", "--shop-url", receiver.url, "--secret", SECRET)
    with httpx2.Client(base_url=url, trust_env=False) as http:
        http.post("/_control/reset")
        yield Network(http, receiver)


@pytest.fixture
async def product(counter: Counter) -> BuiltProduct:
    return await counter.till.build.product(price="45000", tax_rate=19, stock=1000)


async def place(counter: Counter, product: BuiltProduct) -> PlacedOrder:
    """Place an order of the usual total."""
    return await counter.till.place((product, 2))


async def are_paid_once(counter: Counter, network: Network, orders: list[PlacedOrder]) -> None:
    """Compare both books: each order has its voucher, and that was paid once."""
    for order in orders:
        assert await counter.till.stands(order.id) == PAID
    book = network.book()
    assert len({reference for reference, _ in book}) == len(book) == len(orders)
    assert await counter.rows() == (len(orders), len(orders), len(orders))
    assert (await counter.till.balances())["gateway:efecty"] == TOTAL * len(orders)
    assert sum(pesos for _, pesos in book) == PESOS * len(orders)
    assert await counter.till.queues() == []
    assert await counter.till.doctor() == []


async def test_a_voucher_is_given_out_once_wherever_the_server_dies(
    counter: Counter,
    network: Network,
    settings: Settings,
    product: BuiltProduct,
    clock: MovedClock,
) -> None:
    orders: list[PlacedOrder] = []

    async def guest() -> Guest:
        orders.append(await place(counter, product))
        return Guest(processes, GUEST, orders[-1].id)

    with mortal(settings) as processes:
        (await guest()).pay("EFECTY", {}, key="rehearsal", gateway="efecty")
        processes.serve()
        for event in events_of(counter.till.database):
            paying, key = await guest(), f"pay-{event}"
            if paying.pay("EFECTY", {}, key=key, die_at=event, gateway="efecty") is not None:
                break
            processes.revive()
            again = paying.pay("EFECTY", {}, key=key, gateway="efecty")
            assert again is not None
            assert again == paying.pay("EFECTY", {}, key=key, gateway="efecty")
    assert event > 50

    for _ in range(3):
        # Who died before the voucher was written is free to ask for one before the order expires.
        await counter.time_passes(clock, timedelta(minutes=8))
    for order in orders:
        shown = await counter.client.get(f"/payments/status/order/{order.id}", headers=HEADERS)
        voucher = shown.json().get("voucher") or await counter.voucher(order)
        told = network.takes(voucher["reference"])
        assert (await counter.client.post("/payments/efecty/confirm", json=told)).is_success
    await counter.run_jobs()
    await are_paid_once(counter, network, orders)


async def test_cash_is_booked_once_wherever_the_server_and_the_worker_die(
    counter: Counter,
    network: Network,
    settings: Settings,
    product: BuiltProduct,
    clock: MovedClock,
) -> None:
    orders: list[PlacedOrder] = []

    async def told() -> Json:
        orders.append(await place(counter, product))
        message = network.takes((await counter.voucher(orders[-1]))["reference"])
        await counter.run_jobs()
        return message

    def tell(message: Json, die_at: int | None = None) -> bool:
        answer = Guest(processes).post("/payments/efecty/confirm", message, die_at=die_at)
        assert answer is None or answer.status_code == 200, answer.text
        return answer is not None

    with mortal(settings) as processes:
        tell(await told())
        processes.rehearse()
        processes.serve()
        for event in events_of(counter.till.database):
            message = await told()
            if tell(message, event):
                break
            processes.revive()
            assert tell(message)
            assert tell(message)
        assert event > 10
        for event in events_of(counter.till.database):
            assert tell(await told())
            if not processes.work(event):
                break
            # What a dead worker holds is given to another one when its lease is over.
            clock.advance(LEASE)
            await counter.run_jobs()
            clock.advance(-LEASE)
        assert event > 60
    await are_paid_once(counter, network, orders)


async def bought(counter: Counter, network: Network, product: BuiltProduct) -> PlacedOrder:
    """Return an order that was paid at the counter."""
    order = await place(counter, product)
    message = network.takes((await counter.voucher(order))["reference"])
    assert (await counter.client.post("/payments/efecty/confirm", json=message)).is_success
    await counter.run_jobs()
    return order


async def are_paid_back_once(counter: Counter, network: Network, orders: list[PlacedOrder]) -> None:
    """Compare both books: what was taken once is gone once."""
    for order in orders:
        assert await counter.till.stands(order.id) == BACK
    assert len(network.book()) == len(orders)
    assert await counter.till.balances() == {}
    entries = await counter.till.entries()
    assert sum(key.startswith("refund:") for key in entries) == len(orders)
    assert await counter.till.queues() == []
    assert await counter.till.doctor() == []


async def refund_of(counter: Counter, order: PlacedOrder) -> int:
    """Return the id of the one refund of an order."""
    answer = await counter.client.get(f"/orders/{order.id}/refunds", headers=HEADERS)
    (refund,) = answer.json()["refunds"]
    refund_id: int = refund["id"]
    return refund_id


async def transferred(database: Database, refund_id: int) -> None:
    async with database.transaction() as tx:
        await name_account(tx, refund_id, ACCOUNT)
    async with database.transaction() as tx:
        await note_transferred(tx, refund_id, "T-1")


async def test_cash_is_asked_back_once_wherever_the_server_dies(
    counter: Counter, network: Network, settings: Settings, product: BuiltProduct
) -> None:
    orders: list[PlacedOrder] = []

    async def guest() -> Guest:
        orders.append(await bought(counter, network, product))
        return Guest(processes, GUEST, orders[-1].id)

    with mortal(settings) as processes:
        (await guest()).call_off()
        processes.serve()
        for event in events_of(counter.till.database):
            calling = await guest()
            if calling.call_off(die_at=event):
                break
            processes.revive()
            assert calling.call_off()
    assert event > 30
    for order in orders:
        await transferred(counter.till.database, await refund_of(counter, order))
    await are_paid_back_once(counter, network, orders)
    assert await counter.till.build.stock_of(product.variant_id) == (1000, 0)


async def test_a_transfer_is_noted_once_wherever_the_server_dies(
    counter: Counter,
    network: Network,
    settings: Settings,
    product: BuiltProduct,
    as_user: AsUser,
) -> None:
    staff = await as_user(await counter.till.build.user(UserType.ADMIN))
    orders: list[PlacedOrder] = []

    async def is_due() -> str:
        orders.append(await bought(counter, network, product))
        await call_off(counter.program.outside, orders[-1].id, CancelReason.BUYER, None)
        refund_id = await refund_of(counter, orders[-1])
        async with counter.till.database.transaction() as tx:
            await name_account(tx, refund_id, ACCOUNT)
        return f"/admin/refunds/{refund_id}/transferred"

    def note(path: str, die_at: int | None = None) -> bool:
        body = {"bank_reference": "T-1"}
        answer = Guest(processes).post(path, body, headers=staff, die_at=die_at)
        assert answer is None or answer.json()["state"] == "TRANSFERRED", answer.text
        return answer is not None

    with mortal(settings) as processes:
        note(await is_due())
        processes.serve()
        for event in events_of(counter.till.database):
            path = await is_due()
            if note(path, event):
                break
            processes.revive()
            assert note(path)
            assert note(path)
    assert event > 25
    await are_paid_back_once(counter, network, orders)
