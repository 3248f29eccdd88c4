from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from mestore.checkout.types import Outside
from mestore.kernel.db import Database
from mestore.payments.types import PaymentMethod
from tests.build import Build
from tests.checkout.bank import Bank
from tests.checkout.till import Till

Read = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)


@pytest.fixture
def outside(database: Database) -> Outside:
    """The world with a gateway in memory that can send back all it took, and parts of that."""
    bank = Bank()
    every = frozenset(PaymentMethod)
    bank.profile = replace(bank.profile, refundable=every, partly_refundable=every)
    return Outside(database, {bank.code: bank}, "http://shop.example.com")


@pytest.fixture
def read(client: httpx2.AsyncClient) -> Read:
    """`await read(headers, sort="views")` asks for the figures and returns the answer."""

    async def asked(headers: dict[str, str], **query: Any) -> dict[str, Any]:  # noqa: ANN401  any parameter
        answer = await client.get("/products/analytics", headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return asked
