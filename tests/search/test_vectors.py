"""Keeping vectors: they follow the catalogue, are built anew beside the old ones, and mended."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from mestore.bootstrap import App
from mestore.catalog.events import ProductsWritten
from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job, JobState
from mestore.search.errors import VectorsUnavailable
from mestore.search.models import SearchVectors
from mestore.search.repository.vectors import VectorRepository
from mestore.search.service import Vectors
from mestore.search.service.vectors import digest_of
from mestore.settings import Environment, Settings
from tests.build import Build, BuiltProduct
from tests.conftest import MovedClock
from tests.search.answering import Asked, answering
from tests.search.conftest import Tell
from tests.search.test_search import ids, search, those

RunJobs = Callable[[], Awaitable[int]]
GONE = "http://127.0.0.1:9"


@pytest.fixture
def settings(engine_url: str, tmp_path: Path, semantic_settings: dict[str, Any]) -> Settings:
    """The program with vectors."""
    return Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=engine_url,
        data_dir=tmp_path,
        secret_key=SecretStr("a secret of the tests, 32 characters or more"),
        **semantic_settings,
    )


async def stored(vectors: Vectors, *products: BuiltProduct, generation: int = 1) -> list[str]:
    """Return the digests of products that a collection has, in the order of the products."""
    numbers = [product.number for product in products]
    found = await vectors.store.digests(vectors.collection(generation), numbers)
    return [found[number] for number in numbers if number in found]


async def rename(database: Database, product: BuiltProduct, **values: object) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product).where(Product.id == product.id).values(**values)
        )


async def waiting(database: Database) -> list[tuple[str, JobState, int]]:
    async with database.read() as connection:
        columns = (Job.handler, Job.state, Job.tries)
        found = select(*columns).where(Job.state != JobState.DONE).order_by(Job.id)
        return [tuple(row) for row in await connection.execute(found)]  # type: ignore[misc]


async def test_vectors_follow_what_a_product_says(
    build: Build, vectors: Vectors, tell: Tell, database: Database
) -> None:
    product = await build.product(name="Mesa")
    await tell(product)
    assert await stored(vectors, product) == [digest_of("Mesa")]

    await rename(database, product, name="Silla", brand="Sol", tags=["jardín", "patio"])
    await tell(product)
    assert await stored(vectors, product) == [digest_of("Silla\nSol\njardín patio")]

    await rename(database, product, is_visible=False)
    await tell(product)
    assert await stored(vectors, product) == []

    await rename(database, product, is_visible=True)
    await tell(product)
    assert len(await stored(vectors, product)) == 1


async def test_an_import_is_followed_in_one_job(
    build: Build, vectors: Vectors, database: Database, run_jobs: RunJobs
) -> None:
    products = [await build.product() for _ in range(3)]
    async with database.transaction() as tx:
        tx.publish(ProductsWritten(tuple(product.id for product in products)))
    # One of words, one of vectors, one of those who watch prices and saved searches.
    assert await run_jobs() == 3
    assert len(await stored(vectors, *products)) == 3


async def test_before_the_first_build_nothing_is_written_and_words_answer(
    client: httpx2.AsyncClient, program: App, build: Build, tell: Tell
) -> None:
    product = await build.product(name="Mesa")
    await tell(product)
    assert program.vectors is not None
    assert await program.vectors.store.count(program.vectors.collection(0)) == 0
    found = await search(client, "mesa")
    assert (ids(found), found["semantic"]) == (those(product), False)


async def test_searches_stay_on_the_old_collection_until_the_new_one_is_whole(
    client: httpx2.AsyncClient, vectors: Vectors, build: Build, tell: Tell, database: Database
) -> None:
    first = await build.product(name="Bicicleta de montaña")
    await tell(first)
    async with database.transaction() as tx:
        await VectorRepository(tx.connection, vectors.model).begin()
    assert ids(await search(client, "bicimontañera")) == those(first)

    second = await build.product(name="Bici montaña")
    await tell(second)
    assert set(ids(await search(client, "bicimontañera"))) == set(those(first, second))
    assert len(await stored(vectors, first, second, generation=2)) == 1

    reached: list[int] = []
    await vectors.rebuild(reached.append)

    assert reached == [second.number]
    assert (await vectors.state()).generation == 2
    assert len(await stored(vectors, first, second, generation=2)) == 2
    assert await vectors.store.count(vectors.collection(1)) == 0
    assert set(ids(await search(client, "bicimontañera"))) == set(those(first, second))


async def test_a_build_that_was_cut_off_goes_on_where_it_was(
    vectors: Vectors, build: Build, database: Database
) -> None:
    first, second = await build.product(), await build.product()
    async with database.transaction() as tx:
        row = VectorRepository(tx.connection, vectors.model)
        await row.begin()
        # As if the first product had been written already.
        await row.advance(2, 0, first.number)
    await vectors.rebuild()
    assert len(await stored(vectors, first, generation=2)) == 0
    assert len(await stored(vectors, second, generation=2)) == 1


async def test_vectors_of_another_model_are_forgotten_once_the_new_ones_are_whole(
    vectors: Vectors, database: Database
) -> None:
    async with database.transaction() as tx:
        await VectorRepository(tx.connection, "older-1-8").begin()
    await vectors.store.write("older-1-8.1", [], [])
    await vectors.rebuild()
    async with database.read() as connection:
        assert list((await connection.execute(select(SearchVectors.model))).scalars()) == [
            vectors.model
        ]


async def test_what_was_lost_or_is_too_many_is_mended(
    client: httpx2.AsyncClient,
    vectors: Vectors,
    build: Build,
    tell: Tell,
    database: Database,
    run_jobs: RunJobs,
) -> None:
    kept, hidden, renamed = [await build.product(name="Bici montaña") for _ in range(3)]
    for product in (kept, hidden, renamed):
        await tell(product)
    await rename(database, hidden, is_visible=False)
    await rename(database, renamed, name="Bicicleta de montaña")
    unheard = await build.product(name="Bicicletas montaña")

    await vectors.mend()

    assert await stored(vectors, kept, renamed) == [
        digest_of("Bici montaña"),
        digest_of("Bicicleta de montaña"),
    ]
    assert await stored(vectors, hidden) == []
    assert len(await stored(vectors, unheard)) == 1

    await vectors.store.keep_only([])
    assert (await search(client, "bicimontañera"))["semantic"] is False
    await vectors.mend()
    assert len(ids(await search(client, "bicimontañera"))) == 3


class TestGone:
    """Nobody listens where Chroma should be."""

    @pytest.fixture
    def semantic_settings(self) -> dict[str, Any]:
        return {"chroma_url": GONE}

    async def test_words_are_indexed_and_found_while_vectors_wait(
        self,
        client: httpx2.AsyncClient,
        program: App,
        build: Build,
        tell: Tell,
        database: Database,
        clock: MovedClock,
        run_jobs: RunJobs,
    ) -> None:
        assert program.vectors is not None
        with pytest.raises(VectorsUnavailable):
            await program.vectors.rebuild()
        product = await build.product(name="Mesa")
        await tell(product)
        assert ids(await search(client, "mesa")) == those(product)
        assert await waiting(database) == [("search.embed_products", JobState.READY, 1)]
        clock.advance(timedelta(seconds=10))
        await run_jobs()
        assert await waiting(database) == [("search.embed_products", JobState.READY, 2)]
        # A round of mending that finds nobody is no failure of its own.
        await program.vectors.mend()


class TestSlowModel:
    """A product changes while the vector of its older text is being made."""

    @pytest.fixture
    def model(self) -> Iterator[tuple[str, list[Callable[[], None]], list[str]]]:
        before: list[Callable[[], None]] = []
        texts: list[str] = []

        def answer(asked: Asked) -> tuple[int, str]:
            given = json.loads(asked.body)["input"]
            texts.extend(given)
            while before:
                before.pop()()
            data = [{"index": at, "embedding": [len(each), 1]} for at, each in enumerate(given)]
            return 200, json.dumps({"data": data})

        with answering(answer) as (url, _):
            yield url, before, texts

    @pytest.fixture
    def semantic_settings(
        self,
        semantic_settings: dict[str, Any],
        model: tuple[str, list[Callable[[], None]], list[str]],
    ) -> dict[str, Any]:
        return semantic_settings | {"embeddings_url": model[0], "embeddings_model": "small"}

    async def test_the_newest_text_wins_and_the_same_text_is_paid_for_once(
        self,
        vectors: Vectors,
        build: Build,
        tell: Tell,
        database: Database,
        model: tuple[str, list[Callable[[], None]], list[str]],
    ) -> None:
        _, before, texts = model
        loop = asyncio.get_running_loop()
        product = await build.product(name="Mesa")

        def meanwhile() -> None:
            changed = rename(database, product, name="Silla")
            asyncio.run_coroutine_threadsafe(changed, loop).result(10)

        before.append(meanwhile)
        await tell(product)
        assert await stored(vectors, product) == [digest_of("Silla")]
        assert texts == ["Mesa", "Silla"]
        await tell(product)
        await vectors.mend()
        assert texts == ["Mesa", "Silla"]


class TestWithoutVectors:
    """A shop that asks for none."""

    @pytest.fixture
    def semantic_settings(self) -> dict[str, Any]:
        return {}

    async def test_nothing_waits_and_nothing_is_said_of_them(
        self,
        client: httpx2.AsyncClient,
        program: App,
        build: Build,
        tell: Tell,
        database: Database,
    ) -> None:
        assert program.vectors is None
        product = await build.product(name="Mesa")
        await tell(product)
        assert await waiting(database) == []
        found = await search(client, "mesa")
        assert (ids(found), found["semantic"]) == (those(product), None)
