from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
import stamina

from mestore import bootstrap
from mestore.accounts.service.passwords import Passwords
from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.settings import Settings
from tests.build import Build
from tests.conftest import AsUser
from tests.security.world import Founder, World


@pytest.fixture
def program(settings: Settings) -> Iterator[App]:
    """The whole program, with hashes and silent gateways that cost no time."""
    stamina.set_testing(True, attempts=1)
    yield replace(bootstrap.build(settings), passwords=Passwords(memory_kib=8, passes=1))
    stamina.set_testing(False)


@pytest.fixture
async def world(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> World:
    """A buyer and a vendor with things of their own, and every kind of caller."""
    return await Founder(client, database, build, as_user).found()
