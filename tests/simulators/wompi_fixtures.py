"""Fixtures of a shop at the Wompi simulator, for the `conftest.py` of who pays there."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.simulators.wompi_shop import Receiver, Shop

__all__ = ["shop", "wompi_base_url", "wompi_habits", "wompi_url"]


@pytest.fixture(scope="module")
def wompi_url() -> Iterator[str]:
    """The address of a simulator, the same for all tests of a file."""
    with running(Config()) as url:
        yield url


@pytest.fixture
def wompi_base_url(wompi_url: str) -> str:
    """Where the program looks for Wompi."""
    return f"{wompi_url}/v1"


@pytest.fixture
def wompi_habits() -> dict[str, Any]:
    """How the simulator behaves; override this to change it."""
    return {"resolve_after": 0.005}


@pytest.fixture
def shop(wompi_url: str, wompi_habits: dict[str, Any]) -> Iterator[Shop]:
    """The simulator as new and quick; its events wait until the test passes them on."""
    with (
        Receiver() as receiver,
        httpx2.Client(base_url=wompi_url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        shop.control("reset")
        shop.control("settings", events_url=receiver.url, **wompi_habits)
        yield shop
        shop.control("reset")
