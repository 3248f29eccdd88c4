from collections.abc import Iterator

import httpx2
import pytest

from mestore.kernel.db import Database
from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.build import Build
from tests.checkout.till import Till
from tests.simulators.wompi_shop import Receiver, Shop


@pytest.fixture(scope="module")
def wompi_url() -> Iterator[str]:
    with running(Config()) as url:
        yield url


@pytest.fixture
def wompi_base_url(wompi_url: str) -> str:
    return f"{wompi_url}/v1"


@pytest.fixture
def shop(wompi_url: str) -> Iterator[Shop]:
    """The simulator as new and quick; its events wait until the test passes them on."""
    with (
        Receiver() as receiver,
        httpx2.Client(base_url=wompi_url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        shop.control("reset")
        shop.control("settings", events_url=receiver.url, resolve_after=0.005)
        yield shop
        shop.control("reset")


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)
