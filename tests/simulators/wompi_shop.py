"""The two ends of a shop that pays with the Wompi simulator: a client and a place for events."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx2

from simulators.wompi.config import Config

PUBLIC = {"Authorization": f"Bearer {Config().public_key}"}
PRIVATE = {"Authorization": f"Bearer {Config().private_key}"}
APPROVED_CARD = "4242424242424242"
DECLINED_CARD = "4111111111111111"
PATIENCE = 30.0

Json = dict[str, Any]


def eventually(is_so: Callable[[], object]) -> None:
    """Ask again until it is so, for a while."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "It never came to be so."
        time.sleep(0.005)


@dataclass(frozen=True)
class Received:
    """One event as it arrived."""

    body: bytes
    header: str

    @property
    def event(self) -> Json:
        parsed: Json = json.loads(self.body)
        return parsed

    @property
    def transaction(self) -> Json:
        found: Json = self.event["data"]["transaction"]
        return found

    @property
    def expected_checksum(self) -> str:
        """The checksum worked out again, without any code of the simulator."""
        text = ""
        for path in self.event["signature"]["properties"]:
            _, name = path.split(".")
            text += str(self.transaction.get(name, ""))
        secret = Config().events_secret
        return sha256(f"{text}{self.event['timestamp']}{secret}".encode()).hexdigest()


class Receiver:
    """A real HTTP server that keeps the events it gets and answers as told."""

    def __init__(self, signature: str = "X-Event-Checksum") -> None:
        self.events: list[Received] = []
        self.answers: list[int] = []
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.keep(body, self.headers[signature]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/events"

    def keep(self, body: bytes, header: str) -> int:
        with self._arrived:
            self.events.append(Received(body, header))
            self._arrived.notify_all()
            return self.answers.pop(0) if self.answers else 200

    def wait(self, count: int = 1) -> list[Received]:
        """Give the events as soon as there are that many."""
        with self._arrived:
            is_there = self._arrived.wait_for(lambda: len(self.events) >= count, PATIENCE)
            assert is_there, f"{len(self.events)} of {count} events arrived"
            return list(self.events)

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Shop:
    """A merchant with the default keys of the simulator."""

    http: httpx2.Client
    receiver: Receiver
    secret: str = field(default_factory=lambda: Config().integrity_secret)

    def control(self, path: str, **body: object) -> Json:
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def break_next(self, operation: str, fault: str, **more: object) -> None:
        self.control("faults", operation=operation, fault=fault, **more)

    def acceptance(self) -> dict[str, str]:
        data = self.http.get(f"/v1/merchants/{Config().public_key}").json()["data"]
        return {
            "acceptance_token": data["presigned_acceptance"]["acceptance_token"],
            "accept_personal_auth": data["presigned_personal_data_auth"]["acceptance_token"],
        }

    def card_token(self, number: str = APPROVED_CARD, **changes: str) -> httpx2.Response:
        card = {
            "number": number,
            "cvc": "123",
            "exp_month": "12",
            "exp_year": "39",
            "card_holder": "Ana Gómez",
        }
        return self.http.post("/v1/tokens/cards", json=card | changes, headers=PUBLIC)

    def card(self, number: str = APPROVED_CARD, **changes: object) -> Json:
        token = self.card_token(number).json()["data"]["id"]
        return {"type": "CARD", "token": token, "installments": 1, **changes}

    def nequi(self, phone_number: str = "3991111111") -> Json:
        return {"type": "NEQUI", "phone_number": phone_number}

    def pse(self, bank: str = "1") -> Json:
        return {
            "type": "PSE",
            "user_type": 0,
            "user_legal_id_type": "CC",
            "user_legal_id": "1999888777",
            "financial_institution_code": bank,
            "payment_description": "Pedido 1",
        }

    def body(self, payment_method: Mapping[str, object], **changes: object) -> Json:
        """A good body, signed after the changes unless they bring a signature."""
        body: Json = {
            **self.acceptance(),
            "amount_in_cents": 6_500_000,
            "currency": "COP",
            "customer_email": "ana@example.com",
            "reference": f"ORD-{uuid4().hex[:12]}",
            "redirect_url": "https://shop.example/return?order=7",
            "customer_data": {"full_name": "Ana Gómez", "phone_number": "573001112233"},
            "payment_method": payment_method,
            **changes,
        }
        body.setdefault("signature", self.sign(body))
        return {name: value for name, value in body.items() if value is not None}

    def sign(self, body: Json) -> str:
        signed = (
            f"{body['reference']}{body['amount_in_cents']}{body['currency']}"
            f"{body.get('expiration_time') or ''}{self.secret}"
        )
        return sha256(signed.encode()).hexdigest()

    def post(self, body: Json, key: Mapping[str, str] = PRIVATE) -> httpx2.Response:
        return self.http.post("/v1/transactions", json=body, headers=key)

    def pay(self, payment_method: Mapping[str, object], **changes: object) -> Json:
        answer = self.post(self.body(payment_method, **changes))
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()["data"]
        return found

    def refusal(self, payment_method: Mapping[str, object], **changes: object) -> Json:
        """The messages of a 422."""
        answer = self.post(self.body(payment_method, **changes))
        assert answer.status_code == 422, answer.text
        error = answer.json()["error"]
        assert error["type"] == "INPUT_VALIDATION_ERROR"
        messages: Json = error["messages"]
        return messages

    def deliveries(self) -> Sequence[Json]:
        """The copies of events the simulator sent, and the answers they got."""
        found: Sequence[Json] = self.http.get("/_control/events").json()["data"]
        return found

    def fetch(self, transaction_id: str) -> Json:
        answer = self.http.get(f"/v1/transactions/{transaction_id}", headers=PRIVATE)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()["data"]
        return found

    def list(self, **query: str | int) -> httpx2.Response:
        return self.http.get("/v1/transactions", params=query, headers=PRIVATE)

    def approved_card(self) -> Json:
        """A card payment already approved, its event consumed."""
        paid = self.pay(self.card())
        self.receiver.wait(1)
        return self.fetch(paid["id"])

    def approve_quietly(self) -> str:
        """A PSE payment approved without any event."""
        paid: str = self.pay(self.pse())["id"]
        self.control(f"transactions/{paid}/status", status="APPROVED", send_event=False)
        return paid
