"""Facets of more products than are looked at count what meets the filters, not what is best."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from mestore.kernel.db import Database
from mestore.search.models import SearchFrequency
from mestore.search.types import WidthPolicy
from tests.build import Build, BuiltCategory
from tests.search.conftest import Offer
from tests.search.test_search import search

IN_CATEGORY = 6


@pytest.fixture
async def kitchen(database: Database, offer: Offer, build: Build) -> BuiltCategory:
    """A category of six tables, behind a dozen others of which four are looked at."""
    database.policies = {**database.policies, WidthPolicy: WidthPolicy(4, 8, 100, 0)}
    category = await build.category("Cocina")
    first = await offer("Mesa", category=category, price="100")
    for at in range(1, IN_CATEGORY):
        price = str(100 + 100 * at)
        await offer("Mesa", category=category, price=price, vendor=first.vendor, stock=at % 2)
    other = await offer("Mesa", price="900")
    for _ in range(12):
        await offer("Mesa", price="900", vendor=other.vendor)
    return category


def counts(answer: dict[str, Any], facet: str) -> list[int]:
    return [bucket["count"] for bucket in answer["facets"][facet]]


@pytest.mark.parametrize("q", ["", "mesa"])
@pytest.mark.parametrize("sort", ["relevance", "price", "rating", "newest"])
@pytest.mark.parametrize("page", [1, 3])
async def test_under_a_filter_the_best_that_meet_it_are_counted(
    client: httpx2.AsyncClient, kitchen: BuiltCategory, q: str, sort: str, page: int
) -> None:
    found = await search(client, q, category=kitchen.slug, sort=sort, page=page, per_page=2)

    assert len(found["products"]) == 2
    # As many as are looked at, of the six; those that may be sold come first.
    assert counts(found, "vendor") == [4]
    assert counts(found, "stock") == [4, 0]
    assert sum(counts(found, "price")) == 4


async def test_a_facet_with_a_filter_counts_the_best_without_it(
    client: httpx2.AsyncClient, kitchen: BuiltCategory
) -> None:
    plain = await search(client, "mesa")
    found = await search(client, "mesa", category=kitchen.slug, max_price=300)

    assert counts(found, "category") == counts(plain, "category") == []
    assert counts(found, "vendor") == [3]


@pytest.mark.parametrize(("said", "counted"), [(5, 5), (6, 4)])
async def test_of_a_word_that_few_products_have_all_are_counted(
    client: httpx2.AsyncClient, database: Database, offer: Offer, said: int, counted: int
) -> None:
    database.policies = {**database.policies, WidthPolicy: WidthPolicy(4, 8, 100, 6)}
    first = await offer("Mesa")
    for _ in range(4):
        await offer("Mesa", vendor=first.vendor)
    async with database.transaction() as tx:
        await tx.connection.execute(update(SearchFrequency).values(products=said))

    found = await search(client, "mesa")

    assert counts(found, "vendor") == [counted]
    assert found["is_exact"] == (counted == 5)
