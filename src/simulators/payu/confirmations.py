"""Confirmations: signed forms, posted again until the shop answers 200."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

import httpx2

from simulators.payu.account import FINAL, Order, Row, Transaction
from simulators.payu.config import Config
from simulators.payu.signing import confirmed, signature

TIMEOUT = 10.0
KINDS = {"PSE": "4", "EFECTY": "7", "OTHERS_CASH": "7", "BANK_REFERENCED": "10", "NEQUI": "6"}


@dataclass(slots=True)
class Delivery:
    """One confirmation and the answers it got; an answer of 0 means nobody answered."""

    url: str | None
    body: str
    answers: list[int] = field(default_factory=list)

    def shown(self) -> Row:
        """Give the delivery as the control surface lists it."""
        return {"url": self.url, "body": self.body, "answers": self.answers}


class Confirmations:
    """Signs confirmations and delivers them without keeping any request waiting."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.deliveries: list[Delivery] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, order: Order, transaction: Transaction, **changes: str) -> Delivery:
        """Post a confirmation of how a transaction stands; `changes` are lies."""
        url = self.config.notify_url or order.notify_url
        delivery = Delivery(url, self.form(order, transaction, **changes))
        self.deliveries.append(delivery)
        task = asyncio.create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    def form(
        self,
        order: Order,
        transaction: Transaction,
        *,
        state: str | None = None,
        api_key: str | None = None,
    ) -> str:
        """Write the form of a confirmation."""
        state_pol = FINAL.get(state or transaction.state, "4")
        value = transaction.value
        sign = signature(
            self.config.algorithm,
            api_key or self.config.api_key,
            self.config.merchant_id,
            order.reference,
            confirmed(value),
            order.currency,
            state_pol,
        )
        return urlencode(self._fields(order, transaction, value, state_pol) | {"sign": sign})

    def _fields(
        self, order: Order, transaction: Transaction, value: Decimal, state_pol: str
    ) -> dict[str, str]:
        return {
            "merchant_id": self.config.merchant_id,
            "state_pol": state_pol,
            "response_code_pol": "1" if state_pol == "4" else "5",
            "response_message_pol": transaction.code,
            "reference_sale": order.reference,
            "reference_pol": str(order.id),
            "transaction_id": transaction.id,
            "value": f"{value:.2f}",
            "currency": order.currency,
            "payment_method_type": KINDS.get(transaction.method, "2"),
            "payment_method_name": transaction.method,
            "test": "1",
            "attempts": "1",
            "description": order.description,
            "transaction_date": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        }

    def forged(self, order: Order, transaction: Transaction) -> str:
        """Write the form of somebody who has no key."""
        return self.form(order, transaction, api_key=secrets.token_hex(8))

    def clear(self) -> None:
        """Forget what was sent."""
        for task in self._tasks:
            task.cancel()
        self.deliveries.clear()

    async def close(self) -> None:
        """Stop what has not ended and wait until it is gone."""
        self.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, delivery: Delivery) -> None:
        if delivery.url is None or not self.config.sends:
            return
        # The shop is next door: a proxy of the environment must not see what is sent there.
        async with httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            for delay in (0.0, *self.config.retry_delays):
                await asyncio.sleep(delay)
                delivery.answers.append(await self._post(client, delivery))
                if delivery.answers[-1] == 200:
                    return

    async def _post(self, client: httpx2.AsyncClient, delivery: Delivery) -> int:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = await client.post(str(delivery.url), content=delivery.body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return 0
        return answer.status_code
