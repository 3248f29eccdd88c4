import pytest

from mestore.kernel.db import Database
from mestore.settings import Settings
from tests.build import Build
from tests.checkout.till import Till
from tests.crash.shop import UNSUSPECTING
from tests.simulators.wompi_fixtures import shop, wompi_base_url, wompi_habits, wompi_url

__all__ = ["shop", "wompi_base_url", "wompi_habits", "wompi_url"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The program's settings, without staff between buyers who all pay by one card."""
    return settings.model_copy(update=UNSUSPECTING)


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)
