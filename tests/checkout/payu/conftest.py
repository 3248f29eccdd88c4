from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from pydantic import SecretStr

from mestore.bootstrap import App
from mestore.payments.adapters.payu import PayUGateway
from mestore.settings import Settings
from simulators.local import serving
from simulators.payu.app import create_app
from simulators.payu.config import Config
from tests.checkout.payu.buyer import Buyer
from tests.checkout.till import Till
from tests.simulators.payu_shop import PayUShop


@pytest.fixture(scope="module")
def payu_url() -> Iterator[str]:
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def settings(settings: Settings, payu_url: str) -> Settings:
    """The settings with an account at PayU."""
    account = {
        "payu_base_url": payu_url,
        "payu_merchant_id": Config().merchant_id,
        "payu_account_id": Config().account_id,
        "payu_api_login": SecretStr(Config().api_login),
        "payu_api_key": SecretStr(Config().api_key),
    }
    return settings.model_copy(update=account)


@pytest.fixture
def shop(payu_url: str) -> Iterator[PayUShop]:
    """The simulator as new; no confirmation comes by itself."""
    with httpx2.Client(base_url=payu_url, trust_env=False) as http:
        shop = PayUShop(http)
        shop.control("reset")
        shop.control("settings", sends=False)
        yield shop
        shop.control("reset")


@pytest.fixture
def impatient(program: App) -> None:
    """Silence that a test can wait for; elsewhere a busy machine may take its time."""
    gateway = program.gateways["payu"]
    assert isinstance(gateway, PayUGateway)
    gateway.client = replace(gateway.client, deadline_seconds=2.0)


@pytest.fixture
async def buyer(till: Till, client: httpx2.AsyncClient, shop: PayUShop, program: App) -> Buyer:
    buyer = Buyer(client, shop, program)
    await buyer.orders(await till.build.product(price="45000", stock=5), 2)
    return buyer
