from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.checkout.bank import Bank

Read = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def bank() -> Bank:
    """A gateway in memory that can send back all it took, and parts of that."""
    return Bank.giving()


@pytest.fixture
def read(client: httpx2.AsyncClient) -> Read:
    """`await read(headers, sort="views")` asks for the figures and returns the answer."""

    async def asked(headers: dict[str, str], **query: Any) -> dict[str, Any]:  # noqa: ANN401  any parameter
        answer = await client.get("/products/analytics", headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return asked
