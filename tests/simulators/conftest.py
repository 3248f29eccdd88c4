from collections.abc import Iterator

import httpx2
import pytest

from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.simulators.wompi_shop import Receiver, Shop


@pytest.fixture(scope="session")
def wompi_url() -> Iterator[str]:
    with running(Config()) as url:
        yield url


@pytest.fixture
def shop(wompi_url: str) -> Iterator[Shop]:
    """A shop with a simulator as new, quick enough for a test."""
    with (
        Receiver() as receiver,
        httpx2.Client(base_url=wompi_url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        shop.control("reset")
        shop.control(
            "settings",
            events_url=receiver.url,
            resolve_after=0.01,
            retry_delays=[0.01, 0.02, 0.03],
        )
        yield shop
        shop.control("reset")
