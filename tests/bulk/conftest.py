"""A vendor who sends files."""

import httpx2
import pytest

from tests.build import Build
from tests.bulk.calls import Importer, RunJobs
from tests.conftest import AsUser


@pytest.fixture
async def importer(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, run_jobs: RunJobs
) -> Importer:
    """A trusted vendor without products."""
    vendor = await build.vendor()
    return Importer(client, await as_user(vendor.owner), vendor, run_jobs)
