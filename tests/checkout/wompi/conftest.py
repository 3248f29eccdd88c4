from collections.abc import Iterator

import httpx2
import pytest

from mestore.bootstrap import App
from mestore.payments.adapters.wompi import WompiGateway
from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.checkout.till import Till
from tests.checkout.wompi.buyer import Buyer
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
    """The simulator as new and quick, its events kept by a receiver: no event comes by itself."""
    with (
        Receiver() as receiver,
        httpx2.Client(base_url=wompi_url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        shop.control("reset")
        shop.control("settings", events_url=receiver.url, resolve_after=0.01, polls_before_url=0)
        yield shop
        shop.control("reset")


@pytest.fixture(autouse=True)
def impatient(program: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can wait for."""
    monkeypatch.setattr("mestore.checkout.service.pay._WAITS_SECONDS", (0.05, 0.1, 0.2))
    monkeypatch.setattr("mestore.checkout.service.pay._REPLAY_WAIT_SECONDS", 0.5)
    gateway = program.gateways["wompi"]
    assert isinstance(gateway, WompiGateway)
    gateway.deadline_seconds = 0.6


@pytest.fixture
async def buyer(till: Till, client: httpx2.AsyncClient, shop: Shop, program: App) -> Buyer:
    buyer = Buyer(client, shop, program)
    await buyer.orders(await till.build.product(price="45000", stock=5), 2)
    return buyer
