"""Signatures: they never hide a product that has the words, and spare most of the others a look."""

import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.search.analysis import exact
from mestore.search.models import SearchState, SearchTerm
from mestore.search.repository.index import IndexRepository
from mestore.search.service import build_first
from mestore.search.service.find import find
from mestore.search.signature import ANYTHING, COLUMNS, Signature, signature
from mestore.search.types import (
    ALL,
    SearchQuery,
    Slot,
    WidthPolicy,
    brand_term,
    category_term,
    vendor_term,
)
from mestore.search.views.hits import hits
from tests.build import BuiltProduct
from tests.search.conftest import Offer

GREEN = 5
OLD = (ANYTHING,) * len(COLUMNS)
WORDS = [f"palabra{number}" for number in range(3000)]


def covers(product: Signature, asked: Signature) -> bool:
    return all(part & bits == bits for part, bits in zip(product, asked, strict=True))


def test_a_signature_covers_each_of_its_terms_and_few_others() -> None:
    chance = random.Random(3)
    said = [chance.sample(WORDS, 24) for _ in range(200)]
    wrong = 0
    for terms, others in pairwise(said):
        product = signature(terms)
        assert all(0 <= part <= ANYTHING for part in product)
        assert all(covers(product, signature([term])) for term in terms)
        wrong += sum(covers(product, signature([term])) for term in set(others) - set(terms))
    assert 0.01 < wrong / (24 * 199) < 0.06


def test_what_is_no_word_takes_no_bits() -> None:
    places = [brand_term("acme"), category_term(7), vendor_term(uuid7()), exact("SKU-1")]
    assert set(signature([ALL, *places])) == {0}
    assert covers(OLD, signature(WORDS))


async def signatures(database: Database, product: BuiltProduct) -> set[Signature]:
    """Return the signatures in the rows of a product."""
    of_product = SearchTerm.number == product.number
    columns = [SearchTerm.__table__.c[name] for name in COLUMNS]
    async with database.read() as connection:
        rows = await connection.execute(select(*columns).where(of_product))
        return {tuple(row) for row in rows}


async def test_every_row_of_a_product_has_the_signature_of_all_its_words(
    database: Database, offer: Offer
) -> None:
    product = await offer("Camisa roja")
    (said,) = await signatures(database, product)
    assert covers(said, signature(["camis", "roj"]))
    assert not covers(said, signature(WORDS))


@pytest.fixture
async def shirts(database: Database, offer: Offer) -> list[BuiltProduct]:
    """Fifteen shirts, the last one first by rank; the tenth by rank and the last are green."""
    database.policies = {**database.policies, WidthPolicy: WidthPolicy(2, 3, 100, 0, signed=6)}
    first = await offer("Camisa verde")
    names = ["Camisa verde" if at == GREEN else "Camisa larga" for at in range(1, 15)]
    return [first, *[await offer(name, vendor=first.vendor) for name in names]]


def looked_for(*terms: str) -> list[Slot]:
    return [Slot(frozenset([term])) for term in terms]


async def ask(database: Database, *terms: str) -> tuple[list[int], int, bool]:
    looked = await hits(database, looked_for(*terms), {}, (0, 2), width=2)
    return [hit.number for hit in looked.hits], looked.looked_at, looked.is_cut


async def test_of_several_words_more_is_looked_at_than_is_looked_up(
    database: Database, shirts: Sequence[BuiltProduct]
) -> None:
    # Six times two by rank; the last one is further below.
    numbers, looked_at, is_cut = await ask(database, "camis", "verd")
    assert (numbers, looked_at, is_cut) == ([shirts[GREEN].number], 12, True)


async def test_of_one_word_no_more_is_looked_at(
    database: Database, shirts: Sequence[BuiltProduct]
) -> None:
    numbers, looked_at, is_cut = await ask(database, "camis")
    assert (numbers, looked_at, is_cut) == ([shirts[14].number, shirts[13].number], 2, True)


async def test_the_best_that_may_have_all_words_are_looked_up(
    database: Database, shirts: Sequence[BuiltProduct]
) -> None:
    numbers, looked_at, is_cut = await ask(database, "camis", "larg")
    assert (numbers, looked_at, is_cut) == ([shirts[14].number, shirts[13].number], 2, True)


async def test_products_whose_signature_lacks_a_word_are_not_looked_up(
    database: Database, shirts: Sequence[BuiltProduct]
) -> None:
    async with database.transaction() as tx:
        lost = update(SearchTerm).where(SearchTerm.number == shirts[GREEN].number)
        await tx.connection.execute(lost.values(dict.fromkeys(COLUMNS, 0)))
    assert await ask(database, "camis", "verd") == ([], 0, False)


async def test_an_index_of_before_signatures_is_searched_until_it_is_built_anew(
    database: Database, offer: Offer, run_jobs: Callable[[], Awaitable[int]]
) -> None:
    product = await offer("Camisa roja")
    async with database.transaction() as tx:
        await tx.connection.execute(update(SearchTerm).values(dict.fromkeys(COLUMNS, ANYTHING)))
        await IndexRepository(tx.connection).begin(now())
        await tx.connection.execute(update(SearchState).values(started_at=None))
    found = await find(database, SearchQuery(q="roja camisa"), "relevance", (0, 20))
    assert [hit.id for hit in found.hits] == [product.id]

    for _ in range(2):
        await build_first(database)
    await run_jobs()
    (said,) = await signatures(database, product)
    assert covers(said, signature(["camis", "roj"]))
    assert said != OLD
