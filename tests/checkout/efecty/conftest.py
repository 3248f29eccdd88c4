from collections.abc import Awaitable, Callable

import httpx2
import pytest
from pydantic import SecretStr

from mestore.bootstrap import App
from mestore.settings import Settings
from tests.checkout.efecty.counter import SECRET, Counter
from tests.checkout.till import Till


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings with an agreement of our own."""
    return settings.model_copy(update={"efecty_secret": SecretStr(SECRET)})


@pytest.fixture
async def counter(
    client: httpx2.AsyncClient,
    program: App,
    till: Till,
    run_jobs: Callable[[], Awaitable[int]],
) -> Counter:
    """A guest with an order of two units, and the counter where it may be paid."""
    counter = Counter(client, program, till, run_jobs)
    counter.product = await till.build.product(price="45000", tax_rate=19, stock=2)
    counter.order = await till.place((counter.product, 2))
    return counter
