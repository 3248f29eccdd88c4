"""A shop in processes that can be killed, with the simulated gateway beside it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from pydantic import SecretStr

from mestore.kernel.db import Database
from mestore.settings import Settings
from tests.build import BuiltProduct
from tests.checkout.till import SHIPPING
from tests.simulators.wompi_shop import Shop

# SQLite dies at every event; the servers, where a start costs more, at every third or seventh.
STRIDES = {"sqlite": 1, "postgresql": 3, "mysql": 7}
KILLED = -signal.SIGKILL
Json = dict[str, Any]


def events_of(database: Database) -> Iterator[int]:
    """Give the events to die at, from the first one on."""
    return count(1, STRIDES[database.dialect])


UNSUSPECTING = {"fraud_review_from": 100, "fraud_refuse_from": 100}
"""Settings under which many orders by one card are nothing odd."""


def _environment_of(settings: Settings) -> dict[str, str]:
    """Return what a test set as the environment of another process."""
    found = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if value is not None:
            found[name.upper()] = str(value)
    return found


class Processes:
    """The forks of one mortal program: a server, and a worker now and then."""

    def __init__(self, settings: Settings) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/api/v1"
        environment = {**os.environ, **_environment_of(settings)}
        descriptor = self.listener.fileno()
        self.parent = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "tests.crash.mortal", str(descriptor)],
            cwd=Path(__file__).parents[2],
            env=environment,
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.http = httpx2.Client(timeout=20, trust_env=False)
        self.server = 0
        self.has_served = False

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        if self.server:
            self.kill()
        self.http.close()
        self.parent.communicate()
        self.listener.close()

    def serve(self, *, with_jobs: bool = False) -> None:
        """Start a server."""
        self.has_served = True
        self.server = self._order("serve jobs" if with_jobs else "serve")

    def revive(self, *, with_jobs: bool = False) -> None:
        """Start a server after the one that is known to have died."""
        assert self._order(f"wait {self.server}") == KILLED
        self.serve(with_jobs=with_jobs)

    def kill(self) -> None:
        """End the server, at once."""
        os.kill(self.server, signal.SIGKILL)
        self._order(f"wait {self.server}")
        self.server = 0

    def put_ahead(self, minutes: int) -> None:
        """Let the clocks of all later processes be ahead of the test's."""
        self._order(f"clock {minutes * 60}")

    def ask(self, method: str, url: str, headers: Json, body: Json | None) -> httpx2.Response:
        """Send a request to the program before it serves: forks then know what it knows."""
        wanted = {"method": method, "url": url, "headers": headers, "json": body}
        answer = json.loads(self._told(f"ask {json.dumps(wanted)}"))
        return httpx2.Response(answer["status"], text=answer["body"])

    def rehearse(self) -> None:
        """Run due jobs in the program itself: workers then know what it knows."""
        self._told("rehearse")

    def work(self, events: int) -> bool:
        """Let a worker run due jobs; True where it was killed at the `events`-th event."""
        worker = self._order(f"work {events}")
        code = self._order(f"wait {worker}")
        assert code in {0, KILLED}, code
        return code == KILLED

    def _order(self, line: str) -> int:
        return int(self._told(line))

    def _told(self, line: str) -> str:
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write(f"{line}\n")
        self.parent.stdin.flush()
        return self.parent.stdout.readline()


class Guest:
    """A guest with one order, at a server that may die under every request.

    Before there is a server, the program that forks them answers itself.
    """

    def __init__(self, processes: Processes, session: str | None = None, order_id: int = 0) -> None:
        self.processes = processes
        self.session = session or f"guest-{uuid4().hex}"
        self.order_id = order_id

    def post(
        self,
        path: str,
        body: Json,
        *,
        key: str | None = None,
        die_at: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response | None:
        """Send a request; None where the server died before it answered."""
        more = dict(headers or {})
        if key is not None:
            more["Idempotency-Key"] = key
        return self._send("POST", path, more, die_at, body)

    def call_off(self, *, die_at: int | None = None) -> bool:
        """Cancel the order; False where the server died before it answered."""
        answer = self._send("DELETE", f"/orders/{self.order_id}", {}, die_at)
        assert answer is None or answer.status_code == 200, answer and answer.text
        return answer is not None

    def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        die_at: int | None,
        body: Json | None = None,
    ) -> httpx2.Response | None:
        headers = {"Session-ID": self.session, "Connection": "close", **headers}
        url = f"{self.processes.url}{path}"
        if not self.processes.has_served:
            return self.processes.ask(method, url, headers, body)
        if die_at is not None:
            headers["X-Die-At"] = str(die_at)
        try:
            return self.processes.http.request(method, url, json=body, headers=headers)
        except httpx2.TransportError:
            return None

    def place(self, product: BuiltProduct, *, die_at: int | None = None) -> Json | None:
        """Order one unit, always under the same key."""
        body = {**SHIPPING, "items": [{"product_id": str(product.id), "quantity": 1}]}
        answer = self.post("/orders", body, key="place-1", die_at=die_at)
        if answer is None:
            return None
        assert answer.status_code == 201, answer.text
        order: Json = answer.json()
        self.order_id = order["id"]
        return order

    def pay(
        self,
        method: str,
        data: Json,
        *,
        key: str,
        die_at: int | None = None,
        gateway: str | None = None,
    ) -> Json | None:
        """Pay the order."""
        body: Json = {"order_id": self.order_id, "payment_method": method, "payment_data": data}
        if gateway is not None:
            body["gateway"] = gateway
        headers = {"User-Agent": "Mozilla/5.0"}
        answer = self.post("/payments/process", body, key=key, die_at=die_at, headers=headers)
        if answer is None:
            return None
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown

    def pay_by_card(self, shop: Shop, *, key: str, die_at: int | None = None) -> Json | None:
        """Pay the order with a card that is approved."""
        token = shop.card_token().json()["data"]["id"]
        return self.pay("CARD", {"token": token}, key=key, die_at=die_at)


@contextmanager
def mortal(settings: Settings) -> Iterator[Processes]:
    """Lend processes; none is left at the end."""
    with Processes(settings) as processes:
        yield processes
