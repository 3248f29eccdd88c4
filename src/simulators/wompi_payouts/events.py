"""Signed events of payouts, sent again until the shop answers with a 2xx."""

import asyncio
import json
import time
from hashlib import sha256
from typing import Any

import httpx2

Row = dict[str, Any]
RETRY_DELAYS = (0.0, 1.0, 3.0, 10.0)


def compose(name: str, part: str, found: Row, secret: str, at_ms: int | None = None) -> Row:
    """Return an event about a thing, signed over its id, status and amount.

    The timestamp is in milliseconds, the paths are in camel case.
    """
    properties = [f"{part}.id", f"{part}.status", f"{part}.amountInCents"]
    timestamp = int(time.time() * 1000) if at_ms is None else at_ms
    values = [str(found[path.split(".")[1]]) for path in properties]
    checksum = sha256("".join([*values, str(timestamp), secret]).encode()).hexdigest()
    return {
        "event": name,
        "data": {part: found},
        "signature": {"properties": properties, "checksum": checksum},
        "timestamp": timestamp,
    }


class Events:
    """Sends events beside the requests, and keeps what it sent."""

    def __init__(self, secret: str, url: str | None) -> None:
        self.secret = secret
        self.url = url
        self.sent: list[Row] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, name: str, part: str, found: Row) -> None:
        """Sign an event and deliver it in the background."""
        event = compose(name, part, found, self.secret)
        self.sent.append(event)
        if self.url is not None:
            task = asyncio.create_task(self._deliver(self.url, event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop what is not delivered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, url: str, event: Row) -> None:
        body = json.dumps(event).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Event-Checksum": event["signature"]["checksum"],
        }
        # A proxy of the environment must not see events for the shop next door.
        async with httpx2.AsyncClient(timeout=10, trust_env=False) as client:
            for delay in RETRY_DELAYS:
                await asyncio.sleep(delay)
                try:
                    answer = await client.post(url, content=body, headers=headers)
                except (httpx2.HTTPError, httpx2.InvalidURL):
                    continue
                if answer.is_success:
                    return
