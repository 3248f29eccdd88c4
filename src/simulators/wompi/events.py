"""Signed `transaction.updated` events, sent again until the shop answers 200."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from simulators.wompi.background import Background
from simulators.wompi.config import Settings
from simulators.wompi.signing import event_checksum
from simulators.wompi.tokens import instant

# Wompi warns that the list may change; these are the changes a shop must survive.
OTHER_PROPERTIES = (
    (
        "transaction.reference",
        "transaction.amount_in_cents",
        "transaction.id",
        "transaction.status",
    ),
    ("transaction.status", "transaction.id", "transaction.currency", "transaction.not_there"),
)


@dataclass(slots=True)
class Delivery:
    """One copy of one event and the answers it got; an answer of 0 means nobody answered."""

    event: dict[str, object]
    checksum: str
    body: bytes
    answers: list[int] = field(default_factory=list)

    def shown(self) -> dict[str, object]:
        """Give the delivery as the control surface lists it."""
        return {"event": self.event, "answers": self.answers}


class EventSender:
    """Signs events and delivers them without keeping any request waiting."""

    def __init__(self, secret: str, settings: Settings, background: Background) -> None:
        self._secret = secret
        self._settings = settings
        self._background = background
        self._client: httpx2.AsyncClient | None = None
        self._signed = 0
        self.deliveries: list[Delivery] = []

    def open(self, client: httpx2.AsyncClient) -> None:
        """Send through this client from now on."""
        self._client = client

    def clear(self) -> None:
        """Forget what was sent, and start the rotations again."""
        self.deliveries.clear()
        self._signed = 0

    def send(
        self, transaction: Mapping[str, object], times: int, *, bad_signature: bool = False
    ) -> None:
        """Post the same event as many times as asked, each copy with its own retries."""
        secret = secrets.token_hex(16) if bad_signature else self._secret
        event, checksum = self._compose(transaction, secret)
        # Signed and frozen here: a retry repeats the first body, byte for byte.
        body = json.dumps(event, ensure_ascii=False).encode()
        for _ in range(times):
            delivery = Delivery(event, checksum, body)
            self.deliveries.append(delivery)
            self._background.start(self._deliver(delivery))

    def _compose(
        self, transaction: Mapping[str, object], secret: str
    ) -> tuple[dict[str, object], str]:
        now = datetime.now(UTC)
        signature: dict[str, object] = {"properties": list(self._properties())}
        event: dict[str, object] = {
            "event": "transaction.updated",
            "data": {"transaction": dict(transaction)},
            "environment": "test",
            "signature": signature,
            "timestamp": int(now.timestamp()),
            "sent_at": instant(now),
        }
        checksum = self._in_case(event_checksum(event, secret))
        signature["checksum"] = checksum
        self._signed += 1
        return event, checksum

    def _properties(self) -> tuple[str, ...]:
        lists = (self._settings.properties, *OTHER_PROPERTIES)
        return lists[self._signed % len(lists)] if self._settings.vary_properties else lists[0]

    def _in_case(self, checksum: str) -> str:
        case = self._settings.uppercase
        is_upper = case == "always" or (case == "alternate" and self._signed % 2 == 0)
        return checksum.upper() if is_upper else checksum

    async def _deliver(self, delivery: Delivery) -> None:
        first = time.monotonic()
        # Wompi counts its retries from the first try, not from the previous one.
        for delay in (0.0, *self._settings.retry_delays):
            await asyncio.sleep(max(0.0, first + delay - time.monotonic()))
            if self._settings.events_url is None:
                return
            answer = await self._post(self._settings.events_url, delivery)
            delivery.answers.append(answer)
            if answer == 200:
                return

    async def _post(self, url: str, delivery: Delivery) -> int:
        if self._client is None:
            return 0
        headers = {"Content-Type": "application/json", "X-Event-Checksum": delivery.checksum}
        try:
            response = await self._client.post(url, content=delivery.body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return 0
        return response.status_code
