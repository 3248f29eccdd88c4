from collections.abc import Iterator

import httpx2
import pytest
import stamina

from mestore.bootstrap import App
from mestore.settings import Settings
from tests.build import Build, BuiltProduct
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.crash.shop import UNSUSPECTING
from tests.faults.buyer import Buyer
from tests.faults.hands import HANDS, Hand
from tests.simulators.processes import Simulators


@pytest.fixture(params=sorted(HANDS))
def hand(request: pytest.FixtureRequest, simulator: Simulators) -> Iterator[Hand]:
    """The hand on a gateway's simulator, a process of its own; tests run once a gateway."""
    with httpx2.Client(base_url=simulator(request.param), trust_env=False) as http:
        found = HANDS[request.param](http)
        yield found
        found.mends()


@pytest.fixture
def settings(settings: Settings, hand: Hand) -> Settings:
    """The program's settings with the simulator as its gateway, and nobody suspected."""
    return settings.model_copy(update=hand.settings() | UNSUSPECTING)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody waits for news, and what is asked again is asked at once."""
    monkeypatch.setattr("mestore.checkout.service.pay._WAITS_SECONDS", (0.05, 0.1, 0.2))
    monkeypatch.setattr("mestore.payments.adapters.stripe._Http.sleep_async", _do_not_sleep)
    with stamina.set_testing(True, attempts=3):
        yield


async def _do_not_sleep(_: object, __: float) -> None:
    """Sleep not at all."""


@pytest.fixture
def buyer(
    program: App, client: httpx2.AsyncClient, till: Till, hand: Hand, clock: MovedClock
) -> Buyer:
    """Pays orders at the gateway, and lets time pass."""
    return Buyer(program, client, till, hand, clock)


@pytest.fixture
async def product(build: Build) -> BuiltProduct:
    """A product of which nobody runs out."""
    return await build.product(stock=1000)
