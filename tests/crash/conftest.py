import pytest

from mestore.settings import Settings
from tests.crash.shop import UNSUSPECTING
from tests.simulators.wompi_fixtures import shop, wompi_base_url, wompi_habits, wompi_url

__all__ = ["shop", "wompi_base_url", "wompi_habits", "wompi_url"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The program's settings, without staff between buyers who all pay by one card."""
    return settings.model_copy(update=UNSUSPECTING)
