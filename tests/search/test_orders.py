"""Orders that are not relevance, of more matches than are looked at: every way finds the same."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.search.models import SearchFrequency
from mestore.search.service import IndexService
from mestore.search.service.asked import Found
from mestore.search.service.find import find
from mestore.search.types import SearchQuery, Slot, WidthPolicy
from mestore.search.views.ordered import collect, walk
from tests.build import BuiltProduct
from tests.search.conftest import Offer

PRICES = (500, 300, 300, 900, 300, 700, 100)
RATINGS = (0, 400, 0, 450, 400, 0, 0)
CHEAPER = 10
OF_OTHER = 4
SORTS = ("price", "-price", "rating", "newest")
RARE, COMMON = 1, 10_000_000
"""What the index may say of how many products have a word, however many have it."""
Sold = list[tuple[BuiltProduct, int]]


@pytest.fixture
async def tables(offer: Offer, database: Database) -> Sold:
    """Tables with their ratings, of which three are looked at; cheaper chairs; a hidden table."""
    database.policies = {**database.policies, WidthPolicy: WidthPolicy(3, 12, 100, 0)}
    first = await offer("Silla", price="1")
    for price in range(2, CHEAPER):
        await offer("Silla", price=str(price), vendor=first.vendor)
    other = await offer("Mesa azul", price="300", approved=False)
    made = [
        await offer(
            f"Mesa {'roja' if at % 2 else 'azul'}",
            price=str(price),
            stock=at % 3,
            vendor=other.vendor if at == OF_OTHER else first.vendor,
        )
        for at, price in enumerate(PRICES)
    ]
    async with database.transaction() as tx:
        for product, rating in zip(made, RATINGS, strict=True):
            rated = update(Product).where(Product.number == product.number)
            await tx.connection.execute(rated.values(rating_score=rating))
    return list(zip(made, RATINGS, strict=True))


async def count_as(database: Database, products: int) -> None:
    """Say of every word that so many products have it."""
    async with database.transaction() as tx:
        await tx.connection.execute(update(SearchFrequency).values(products=products))


def in_order(sold: Sold, sort: str, keeps: Callable[[BuiltProduct], bool]) -> list[UUID]:
    keys: dict[str, Callable[[tuple[BuiltProduct, int]], Any]] = {
        "price": lambda each: (each[0].price_minor, each[0].number),
        "-price": lambda each: (-each[0].price_minor, -each[0].number),
        "rating": lambda each: (-each[1], -each[0].number),
        "newest": lambda each: -each[0].number,
    }
    return [each.id for each, _ in sorted(sold, key=keys[sort]) if keeps(each)]


async def pages(database: Database, query: SearchQuery, sort: str, size: int) -> list[Found]:
    found = []
    for start in range(0, len(PRICES) + size, size):
        found.append(await find(database, query, sort, (start, size)))
    return found


@pytest.mark.parametrize("said", [RARE, COMMON])
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_are_in_order_without_gaps_whatever_the_numbers_say(
    database: Database, tables: Sold, sort: str, said: int
) -> None:
    await count_as(database, said)

    for size in (1, 2, 5):
        found = await pages(database, SearchQuery(q="mesa"), sort, size)

        assert [hit.id for each in found for hit in each.hits] == in_order(
            tables, sort, lambda _: True
        )
        assert not any(each.is_exact for each in found)
        assert all(len(each.counted) == 3 for each in found)
        assert all(hit.score > 0 for each in found for hit in each.hits)


@pytest.mark.parametrize("said", [RARE, COMMON])
@pytest.mark.parametrize("sort", SORTS)
async def test_filters_and_more_words_hold_in_every_order(
    database: Database, tables: Sold, sort: str, said: int
) -> None:
    await count_as(database, said)
    seller = tables[OF_OTHER][0].vendor.id
    asked: dict[SearchQuery, Callable[[BuiltProduct], bool]] = {
        SearchQuery(q="mesa", min_price_minor=30_000, max_price_minor=70_000): lambda each: (
            30_000 <= each.price_minor <= 70_000
        ),
        SearchQuery(q="mesa", vendor=(seller,)): lambda each: each.vendor.id == seller,
        SearchQuery(q="mesa", in_stock=False): lambda each: tables_at(tables, each) % 3 == 0,
        SearchQuery(q="mesa", min_rating=400): lambda each: RATINGS[tables_at(tables, each)] >= 400,
        SearchQuery(q="mesa azul"): lambda each: tables_at(tables, each) % 2 == 0,
        SearchQuery(q="mesa azul", min_price_minor=30_001): lambda each: (
            tables_at(tables, each) % 2 == 0 and each.price_minor > 30_000
        ),
    }
    for query, keeps in asked.items():
        found = await pages(database, query, sort, 2)

        assert [hit.id for each in found for hit in each.hits] == in_order(tables, sort, keeps)


def tables_at(tables: Sold, product: BuiltProduct) -> int:
    return next(at for at, (each, _) in enumerate(tables) if each.id == product.id)


@pytest.mark.parametrize("sort", SORTS)
async def test_browsing_pages_are_in_order_without_gaps(
    database: Database, tables: Sold, sort: str
) -> None:
    found = await pages(database, SearchQuery(min_price_minor=10_000), sort, 2)

    assert [hit.id for each in found for hit in each.hits] == in_order(tables, sort, lambda _: True)


async def test_deep_pages_by_relevance_go_on_where_the_first_ones_end(
    database: Database, tables: Sold
) -> None:
    found = await pages(database, SearchQuery(q="mesa"), "relevance", 2)

    hits = [hit for each in found for hit in each.hits]
    assert {hit.id for hit in hits} == {each.id for each, _ in tables}
    assert len(hits) == len(tables)
    assert [hit.in_stock for hit in hits] == sorted((hit.in_stock for hit in hits), reverse=True)


@pytest.mark.parametrize("said", [RARE, COMMON])
@pytest.mark.parametrize("best", [[], ["Camisa roja"]])
async def test_products_are_found_below_the_best_of_the_rarest_word(
    database: Database, offer: Offer, best: list[str], said: int
) -> None:
    database.policies = {**database.policies, WidthPolicy: WidthPolicy(4, 16, 100, 0)}
    first = await offer("Rojo")
    for name in ["Rojo"] * 3 + ["Camisa"] * 6:
        await offer(name, vendor=first.vendor)
    below = "Chaqueta {} de lana para llevar sobre la camisa de color rojo"
    names = [*best, *map(below.format, ("larga", "corta", "verde"))]
    both = [await offer(name, vendor=first.vendor) for name in names]
    await count_as(database, said)

    query = SearchQuery(q="camisa roja")
    found = [await find(database, query, "relevance", (start, 2)) for start in (0, 2)]

    assert [each.relaxed for each in found] == [None, None]
    hits = [hit.id for each in found for hit in each.hits]
    assert sorted(hits) == sorted(product.id for product in both)
    assert len(found[0].hits) == 2


async def test_reading_along_the_catalogue_ends_after_so_many_products(
    database: Database, tables: Sold
) -> None:
    slots, page = [Slot(frozenset(["mes"]))], (0, 20)
    best = in_order(tables, "rating", lambda _: True)

    # Whatever has no stars comes last, the newest of it first: the seven tables were made last.
    for steps, read in ((0, 0), (1, 1), (3, 3), (7, 7), (100, 7)):
        walked = await walk(database, slots, {}, "rating", page, steps=steps)
        assert [hit.id for hit in walked] == best[:read]
    sorted_ = await collect(database, slots, {}, "rating", page)
    assert (sorted_.hits, sorted_.matched) == (walked, len(tables))


async def test_the_order_by_price_follows_a_new_price(database: Database, tables: Sold) -> None:
    dearest, least = tables[PRICES.index(900)][0], tables[PRICES.index(100)][0]
    async with database.transaction() as tx:
        changed = update(Product).where(Product.number == dearest.number)
        await tx.connection.execute(changed.values(price_minor=5_000))
        await IndexService(tx).refresh(dearest.id)

    found = await find(database, SearchQuery(q="mesa"), "price", (0, 2))

    assert [hit.id for hit in found.hits] == [dearest.id, least.id]


@pytest.mark.parametrize("in_stock", [True, False, None])
async def test_a_filter_by_stock_leaves_the_order_by_relevance(
    database: Database, offer: Offer, in_stock: bool | None
) -> None:
    database.policies = {**database.policies, WidthPolicy: WidthPolicy(2, 4, 100, 0)}
    first = await offer("Mesa", stock=int(in_stock is not False))
    made = [first]
    for words in range(1, 7):
        name = " ".join(["Mesa", *["larga", "baja", "ancha", "fina", "dura", "nueva"][:words]])
        made.append(await offer(name, vendor=first.vendor, stock=int(in_stock is not False)))

    query = SearchQuery(q="mesa", in_stock=in_stock)
    found = await find(database, query, "relevance", (0, 2))

    assert [hit.id for hit in found.hits] == [each.id for each in made[:2]]
