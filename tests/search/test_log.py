"""What is looked for: counted without persons, told to other rooms of who is signed in."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select

from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.search.models import SearchedText
from mestore.search.service.log import KEPT, loggable, purge_searches
from tests.build import Build
from tests.conftest import AsUser, MovedClock
from tests.search.conftest import Offer
from tests.search.test_search import search


async def counted(database: Database) -> list[tuple[str, int, int]]:
    async with database.read() as connection:
        columns = (SearchedText.text, SearchedText.times, SearchedText.results)
        rows = await connection.execute(select(*columns).order_by(SearchedText.text))
        return [(row[0], row[1], row[2]) for row in rows]


async def test_first_pages_are_counted_by_day_and_text(
    client: httpx2.AsyncClient, offer: Offer, program: App, database: Database
) -> None:
    await offer("Mesa")
    await search(client, "Mesas")
    await search(client, "mesas", page=2)
    await program.search_log.flush()
    await search(client, "MESAS")
    await program.search_log.flush()
    await program.search_log.flush()

    assert await counted(database) == [("mesas", 2, 1)]


async def test_texts_of_others_complete_what_is_typed(
    client: httpx2.AsyncClient, offer: Offer, program: App
) -> None:
    await offer("Mesa de madera")
    for _ in range(3):
        await search(client, "mesa de madera")
        await search(client, "mesabcde")
    await search(client, "mesa madera fina")
    await program.search_log.flush()

    found = (await client.get("/products/suggestions", params={"q": "mes"})).json()

    assert found["queries"] == ["mesa madera", "mesa"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Mesa  REDONDA", "mesa redonda"),
        ("televisor 55 pulgadas", "televisor 55in"),
        ("ana@example.com", None),
        ("llamar al 300 123 4567", None),
        ("1099888777", None),
        ("%", None),
    ],
)
def test_nothing_about_persons_is_kept(text: str, kept: str | None) -> None:
    assert loggable(text) == kept


async def test_old_texts_are_forgotten(
    client: httpx2.AsyncClient,
    offer: Offer,
    program: App,
    database: Database,
    clock: MovedClock,
) -> None:
    await offer("Mesa")
    await search(client, "mesa")
    await program.search_log.flush()
    clock.advance(KEPT + timedelta(days=2))
    async with database.transaction() as tx:
        assert await purge_searches(tx) == 1
    assert await counted(database) == []


async def test_a_signed_in_search_is_told_with_its_filters(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, program: App, database: Database
) -> None:
    buyer = await build.user()
    headers = await as_user(buyer)
    asked = {"q": "Mesa", "min_price": "1000", "brand": "Ñandú"}
    await client.get("/products/search", params=asked, headers=headers)
    await client.get("/products/search", params={"q": "Silla"})
    waiting = list(program.search_log.waiting)

    assert [(each.user_id, each.text) for each in waiting] == [(buyer.id, "Mesa"), (None, "Silla")]
    assert waiting[0].filters.keys() == {"min_price", "brand"}
    await program.search_log.flush()
    assert list(program.search_log.waiting) == []
    assert [text for text, *_ in await counted(database)] == ["mesa", "silla"]


async def test_a_bad_token_is_refused_and_nothing_is_remembered(
    client: httpx2.AsyncClient, program: App
) -> None:
    answer = await client.get(
        "/products/search", params={"q": "x"}, headers={"Authorization": "Bearer no"}
    )
    assert answer.status_code == 401
    assert list(program.search_log.waiting) == []
