"""The body of a search: words and filters under the names that saved searches have them."""

from typing import Any

import httpx2
import pytest

from tests.build import Build
from tests.checkout.problems import problem
from tests.search.conftest import Offer

PATH = "/products/search"


@pytest.mark.parametrize(
    "body",
    [
        {"q": "mesa", "max_price": 5000},
        {"query": "mesa", "max_price": 5000},
        {"query": "mesa", "filters": {"max_price": 5000}, "limit": 5},
        {"q": "silla", "query": "mesa", "max_price": 90000, "filters": {"max_price": 5000}},
    ],
)
async def test_words_and_filters_have_two_places_in_a_body(
    client: httpx2.AsyncClient, offer: Offer, body: dict[str, Any]
) -> None:
    wanted = await offer("Mesa redonda", price="4000")
    await offer("Mesa cuadrada", price="50000")
    await offer("Silla", price="4000")

    answer = await client.post(PATH, json=body)

    assert answer.status_code == 200, answer.text
    assert [product["id"] for product in answer.json()["products"]] == [str(wanted.id)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "mesa"}, "text"),
        ({"query": "mesa", "filters": {"colour": "red"}}, "filters.colour"),
        ({"facets": ["colour"]}, "facets.0"),
    ],
)
async def test_what_a_search_does_not_know_is_refused_not_ignored(
    client: httpx2.AsyncClient, build: Build, body: dict[str, Any], field: str
) -> None:
    found = problem(await client.post(PATH, json=body), 422, "VALIDATION_FAILED")

    assert [error["field"] for error in found["errors"]] == [field]


async def test_a_page_has_as_many_as_limit_says_and_only_the_facets_that_were_named(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    for n in range(3):
        await offer(f"Mesa {n}")

    asked = await client.get(PATH, params={"q": "mesa", "limit": 2})
    named = await client.post(PATH, json={"query": "mesa", "limit": 2, "facets": ["brand"]})

    assert [len(answer.json()["products"]) for answer in (asked, named)] == [2, 2]
    assert set(named.json()["facets"]) == {"brand"}
    assert len(asked.json()["facets"]) == 6
