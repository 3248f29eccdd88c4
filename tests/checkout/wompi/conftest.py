from typing import Any

import httpx2
import pytest

from mestore.bootstrap import App
from mestore.payments.adapters.wompi import WompiGateway
from tests.checkout.till import Till
from tests.checkout.wompi.buyer import Buyer
from tests.simulators.wompi_fixtures import shop, wompi_base_url, wompi_url
from tests.simulators.wompi_shop import Shop

__all__ = ["shop", "wompi_base_url", "wompi_url"]


@pytest.fixture
def wompi_habits() -> dict[str, Any]:
    return {"resolve_after": 0.01, "polls_before_url": 0}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """News of a payment is asked for at once, then for as long as a shopper would wait."""
    monkeypatch.setattr("mestore.checkout.service.pay._WAITS_SECONDS", (0.05, 0.1, 0.3, 1.0, 3.0))


@pytest.fixture
def impatient(program: App) -> None:
    """Silence that a test can wait for; elsewhere a busy machine may take its time."""
    gateway = program.gateways["wompi"]
    assert isinstance(gateway, WompiGateway)
    gateway.deadline_seconds = 0.6


@pytest.fixture
async def buyer(till: Till, client: httpx2.AsyncClient, shop: Shop, program: App) -> Buyer:
    buyer = Buyer(client, shop, program)
    await buyer.orders(await till.build.product(price="45000", stock=5), 2)
    return buyer
