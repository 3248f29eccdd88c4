"""What tests of search share: products whose words are in the index."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from mestore.bootstrap import App
from mestore.catalog.events import ProductChanged
from mestore.kernel.db import Database
from mestore.search.errors import VectorsUnavailable
from mestore.search.service import IndexService, Vectors
from tests.build import Build, BuiltProduct
from tests.search import chroma

Tell = Callable[[BuiltProduct], Awaitable[None]]
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


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server: that of `TEST_CHROMA_URL`, or one of this run."""
    if given := os.environ.get("TEST_CHROMA_URL"):
        yield given
        return
    pytest.importorskip("chromadb", exc_type=ImportError)
    with chroma.running(tmp_path_factory.mktemp("chroma")) as (url, _):
        yield url


@pytest.fixture
def semantic_settings(chroma_url: str) -> dict[str, Any]:
    """Settings with vectors in Chroma under a name of the test's own; what is alike counts much."""
    return {
        "chroma_url": chroma_url,
        "chroma_prefix": f"t{uuid4().hex[:12]}",
        "semantic_milliseconds": 5000,
        "semantic_min_similarity": 0.1,
        "semantic_weight": 2.0,
    }


@pytest.fixture
async def vectors(program: App, database: Database) -> AsyncIterator[Vectors]:
    """The program's vectors, with a first collection without any in it; dropped afterwards."""
    assert program.vectors is not None
    await program.vectors.rebuild()
    yield program.vectors
    with suppress(VectorsUnavailable):
        await program.vectors.store.keep_only([])


@pytest.fixture
def tell(database: Database, run_jobs: Callable[[], Awaitable[int]]) -> Tell:
    """`await tell(product)` says that it changed, and runs what follows from that."""

    async def told(product: BuiltProduct) -> None:
        async with database.transaction() as tx:
            tx.publish(ProductChanged(product.id))
        await run_jobs()

    return told
