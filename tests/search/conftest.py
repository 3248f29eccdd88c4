"""What tests of search share: products whose words are in the index."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mestore.kernel.db import Database
from mestore.search.service import IndexService
from tests.build import Build, BuiltProduct

Offer = Callable[..., Awaitable[BuiltProduct]]


@pytest.fixture
def offer(database: Database, build: Build) -> Offer:
    """`await offer("Tenis Nike", stock=1)` makes a product and puts it into the index."""

    async def made(name: str, **how: Any) -> BuiltProduct:  # noqa: ANN401  what Build.product takes
        product = await build.product(name=name, **how)
        async with database.transaction() as tx:
            await IndexService(tx).refresh(product.id)
        return product

    return made
