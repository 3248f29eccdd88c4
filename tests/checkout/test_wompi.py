"""Orders paid at the Wompi simulator, over HTTP on both sides, on good days and bad ones."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from mestore.bootstrap import App
from mestore.checkout.jobs import ExpireOrders, PollGateways, expire_orders, poll_gateways
from mestore.orders.types import FinancialStatus, OrderStatus
from mestore.payments.adapters.wompi import WompiGateway
from mestore.payments.types import AttemptStatus
from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.build import BuiltProduct
from tests.checkout.test_races import SHIPPING
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.simulators.wompi_shop import APPROVED_CARD, DECLINED_CARD, Received, Receiver, Shop

PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
VOID = (OrderStatus.CANCELLED, FinancialStatus.VOIDED)
PSE = {
    "user_type": 0,
    "user_legal_id_type": "CC",
    "user_legal_id": "1020304050",
    "financial_institution_code": "1",
    "full_name": "Persona Ejemplo",
    "phone_number": "3001234567",
}
LIFE = timedelta(minutes=20)

Jobs = Callable[[], Awaitable[int]]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def wompi_url() -> Iterator[str]:
    with running(Config()) as url:
        yield url


@pytest.fixture
def wompi_base_url(wompi_url: str) -> str:
    return f"{wompi_url}/v1"


@pytest.fixture
def shop(wompi_url: str) -> Iterator[Shop]:
    """The simulator as new and quick, its events kept by a receiver: no event comes by itself."""
    with (
        Receiver() as receiver,
        httpx2.Client(base_url=wompi_url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        shop.control("reset")
        shop.control("settings", events_url=receiver.url, resolve_after=0.01, polls_before_url=0)
        yield shop
        shop.control("reset")


@pytest.fixture(autouse=True)
def impatient(program: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can wait for."""
    monkeypatch.setattr("mestore.checkout.service.pay._WAITS_SECONDS", (0.05, 0.1, 0.2))
    monkeypatch.setattr("mestore.checkout.service.pay._REPLAY_WAIT_SECONDS", 0.5)
    gateway = program.gateways["wompi"]
    assert isinstance(gateway, WompiGateway)
    gateway.deadline_seconds = 0.6


class Buyer:
    """A guest at the API."""

    def __init__(self, client: httpx2.AsyncClient, shop: Shop, program: App) -> None:
        self.client = client
        self.shop = shop
        self.program = program
        self.headers = {"Session-ID": f"guest-{uuid4().hex}"}
        self.order: Json = {}

    async def orders(self, product: BuiltProduct, quantity: int = 1) -> Json:
        body = {**SHIPPING, "items": [{"product_id": str(product.id), "quantity": quantity}]}
        answer = await self.client.post("/orders", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        self.order = answer.json()
        return self.order

    async def pays(self, method: str, data: Json, *, key: str | None = None) -> httpx2.Response:
        body = {"order_id": self.order["id"], "payment_method": method, "payment_data": data}
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self.client.post("/payments/process", json=body, headers=headers)

    async def pays_by_card(
        self, number: str = APPROVED_CARD, *, key: str | None = None
    ) -> httpx2.Response:
        token = self.shop.card_token(number).json()["data"]["id"]
        return await self.pays("CARD", {"token": token}, key=key)

    async def status(self) -> Json:
        answer = await self.client.get(
            f"/payments/status/order/{self.order['id']}", headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def forwards(self, received: Received) -> httpx2.Response:
        headers = {"X-Event-Checksum": received.header, "Content-Type": "application/json"}
        return await self.client.post("/payments/webhook", content=received.body, headers=headers)

    async def polls(self, clock: MovedClock, after: timedelta = LIFE) -> None:
        clock.advance(after)
        await poll_gateways(PollGateways(), outside=self.program.outside)

    def charged(self) -> list[Json]:
        """The transactions that the simulator has."""
        found: list[Json] = self.shop.http.get("/_control/transactions").json()["data"]
        return found


@pytest.fixture
async def buyer(till: Till, client: httpx2.AsyncClient, shop: Shop, program: App) -> Buyer:
    buyer = Buyer(client, shop, program)
    await buyer.orders(await till.build.product(price="45000", stock=5), 2)
    return buyer


async def is_paid_once(till: Till, buyer: Buyer) -> None:
    order_id = buyer.order["id"]
    assert await till.stands(order_id) == PAID
    assert [one["status"] for one in buyer.charged()] == ["APPROVED"]
    assert await till.entries() == [f"capture:{order_id}", f"commission:{order_id}"]
    assert (await till.sent())["OrderPaid", "notifications.on_order_paid"] == 1
    assert await till.queues() == []
    assert await till.doctor() == []


async def is_still_open(till: Till, buyer: Buyer) -> None:
    assert await till.stands(buyer.order["id"]) == OPEN
    assert await till.balances() == {}
    assert await till.doctor() == []


async def test_a_bank_payment_is_approved_at_the_bank(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    answer = await buyer.pays("PSE", PSE)

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    (charged,) = buyer.charged()
    assert shown["status"] == "PENDING"
    assert (shown["amount"], shown["currency"]) == (122_100, "COP")
    assert shown["transaction_id"] == charged["id"]
    assert charged["reference"] == f"{buyer.order['order_number']}-1"
    assert (charged["amount_in_cents"], charged["customer_email"]) == (
        12_210_000,
        "guest@example.com",
    )
    await is_still_open(till, buyer)

    back = shop.http.post(f"{shown['payment_url']}/approve")
    assert (await buyer.forwards(shop.receiver.wait()[0])).status_code == 200
    await run_jobs()

    await is_paid_once(till, buyer)
    assert (await buyer.status())["status"] == "APPROVED"
    assert (await buyer.status())["payment_url"] is None
    # Where the bank sends the browser: our own page, which asks and does not believe.
    base_url, path = back.headers["location"].split("/api/v1", 1)
    assert base_url == buyer.program.settings.base_url
    returned = await buyer.client.get(path)
    assert returned.json() == {"intent_id": shown["intent_id"], "status": "APPROVED"}


async def test_a_bank_payment_that_is_declined_may_be_tried_again(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/decline")
    await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()
    assert (await buyer.status())["status"] == "DECLINED"
    await is_still_open(till, buyer)

    again = (await buyer.pays("PSE", PSE)).json()
    assert again["intent_id"] == shown["intent_id"]
    shop.http.post(f"{again['payment_url']}/approve")
    await buyer.forwards(shop.receiver.wait(2)[1])
    await run_jobs()

    assert await till.stands(buyer.order["id"]) == PAID
    assert [one["status"] for one in buyer.charged()] == ["DECLINED", "APPROVED"]
    assert await till.doctor() == []


async def test_the_browsers_return_settles_without_any_event(
    till: Till, buyer: Buyer, shop: Shop
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    path = f"/payments/return/{shown['intent_id']}?id={shown['transaction_id']}&status=APPROVED"
    assert (await buyer.client.get(path)).json()["status"] == "PENDING"
    await is_still_open(till, buyer)
    shop.http.post(f"{shown['payment_url']}/approve")

    assert (await buyer.client.get(path)).json()["status"] == "APPROVED"

    await is_paid_once(till, buyer)


@pytest.mark.parametrize(
    ("number", "status"),
    [(APPROVED_CARD, "APPROVED"), (DECLINED_CARD, "DECLINED"), ("4000000000000002", "ERROR")],
)
async def test_a_card_ends_while_the_shopper_waits(
    till: Till, buyer: Buyer, number: str, status: str
) -> None:
    answer = await buyer.pays_by_card(number)

    assert (answer.status_code, answer.json()["status"]) == (200, status)
    if status == "APPROVED":
        await is_paid_once(till, buyer)
    else:
        await is_still_open(till, buyer)


async def test_a_spent_card_token_is_refused_and_nothing_is_charged(
    till: Till, buyer: Buyer
) -> None:
    answer = await buyer.pays("CARD", {"token": "tok_test_nobody_knows"})

    assert (answer.status_code, answer.json()["code"]) == (422, "DECLINED")
    assert buyer.charged() == []
    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.DECLINED]
    await is_still_open(till, buyer)


@pytest.mark.parametrize(
    ("phone", "status"),
    [("3991111111", "APPROVED"), ("+57 399 222 2222", "DECLINED"), ("3001234567", "ERROR")],
)
async def test_nequi_ends_in_the_app(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs, phone: str, status: str
) -> None:
    answer = await buyer.pays("NEQUI", {"phone_number": phone})
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")

    await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()

    assert (await buyer.status())["status"] == status
    if status == "APPROVED":
        await is_paid_once(till, buyer)
    else:
        await is_still_open(till, buyer)


async def test_a_lost_event_is_made_up_for_by_asking(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    await buyer.pays("NEQUI", {"phone_number": "3991111111"})
    shop.receiver.wait()

    await buyer.polls(clock)

    await is_paid_once(till, buyer)


async def test_an_event_five_times_and_the_poll_and_the_return_pay_once(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs, clock: MovedClock
) -> None:
    shop.control("settings", repeats=5, uppercase="always")
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/approve")
    events = shop.receiver.wait(5)

    returning = buyer.client.get(f"/payments/return/{shown['intent_id']}")
    answers = await asyncio.gather(returning, *(buyer.forwards(event) for event in events))
    await run_jobs()
    await buyer.polls(clock)

    assert {answer.status_code for answer in answers} == {200}
    assert (await till.sent())["SignalReceived", "checkout.on_signal_received"] == 1
    await is_paid_once(till, buyer)


async def test_an_event_that_lies_changes_nothing(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    path = f"transactions/{shown['transaction_id']}/send-event"
    shop.control(path, status="APPROVED")
    shop.control(path, status="APPROVED", bad_signature=True)
    events = shop.receiver.wait(2)

    answers = sorted([(await buyer.forwards(event)).status_code for event in events])
    await run_jobs()

    # The signature may be right: it is still the gateway who is asked.
    assert answers == [200, 401]
    await is_still_open(till, buyer)
    assert (await buyer.status())["status"] == "PENDING"


async def test_an_event_that_arrives_before_the_answer_pays_once(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shop.break_next("create", "timeout_after", seconds=0.4)
    paying = asyncio.create_task(buyer.pays_by_card())
    event = (await asyncio.to_thread(shop.receiver.wait))[0]

    assert (await buyer.forwards(event)).status_code == 200
    await run_jobs()
    answer = await paying

    assert (answer.status_code, answer.json()["status"]) == (200, "APPROVED")
    await is_paid_once(till, buyer)


@pytest.mark.parametrize("fault", ["timeout_after", "error_500_after", "half_json"])
async def test_an_answer_that_says_nothing_is_asked_for_until_there_is_one_charge(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock, fault: str
) -> None:
    shop.control("settings", resolve_after=0.05)
    shop.break_next("create", fault)

    card = {"token": shop.card_token().json()["data"]["id"]}
    answer = await buyer.pays("CARD", card, key="card-key-1")
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.UNKNOWN]
    blocked = await buyer.pays_by_card()
    assert (blocked.status_code, blocked.json()["code"]) == (409, "PAYMENT_IN_PROGRESS")
    shop.http.delete("/_control/faults")
    shop.receiver.wait()
    await buyer.polls(clock, timedelta(seconds=15))

    await is_paid_once(till, buyer)
    # The key reads the first answer, as it was then.
    assert (await buyer.pays("CARD", card, key="card-key-1")).content == answer.content
    assert (await buyer.status())["status"] == "APPROVED"


async def test_a_connection_that_breaks_before_any_work_is_paid_again_after_a_while(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    shop.break_next("create", "refuse")
    answer = await buyer.pays_by_card()
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    assert buyer.charged() == []

    # The gateway knows of nothing; it is believed after a quarter of an hour and several answers.
    await buyer.polls(clock, timedelta(seconds=15))
    assert (await buyer.pays_by_card()).status_code == 409
    await buyer.polls(clock, timedelta(minutes=5))
    await buyer.polls(clock, timedelta(minutes=15))

    assert await till.attempts(buyer.order["id"]) == [AttemptStatus.ERROR]
    assert (await buyer.pays_by_card()).json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


@pytest.mark.parametrize("fault", ["rate_limit"])
async def test_what_the_gateway_did_not_take_can_be_sent_again_at_once(
    till: Till, buyer: Buyer, shop: Shop, fault: str
) -> None:
    shop.break_next("create", fault, seconds=1)
    refused = await buyer.pays_by_card(key="card-key-1")
    assert (refused.status_code, refused.json()["code"]) == (503, "NOT_SUBMITTED")
    assert buyer.charged() == []
    await is_still_open(till, buyer)

    again = await buyer.pays_by_card(key="card-key-2")

    assert again.json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


async def test_a_repeat_with_the_same_key_reads_the_first_answer_byte_by_byte(
    till: Till, buyer: Buyer
) -> None:
    token = buyer.shop.card_token().json()["data"]["id"]
    answers = await asyncio.gather(
        *(buyer.pays("CARD", {"token": token}, key="card-key-1") for _ in range(10))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


async def test_a_second_way_to_pay_waits_for_the_first(till: Till, buyer: Buyer) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()

    same = await buyer.pays("PSE", PSE)
    other = await buyer.pays_by_card()

    assert (same.status_code, same.json()["payment_url"]) == (200, shown["payment_url"])
    assert (other.status_code, other.json()["code"]) == (409, "PAYMENT_IN_PROGRESS")
    assert other.headers["retry-after"] == "30"
    assert other.json()["details"]["payment_url"] == shown["payment_url"]
    assert len(buyer.charged()) == 1


async def test_a_gateway_that_is_down_blocks_nothing(till: Till, buyer: Buyer, shop: Shop) -> None:
    shop.break_next("merchant", "error_500_before", times=9)

    answer = await buyer.pays_by_card()

    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_SUBMITTED")
    assert int(answer.headers["retry-after"]) >= 1
    shop.http.delete("/_control/faults")
    assert (await buyer.pays_by_card()).json()["status"] == "APPROVED"
    await is_paid_once(till, buyer)


async def test_an_order_paid_in_its_last_second_does_not_expire(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/approve")
    clock.advance(timedelta(hours=25))

    await expire_orders(ExpireOrders(), outside=buyer.program.outside)

    await is_paid_once(till, buyer)


async def test_an_order_waits_with_its_expiry_while_the_gateway_is_silent(
    till: Till, buyer: Buyer, shop: Shop, clock: MovedClock
) -> None:
    await buyer.pays("PSE", PSE)
    clock.advance(timedelta(hours=25))
    shop.break_next("fetch", "error_500_before", times=3)

    await expire_orders(ExpireOrders(), outside=buyer.program.outside)
    await is_still_open(till, buyer)
    await expire_orders(ExpireOrders(), outside=buyer.program.outside)

    assert await till.stands(buyer.order["id"]) == VOID
    assert await till.doctor() == []


async def test_cancelling_while_the_bank_approves_keeps_the_order(
    till: Till, buyer: Buyer, shop: Shop
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.http.post(f"{shown['payment_url']}/approve")

    answer = await buyer.client.delete(f"/orders/{buyer.order['id']}", headers=buyer.headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "ORDER_NOT_CANCELLABLE")
    await is_paid_once(till, buyer)


@pytest.mark.parametrize("change", [{"amount_in_cents": 12_209_999}, {"currency": "USD"}])
async def test_a_gateway_that_took_another_amount_pays_no_order(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs, change: Json
) -> None:
    shown = (await buyer.pays("PSE", PSE)).json()
    shop.control(f"transactions/{shown['transaction_id']}/status", status="APPROVED", **change)

    await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()

    assert await till.stands(buyer.order["id"]) == OPEN
    taken = change.get("amount_in_cents", 12_210_000)
    assert await till.queues() == [("AMOUNT_MISMATCH", shown["transaction_id"], taken)]
    assert (await till.balances())["platform:unapplied"] == -taken
    assert await till.doctor() == []


async def test_a_signal_about_a_payment_of_another_system_is_stored_and_answered(
    till: Till, buyer: Buyer, shop: Shop, run_jobs: Jobs
) -> None:
    shop.pay(shop.card(), reference="POS-17")

    answer = await buyer.forwards(shop.receiver.wait()[0])
    await run_jobs()

    assert answer.status_code == 200
    assert [kind for kind, _, _ in await till.queues()] == ["ORPHAN"]
    assert await till.stands(buyer.order["id"]) == OPEN
    assert await till.doctor() == []
