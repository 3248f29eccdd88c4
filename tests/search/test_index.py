"""Keeping the index: rebuilt beside the one that is read, and following what changes."""

from collections.abc import Awaitable, Callable

import httpx2
from sqlalchemy import delete, func, select, update

from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.search.models import SearchFrequency, SearchState, SearchTerm, SearchWord
from mestore.search.repository.index import IndexRepository
from mestore.search.service import IndexService, build_first, reindex
from mestore.search.service.index import popularity
from mestore.search.service.popularity import PopularityService
from mestore.search.service.rebuild import count_on
from tests.build import Build
from tests.search.conftest import Offer
from tests.search.test_search import ids, search, those


async def state(database: Database) -> tuple[int, int | None, int]:
    async with database.read() as connection:
        columns = (SearchState.generation, SearchState.building, SearchState.built_to)
        return tuple((await connection.execute(select(*columns))).one())  # type: ignore[return-value]


async def generations(database: Database) -> list[int]:
    async with database.read() as connection:
        found = await connection.execute(select(SearchTerm.generation).distinct())
        return sorted(found.scalars())


async def counted(database: Database, term: str, word: str) -> tuple[int, int]:
    """Return how many products are said to have a term, and to use a word."""
    async with database.read() as connection:
        products = select(SearchFrequency.products).where(SearchFrequency.term == term)
        uses = select(SearchWord.uses).where(SearchWord.word == word)
        found = [(await connection.execute(each)).scalar_one() for each in (products, uses)]
    return found[0], found[1]


async def test_readers_stay_on_the_old_index_until_the_new_one_is_whole(
    client: httpx2.AsyncClient, offer: Offer, build: Build, database: Database
) -> None:
    first, second = await offer("Mesa uno"), await build.product(name="Mesa dos")
    async with database.transaction() as tx:
        index = IndexRepository(tx.connection)
        await index.begin(now())
        reached = await IndexService(tx).refresh_after(0, 1)
        assert reached == second.number
        assert await index.advance(1, 0, reached)
    assert ids(await search(client, "mesa")) == those(first)
    assert await generations(database) == [0, 1]

    third = await offer("Mesa tres")
    assert set(ids(await search(client, "mesa"))) == set(those(first, third))
    await reindex(database)

    assert set(ids(await search(client, "mesa"))) == set(those(first, second, third))
    assert await state(database) == (1, None, third.number)
    assert await generations(database) == [1]


async def test_a_rebuild_that_was_cut_off_goes_on_where_it_was(
    client: httpx2.AsyncClient, offer: Offer, database: Database
) -> None:
    first, second = await offer("Mesa uno"), await offer("Mesa dos")
    async with database.transaction() as tx:
        index = IndexRepository(tx.connection)
        await index.begin(now())
        # As if the first product had been written already.
        await index.advance(1, 0, first.number)
    reached: list[int] = []

    await reindex(database, reached.append)

    assert reached == [second.number]
    assert ids(await search(client, "mesa")) == those(second)
    assert (await state(database))[:2] == (1, None)
    await reindex(database)
    assert set(ids(await search(client, "mesa"))) == set(those(first, second))


async def test_writing_the_same_again_changes_no_row(offer: Offer, database: Database) -> None:
    product = await offer("Mesa de madera")
    async with database.read() as connection:
        before = (await connection.execute(select(SearchTerm.term, SearchTerm.rank))).all()
    async with database.transaction() as tx:
        await IndexService(tx).refresh(product.id)
    async with database.read() as connection:
        after = (await connection.execute(select(SearchTerm.term, SearchTerm.rank))).all()
    assert sorted(map(tuple, before)) == sorted(map(tuple, after))
    assert before


async def test_what_is_not_offered_any_more_leaves_the_index(
    build: Build, database: Database
) -> None:
    product = await build.product(name="Mesa", approved=False)
    async with database.transaction() as tx:
        await IndexService(tx).refresh(product.id)
    assert await generations(database) == []


async def test_terms_are_counted_anew_in_turns(offer: Offer, database: Database) -> None:
    for _ in range(3):
        await offer("Mesa")
    async with database.transaction() as tx:
        await tx.connection.execute(update(SearchFrequency).values(products=99))
        await count_on(tx)

    assert await counted(database, "mes", "mesa") == (3, 3)


async def test_what_sells_comes_first(
    client: httpx2.AsyncClient,
    offer: Offer,
    database: Database,
    run_jobs: Callable[[], Awaitable[int]],
) -> None:
    sold, newer = await offer("Mesa"), await offer("Mesa")
    assert ids(await search(client, "mesa")) == those(newer, sold)

    async with database.transaction() as tx:
        await PopularityService(tx).replace({sold.id: 40})
    await run_jobs()

    assert ids(await search(client, "mesa")) == those(sold, newer)
    async with database.transaction() as tx:
        await PopularityService(tx).replace({})
    await run_jobs()
    assert ids(await search(client, "mesa")) == those(newer, sold)


def test_a_few_stars_say_less_than_many() -> None:
    assert popularity(0, 5, 1) < popularity(0, 500, 100) < popularity(50, 500, 100) < 100
    assert popularity(10**9, 500, 100) == 99
    assert popularity(0, 0, 0) == popularity(0, 10, 10) == 0


async def test_two_writers_of_one_new_word_both_succeed(build: Build, database: Database) -> None:
    one, other = await build.product(name="Zapatilla"), await build.product(name="Zapatilla")
    async with database.transaction() as tx:
        await IndexService(tx).refresh(one.id)
        await IndexService(tx).refresh(other.id)
    async with database.transaction() as tx:
        await tx.connection.execute(delete(SearchTerm))
        await IndexService(tx).refresh(one.id, other.id)
    async with database.read() as connection:
        found = select(func.count()).select_from(SearchTerm).where(SearchTerm.term == "zapatill")
        assert (await connection.execute(found)).scalar_one() == 2


async def test_an_index_that_was_never_built_is_built_once(
    client: httpx2.AsyncClient,
    build: Build,
    database: Database,
    run_jobs: Callable[[], Awaitable[int]],
) -> None:
    old = [await build.product(name="Mesa uno"), await build.product(name="Mesa dos")]
    for _ in range(2):
        await build_first(database)
    assert ids(await search(client, "mesa")) == []

    assert await run_jobs() == 4
    assert set(ids(await search(client, "mesa"))) == set(those(*old))
    assert await counted(database, "mes", "mesa") == (2, 2)

    await build_first(database)
    assert await run_jobs() == 0
    assert await generations(database) == [1]
