"""Paying at the bank in memory, and what tests ask about it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from mestore.checkout.jobs import PollGateways, poll_gateways
from mestore.checkout.service.pay import pay
from mestore.checkout.types import Outside, Owner, PayRequest
from mestore.kernel.idempotency import Once
from mestore.orders.types import FinancialStatus, OrderStatus
from mestore.payments.service import Attempts
from mestore.payments.types import AttemptState, AttemptStatus, PaymentMethod
from tests.checkout.bank import Bank
from tests.checkout.till import GUEST, Till, guest
from tests.conftest import MovedClock

Result = TypeVar("Result")
Work = Callable[[], Awaitable[None]]
PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
VOID = (OrderStatus.CANCELLED, FinancialStatus.VOIDED)


def beside(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """Run `work` as another request would: outside the transaction that is open here."""
    return asyncio.create_task(work, context=Context())


async def paying(
    outside: Outside,
    order_id: int,
    *,
    method: PaymentMethod = PaymentMethod.NEQUI,
    key: str | None = None,
    owner: Owner | None = None,
    amount_minor: int | None = None,
) -> dict[str, Any]:
    """Pay an order and return what is shown; by default a guest with Nequi and no key."""
    details = {"phone_number": "3991111111"}
    request = PayRequest(order_id, method, None, 1, details, amount_minor=amount_minor)
    body = f"{order_id} {method}".encode()
    once_ = Once.of(principal=GUEST, route="pay", key=key, body=body) if key else None
    answer = await pay(outside, owner or guest(), request, once_)
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    return found


async def latest(till: Till, order_id: int) -> AttemptState:
    """Return the youngest attempt of an order."""
    async with till.database.read() as connection:
        found = await Attempts(connection).latest(order_id)
    assert found is not None
    return found


def approving(till: Till, bank: Bank, reference: str) -> Work:
    """Return a step that has the bank approve and tell us."""

    async def approve() -> None:
        await till.settle(bank.say(reference, AttemptStatus.APPROVED))

    return approve


def forgetting(bank: Bank) -> Work:
    """Return a step after which the bank knows of nothing."""

    async def forget() -> None:
        bank.opened.clear()

    return forget


async def poll(till: Till, outside: Outside, clock: MovedClock) -> None:
    """Let two minutes pass, then ask about all that is due."""
    clock.advance(timedelta(minutes=2))
    await poll_gateways(PollGateways(), outside=outside)
