"""A shop in processes that can be killed, with the simulated gateway beside it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from mestore.settings import Settings
from tests.build import BuiltProduct
from tests.checkout.till import SHIPPING
from tests.simulators.wompi_shop import Shop

KILLED = -signal.SIGKILL
Json = dict[str, Any]


class Processes:
    """The forks of one mortal program: a server, and a worker now and then."""

    def __init__(self, settings: Settings) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/api/v1"
        environment = {
            **os.environ,
            "ENVIRONMENT": "testing",
            "DATABASE_URL": settings.database,
            "DATA_DIR": str(settings.data_dir),
            "WOMPI_BASE_URL": settings.wompi_base_url,
            "SECRET_KEY": "a secret of the tests, 32 characters or more",
        }
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

    def work(self, events: int) -> bool:
        """Let a worker run due jobs; True where it was killed at the `events`-th event."""
        worker = self._order(f"work {events}")
        code = self._order(f"wait {worker}")
        assert code in {0, KILLED}, code
        return code == KILLED

    def _order(self, line: str) -> int:
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write(f"{line}\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())


class Guest:
    """A guest with one order, at a server that may die under every request."""

    def __init__(self, processes: Processes) -> None:
        self.url = processes.url
        self.http = processes.http
        self.session = f"guest-{uuid4().hex}"
        self.order_id = 0

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
        headers = {"Session-ID": self.session, "Connection": "close", **(headers or {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        if die_at is not None:
            headers["X-Die-At"] = str(die_at)
        try:
            return self.http.post(f"{self.url}{path}", json=body, headers=headers)
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

    def pay(self, method: str, data: Json, *, key: str, die_at: int | None = None) -> Json | None:
        """Pay the order."""
        body = {"order_id": self.order_id, "payment_method": method, "payment_data": data}
        answer = self.post("/payments/process", body, key=key, die_at=die_at)
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
