from collections.abc import Iterator

import httpx2
import pytest
from pydantic import SecretStr

from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.settings import Settings
from simulators.wompi_payouts.app import Config
from tests.build import Build
from tests.payouts.desk import Desk
from tests.payouts.provider import Provider
from tests.simulators.processes import Simulators


@pytest.fixture
def provider_url(simulator: Simulators) -> str:
    return simulator("wompi_payouts", "--events-url", "")


@pytest.fixture
def provider(provider_url: str) -> Iterator[Provider]:
    """The simulator as new; its lines end when a test says so."""
    with httpx2.Client(base_url=provider_url, trust_env=False) as http:
        found = Provider(http)
        found.control("reset")
        found.control("settings", resolve_after=600)
        yield found
        found.control("reset")


@pytest.fixture
def settings(settings: Settings, provider_url: str) -> Settings:
    """The program's settings with the simulator as its provider."""
    keys = Config()
    settings.wompi_payouts_base_url = f"{provider_url}/v1"
    settings.wompi_payouts_api_key = SecretStr(keys.api_key)
    settings.wompi_payouts_user_principal_id = keys.user_principal_id
    settings.wompi_payouts_events_secret = SecretStr(keys.events_secret)
    settings.wompi_payouts_account_id = keys.account_id
    return settings


@pytest.fixture
def desk(program: App, database: Database, build: Build) -> Desk:
    """Pays vendors, through the same services as the API."""
    return Desk(program, database, build)
