"""Search by meaning: what joins the words' hits, what never does, and what happens without it."""

import subprocess
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import update

from mestore.accounts.types import UserType
from mestore.bootstrap import App
from mestore.catalog.models import Product
from mestore.kernel.breaker import STREAK, CircuitState
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.search.repository.vectors import VectorRepository
from mestore.search.service import Vectors
from mestore.search.service.alike import CIRCUIT, FEW
from mestore.settings import Environment, Settings
from tests.build import Build, BuiltProduct
from tests.conftest import AsUser, MovedClock
from tests.search import chroma
from tests.search.answering import Asked, answering
from tests.search.conftest import Tell
from tests.search.test_search import ids, search, those

RunJobs = Callable[[], Awaitable[int]]


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


@pytest.fixture
def offer(build: Build, vectors: Vectors, tell: Tell) -> Callable[..., Awaitable[BuiltProduct]]:
    """Make a product that can be found by its words and by likeness."""

    async def made(name: str, **how: Any) -> BuiltProduct:  # noqa: ANN401  what Build.product takes
        product = await build.product(name=name, **how)
        await tell(product)
        return product

    return made


Offer = Callable[..., Awaitable[BuiltProduct]]


async def test_what_no_word_finds_is_found_by_likeness(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    wanted = await offer("Bicicleta de montaña")
    await offer("Olla arrocera")

    found = await search(client, "bicimontañera", min_price=1)

    assert ids(found) == those(wanted)
    assert (found["semantic"], found["relaxed"], found["is_exact"]) == (True, "meaning", True)
    assert found["pagination"]["total"] == 1
    assert found["facets"]["stock"][0]["count"] == 1
    assert found["products"][0]["score"] > 0


async def test_hits_of_all_words_stay_first_and_what_is_alike_follows(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    alike = await offer("Montañismo cicletas bicimontaña")
    wanted = await offer("Bicicleta montaña", stock=0)

    found = await search(client, "bicicleta montaña")

    assert ids(found) == those(wanted, alike)
    assert (found["semantic"], found["relaxed"]) == (True, None)
    assert [product["score"] > 0 for product in found["products"]] == [True, False]


async def test_where_a_word_is_dropped_both_lists_are_merged(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    near = await offer("Guantes montañerísimos de lana")
    far = await offer("Guantes de caucho")

    found = await search(client, "guantes xyzzmontañerísimosq")

    assert (found["semantic"], found["relaxed"]) == (True, "dropped_word")
    assert ids(found) == those(near, far)
    scores = [product["score"] for product in found["products"]]
    assert scores == sorted(scores, reverse=True)


async def test_enough_hits_of_words_need_no_others(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    for number in range(FEW):
        await offer(f"Mesa {number}")
    assert (await search(client, "mesa"))["semantic"] is None
    await offer("Silla")
    assert (await search(client, "silla"))["semantic"] is True


async def test_codes_browsing_and_other_orders_are_left_to_words(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    product = await offer("Bicicleta de montaña")
    await offer("Sartén")

    found = await search(client, product.sku)
    assert (ids(found), found["semantic"]) == (those(product), None)
    assert (await search(client, ""))["semantic"] is None
    found = await search(client, "bicimontañera", sort="price")
    assert (ids(found), found["semantic"]) == ([], None)


async def test_what_is_not_public_any_more_is_not_found_though_its_vector_is_there(
    client: httpx2.AsyncClient, offer: Offer, database: Database
) -> None:
    hidden, shown = await offer("Bicicleta de montaña"), await offer("Bici montaña")
    async with database.transaction() as tx:
        hide = update(Product).where(Product.id == hidden.id).values(is_public=False)
        await tx.connection.execute(hide)

    found = await search(client, "bicimontañera")

    assert ids(found) == those(shown)
    assert found["pagination"]["total"] == 1


async def test_filters_are_those_of_the_catalogue_and_facets_ignore_their_own(
    client: httpx2.AsyncClient, offer: Offer, database: Database
) -> None:
    cheap = await offer("Bicicleta de montaña", price="100000", stock=0)
    dear = await offer("Bicicletas de la montaña", price="900000")
    async with database.transaction() as tx:
        # Changed a moment ago: nothing but the catalogue knows.
        dearer = update(Product).where(Product.id == dear.id).values(price_minor=95_000_000)
        await tx.connection.execute(dearer)

    found = await search(client, "bicimontañera", min_price=920_000)
    assert (ids(found), found["pagination"]["total"]) == (those(dear), 1)
    assert sum(bucket["count"] for bucket in found["facets"]["price"]) == 2
    assert [bucket["count"] for bucket in found["facets"]["stock"]] == [1, 0]

    found = await search(client, "bicimontañera", in_stock="false")
    assert ids(found) == those(cheap)


async def test_pages_of_merged_hits_have_each_product_once(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    made = [await offer(f"Guantes {word}") for word in ("montañeros", "montaña", "lana", "caucho")]
    made.append(await offer("Montañerísimo"))
    pages = [
        await search(client, "guantes xyzzmontañerosq", page=page, per_page=2)
        for page in (1, 2, 3, 4)
    ]
    assert {page["semantic"] for page in pages} == {True}
    assert {page["pagination"]["total"] for page in pages} == {5}
    seen = [each for page in pages for each in ids(page)]
    assert len(seen) == 5
    assert set(seen) == set(those(*made))


async def test_a_search_by_meaning_costs_two_statements_more(
    client: httpx2.AsyncClient, app: FastAPI, offer: Offer, statements: list[str]
) -> None:
    for name in ("Guantes montañeros", "Guantes", "Montañerísimo", "Montaña"):
        await offer(name)
    await search(client, "guantes xyzzmontañerosq")
    statements.clear()
    assert (await search(client, "guantes xyzzmontañerosq"))["semantic"] is True
    with_vectors = len(statements)
    statements.clear()
    app.state.vectors = None
    assert (await search(client, "guantes xyzzmontañerosq"))["semantic"] is None
    assert with_vectors == len(statements) + 2


async def test_health_tells_how_the_vectors_stand(
    client: httpx2.AsyncClient, offer: Offer, build: Build, as_user: AsUser
) -> None:
    await offer("Bicicleta")
    await build.product(name="Nobody told of it")
    admin = await as_user(await build.user(user_type=UserType.ADMIN))

    health = (await client.get("/search/health", headers=admin)).json()["vectors"]

    assert health.pop("switched_at")
    assert health == {
        "model": "hashed-1-512",
        "generation": 1,
        "building": None,
        "built_to": None,
        "expected": 2,
        "stored": 1,
        "waiting": 0,
        "lag_seconds": 0.0,
    }


class TestWithoutAnAnswer:
    """Chroma that is away, slow, killed: words alone answer, and the answer says so."""

    @pytest.fixture
    def own(self, tmp_path: Path) -> Any:  # noqa: ANN401
        """A Chroma server that the test may kill."""
        pytest.importorskip("chromadb", exc_type=ImportError)
        with chroma.running(tmp_path / "chroma") as running:
            yield running

    @pytest.fixture
    def chroma_url(self, own: tuple[str, subprocess.Popen[bytes]]) -> str:
        return own[0]

    @pytest.mark.slow
    async def test_chroma_is_killed_and_comes_back(  # noqa: PLR0913
        self,
        client: httpx2.AsyncClient,
        offer: Offer,
        build: Build,
        tell: Tell,
        run_jobs: RunJobs,
        clock: MovedClock,
        as_user: AsUser,
        own: tuple[str, subprocess.Popen[bytes]],
        tmp_path: Path,
    ) -> None:
        url, server = own
        old = await offer("Bicicleta de montaña")
        assert ids(await search(client, "bicimontañera")) == those(old)

        server.kill()
        server.wait()
        new = await build.product(name="Bici montañera")
        await tell(new)
        words = await search(client, "bici")
        assert (ids(words)[0], words["semantic"]) == (str(new.id), False)
        nothing = await search(client, "bicimontañera")
        assert (ids(nothing), nothing["semantic"], nothing["relaxed"]) == ([], False, None)
        admin = await as_user(await build.user(user_type=UserType.ADMIN))
        health = (await client.get("/search/health", headers=admin)).json()["vectors"]
        assert (health["stored"], health["expected"], health["waiting"]) == (None, 2, 1)

        with chroma.running(tmp_path / "chroma", int(url.rsplit(":", 1)[1])):
            clock.advance(timedelta(minutes=1))
            await run_jobs()
            found = await search(client, "bicimontañera")
            assert set(ids(found)) == set(those(old, new))
            assert found["semantic"] is True
            health = (await client.get("/search/health", headers=admin)).json()["vectors"]
            assert (health["stored"], health["expected"], health["waiting"]) == (2, 2, 0)


class TestSlow:
    """A Chroma that takes the question and does not answer."""

    @pytest.fixture
    def slow(self) -> Any:  # noqa: ANN401
        release = threading.Event()

        def answer(_: Asked) -> tuple[int, str]:
            release.wait(20)
            return 500, "{}"

        with answering(answer) as (url, asked):
            yield url, asked
            release.set()

    @pytest.fixture
    def chroma_url(self, slow: tuple[str, list[Asked]]) -> str:
        return slow[0]

    @pytest.fixture
    def semantic_settings(self, chroma_url: str) -> dict[str, Any]:
        return {"chroma_url": chroma_url, "semantic_milliseconds": 50}

    async def test_a_search_waits_its_time_and_after_a_few_not_at_all(
        self,
        client: httpx2.AsyncClient,
        build: Build,
        program: App,
        database: Database,
        slow: tuple[str, list[Asked]],
    ) -> None:
        assert program.vectors is not None
        async with database.transaction() as tx:
            row = VectorRepository(tx.connection, program.vectors.model)
            await row.begin()
            await row.switch(1, now())
        for _ in range(STREAK):
            start = time.monotonic()
            assert (await search(client, "bicimontañera"))["semantic"] is False
            assert 0.05 <= time.monotonic() - start < 10
        assert slow[1]
        assert program.breaker.snapshot()[CIRCUIT] is CircuitState.OPEN
        assert (await search(client, "bicimontañera"))["semantic"] is False


class TestInAFolder:
    """Chroma inside the program."""

    @pytest.fixture
    def semantic_settings(self, tmp_path: Path) -> dict[str, Any]:
        pytest.importorskip("chromadb", exc_type=ImportError)
        return {
            "chroma_dir": tmp_path / "chroma",
            "semantic_milliseconds": 5000,
            "semantic_min_similarity": 0.1,
        }

    async def test_a_folder_does_what_a_server_does(
        self, client: httpx2.AsyncClient, offer: Offer, vectors: Vectors
    ) -> None:
        wanted = await offer("Bicicleta de montaña")
        for _ in range(2):
            found = await search(client, "bicimontañera")
            assert (ids(found), found["semantic"]) == (those(wanted), True)
            await vectors.rebuild()
