from collections.abc import Iterator

import httpx2
import pytest

from simulators.wompi.config import Config
from simulators.wompi.local import running


@pytest.fixture(scope="module")
def wompi_url() -> Iterator[str]:
    with running(Config(resolve_after=0.05)) as url:
        yield url


@pytest.fixture(scope="module")
def wompi(wompi_url: str) -> Iterator[httpx2.Client]:
    """The simulator's control surface and its bank."""
    with httpx2.Client(base_url=wompi_url, trust_env=False) as http:
        yield http
