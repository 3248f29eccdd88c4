import pytest

from mestore.kernel.db import Database
from tests.build import Build
from tests.checkout.till import Till


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)
