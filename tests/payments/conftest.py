"""The Wompi simulator, started once a module, and the adapter pointed at it."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.breaker import Breaker
from mestore.payments.adapters.wompi import WompiGateway, WompiKeys
from mestore.payments.types import AttemptStatus, Charge, PaymentMethod
from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.contracts.money_back import Unable
from tests.contracts.payment_gateway import new_charge
from tests.simulators.wompi_shop import Receiver, Shop

KEYS = WompiKeys(
    public=Config().public_key,
    private=Config().private_key,
    events=Config().events_secret,
    integrity=Config().integrity_secret,
)


FAULTS = {"refused_before": "rate_limit", "unanswered": "timeout_after"}


class WompiSandbox(Unable):
    """The simulator's control surface in the words of the contract."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def charge(self, method: PaymentMethod) -> Charge:
        details: dict[PaymentMethod, dict[str, object]] = {
            PaymentMethod.CARD: {"token": self.shop.card()["token"]},
            PaymentMethod.NEQUI: {"phone_number": "+57 399 111 1111"},
            PaymentMethod.PSE: {
                "user_type": 0,
                "user_legal_id_type": "CC",
                "user_legal_id": "1999888777",
                "financial_institution_code": "1",
            },
            PaymentMethod.DAVIPLATA: {"user_legal_id_type": "CC", "user_legal_id": "1999888777"},
        }
        return new_charge(method, details.get(method, {}))

    def invalid_charge(self) -> Charge:
        return new_charge(PaymentMethod.CARD, {"token": "tok_test_nobody_knows"})

    def finish(self, transaction_id: str, status: AttemptStatus) -> None:
        self.shop.control(
            f"transactions/{transaction_id}/status", status=status.value, send_event=False
        )

    def transactions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.shop.http.get("/_control/transactions").json()["data"]
        return found

    def references(self) -> list[str]:
        return [transaction["reference"] for transaction in self.transactions()]

    def answer_nothing(self) -> None:
        self.shop.break_next("create", "timeout_after")

    def fail_afterwards(self) -> None:
        self.shop.break_next("create", "error_500_after")

    def refuse_before(self) -> None:
        self.shop.break_next("create", "rate_limit")

    def event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return self._event(transaction_id, bad_signature=False)

    def forged_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return self._event(transaction_id, bad_signature=True)

    def unsigned_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        event = json.loads(self.event(transaction_id)[1])
        del event["signature"]
        return {}, json.dumps(event).encode()

    def old_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        """The first event about a transaction, as Wompi sends it again."""
        for received in self.shop.receiver.events:
            if received.transaction["id"] == transaction_id:
                return {"X-Event-Checksum": received.header}, received.body
        return self.event(transaction_id)

    def given_back(self, transaction_id: str) -> list[int]:
        voided = [
            each["amount_in_cents"]
            for each in self.transactions()
            if (each["id"], each["status"]) == (transaction_id, "VOIDED")
        ]
        refunds = self.shop.http.get("/_control/refunds").json()["data"]
        return voided + [
            each["amount_in_cents"]
            for each in refunds
            if (each["transaction_id"], each["status"]) == (transaction_id, "APPROVED")
        ]

    def break_refund(self, fault: str) -> None:
        for operation in ("void", "refund"):
            self.shop.break_next(operation, FAULTS[fault])

    def _event(self, transaction_id: str, **order: object) -> tuple[Mapping[str, str], bytes]:
        count = len(self.shop.receiver.events) + 1
        self.shop.control(f"transactions/{transaction_id}/send-event", **order)
        received = self.shop.receiver.wait(count)[-1]
        return {"X-Event-Checksum": received.header}, received.body


@pytest.fixture(scope="module")
def wompi_url() -> Iterator[str]:
    with running(Config()) as url:
        yield url


@pytest.fixture
def sandbox(wompi_url: str) -> Iterator[WompiSandbox]:
    """The simulator as new; nothing in it ends by itself."""
    with (
        Receiver() as receiver,
        httpx2.Client(base_url=wompi_url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        shop.control("reset")
        shop.control("settings", events_url=receiver.url, resolve_after=60, retry_delays=[])
        yield WompiSandbox(shop)
        shop.control("reset")


class Bench:
    """Makes adapters, with a clock that the test moves, and remembers what they send."""

    def __init__(self, url: str, http: httpx2.AsyncClient) -> None:
        self.url = url
        self.http = http
        self.now = 1000.0
        self.breaker = Breaker(lambda: self.now)
        self.sent: list[httpx2.Request] = []
        http.event_hooks["request"].append(self._remember)

    async def _remember(self, request: httpx2.Request) -> None:
        self.sent.append(request)

    def gateway(
        self, keys: WompiKeys = KEYS, *, url: str | None = None, deadline_seconds: float = 20.0
    ) -> WompiGateway:
        return WompiGateway(
            keys,
            self.http,
            url or self.url,
            self.breaker,
            deadline_seconds=deadline_seconds,
            monotonic=lambda: self.now,
        )

    def paths(self) -> list[str]:
        """What was sent, as `GET /v1/merchants/…`."""
        return [f"{request.method} {request.url.path}" for request in self.sent]


@pytest.fixture
async def bench(wompi_url: str, sandbox: WompiSandbox) -> AsyncIterator[Bench]:
    async with network.client() as http:
        yield Bench(f"{wompi_url}/v1", http)


@pytest.fixture
def gateway(bench: Bench) -> WompiGateway:
    return bench.gateway()


@pytest.fixture
async def impatient(wompi_url: str, sandbox: WompiSandbox) -> AsyncIterator[WompiGateway]:
    """The adapter with a time-out that a test can wait for."""
    async with network.client(total_seconds=0.3) as http:
        yield WompiGateway(KEYS, http, f"{wompi_url}/v1", Breaker())


@pytest.fixture
async def unreachable(nobody_listens: int) -> AsyncIterator[WompiGateway]:
    """The adapter pointed at a port where nobody listens."""
    async with network.client() as http:
        yield WompiGateway(KEYS, http, f"http://127.0.0.1:{nobody_listens}/v1", Breaker())
