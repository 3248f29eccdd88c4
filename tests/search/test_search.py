"""Finding products by words, filters and facets, and completing what is typed."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.search.service import fitting, reindex
from mestore.search.types import SearchQuery
from tests.build import Build, BuiltProduct
from tests.conftest import AsUser
from tests.search.conftest import Offer

PATH = "/products/search"


async def search(client: httpx2.AsyncClient, q: str = "", **query: Any) -> dict[str, Any]:  # noqa: ANN401  any parameter
    answer = await client.get(PATH, params={"q": q, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ids(answer: dict[str, Any]) -> list[str]:
    return [product["id"] for product in answer["products"]]


def those(*products: BuiltProduct) -> list[str]:
    return [str(product.id) for product in products]


@pytest.mark.parametrize(
    ("asked", "relaxed"),
    [
        ("Audífonos inalámbricos", None),
        ("audifono inalambrico", None),
        ("auriculares", None),
        ("audif", None),
        ("headphones", None),
        ("audifnos", "typo"),
        ("auriclares", "typo"),
        ("audífonos xyzzyq", "dropped_word"),
    ],
)
async def test_a_product_is_found_however_it_is_asked_for(
    client: httpx2.AsyncClient, offer: Offer, asked: str, relaxed: str | None
) -> None:
    wanted = await offer("Audífonos inalámbricos Sony")
    await offer("Mesa de madera")

    found = await search(client, asked)

    assert ids(found) == those(wanted)
    assert found["relaxed"] == relaxed
    assert found["products"][0]["score"] > 0


async def test_a_sku_finds_its_product_alone(client: httpx2.AsyncClient, offer: Offer) -> None:
    wanted, _ = await offer("Mesa"), await offer("Mesa")

    assert ids(await search(client, wanted.sku.lower())) == those(wanted)


async def test_nothing_is_found_for_words_of_nothing(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    await offer("Mesa")

    found = await search(client, "qqqqwwww")

    assert (ids(found), found["pagination"]["total"]) == ([], 0)
    assert ids(await search(client, "%")) == []


async def test_what_is_out_of_stock_sinks_and_stays(
    client: httpx2.AsyncClient, offer: Offer
) -> None:
    empty = await offer("Mesa redonda", stock=0)
    full = await offer("Tabla para mesa redonda", stock=1)

    assert ids(await search(client, "mesa redonda")) == those(full, empty)
    assert ids(await search(client, "mesa redonda", in_stock=False)) == those(empty)


async def test_what_is_not_public_is_never_found(
    client: httpx2.AsyncClient, offer: Offer, database: Database
) -> None:
    await offer("Mesa secreta", approved=False)
    shown = await offer("Mesa pública")
    assert ids(await search(client, "mesa")) == those(shown)

    async with database.transaction() as tx:
        await tx.connection.execute(update(Product).values(is_public=False))

    assert ids(await search(client, "mesa")) == []
    assert (await search(client, "mesa"))["facets"]["vendor"] == []


async def test_filters_and_facets_that_ignore_their_own_filter(
    client: httpx2.AsyncClient, offer: Offer, build: Build
) -> None:
    root = await build.category("Hogar")
    leaf = await build.category("Mesas", parent=root)
    cheap = await offer("Mesa chica", category=leaf, price="10000")
    dear = await offer("Mesa grande", category=root, price="90000")

    found = await search(client, "mesa", category=leaf.slug)

    assert ids(found) == those(cheap)
    counts = {each["value"]: each["count"] for each in found["facets"]["category"]}
    assert counts == {root.slug: 2, leaf.slug: 1}
    assert [each["count"] for each in found["facets"]["vendor"]] == [1]
    assert set(ids(await search(client, "mesa", category=str(root.id)))) == set(those(cheap, dear))
    assert ids(await search(client, "mesa", min_price=50000)) == those(dear)
    assert ids(await search(client, "mesa", vendor=str(cheap.vendor.id))) == those(cheap)
    prices = (await search(client, "mesa", min_price=50000))["facets"]["price"]
    assert sum(each["count"] for each in prices) == 2
    assert (await client.get(PATH, params={"category": "nowhere"})).status_code == 422


async def test_orders_and_pages_do_not_overlap(client: httpx2.AsyncClient, offer: Offer) -> None:
    made = [await offer("Mesa", price=str(price)) for price in (3000, 1000, 2000)]
    third, first, second = made

    assert ids(await search(client, "mesa", sort="price")) == those(first, second, third)
    assert ids(await search(client, "mesa", sort="-price")) == those(third, second, first)
    assert ids(await search(client, "mesa", sort="newest")) == those(*reversed(made))
    pages = [ids(await search(client, "mesa", per_page=2, page=page)) for page in (1, 2)]
    assert sorted(sum(pages, [])) == sorted(those(*made))
    assert (await client.get(PATH, params={"page": 0})).status_code == 422


async def test_a_body_asks_the_same(client: httpx2.AsyncClient, offer: Offer) -> None:
    wanted = await offer("Mesa")

    answer = await client.post(PATH, json={"q": "mesas", "vendor": [str(wanted.vendor.id)]})

    assert ids(answer.json()) == those(wanted)


async def test_a_vendors_edit_is_found_after_the_outbox_ran(
    client: httpx2.AsyncClient,
    offer: Offer,
    as_user: AsUser,
    run_jobs: Callable[[], Awaitable[int]],
) -> None:
    product = await offer("Mesa")
    headers = await as_user(product.vendor.owner)

    changed = await client.patch(f"/products/{product.id}", json={"name": "Silla"}, headers=headers)
    assert changed.status_code == 200, changed.text
    await run_jobs()

    assert ids(await search(client, "silla")) == those(product)
    assert ids(await search(client, "mesa")) == []


async def test_a_text_is_completed(client: httpx2.AsyncClient, offer: Offer, build: Build) -> None:
    category = await build.category("Celulares")
    phone = await offer("Celular Samsung", category=category)

    found = (await client.get("/products/suggestions", params={"q": "cel"})).json()

    assert found["queries"] == ["celular", "celulares"]
    assert [each["id"] for each in found["products"]] == those(phone)
    assert [each["name"] for each in found["categories"]] == ["Celulares"]
    assert [each["id"] for each in found["vendors"]] == [str(phone.vendor.id)]
    assert (await client.get("/products/suggestions", params={"q": "c"})).status_code == 422


async def test_products_are_held_against_searches_without_relaxing_any(
    build: Build, database: Database, statements: list[str]
) -> None:
    # None of them is in the index yet.
    table = await build.product(name="Mesa de madera", price="90000")
    phones = await build.product(name="Audífonos Sony", stock=0)
    hidden = await build.product(name="Mesa oculta", approved=False)
    every = [table.id, phones.id, hidden.id]
    wanted = {
        SearchQuery(q="mesas madera"): [table.id],
        SearchQuery(q="messa"): [],
        SearchQuery(q="mad"): [],
        SearchQuery(q="mesa xyzzyq"): [],
        SearchQuery(q="auriculares"): [phones.id],
        SearchQuery(q=phones.sku): [phones.id],
        SearchQuery(q="%"): [],
        SearchQuery(q="mesa", max_price_minor=8_999_999): [],
        SearchQuery(max_price_minor=9_000_000): [table.id, phones.id],
        SearchQuery(in_stock=True): [table.id],
        SearchQuery(vendor=(phones.vendor.id,)): [phones.id],
    }
    await fitting(database, [], [])
    statements.clear()

    found = await fitting(database, list(wanted), every)

    assert [sorted(ids) for ids in found] == [sorted(ids) for ids in wanted.values()]
    assert len(statements) == 3


async def test_the_number_of_statements_does_not_grow(
    client: httpx2.AsyncClient, offer: Offer, statements: list[str]
) -> None:
    await search(client, "mesas")  # What is kept in process is read once.
    counts = []
    for size in (1, 10):
        for _ in range(size):
            await offer("Mesa de madera")
        statements.clear()
        await search(client, "mesas")
        counts.append(len(statements))

    assert counts[0] == counts[1]


async def test_reindexing_finds_what_was_there_before_the_index(
    client: httpx2.AsyncClient, build: Build, database: Database
) -> None:
    product = await build.product(name="Mesa")
    assert ids(await search(client, "mesa")) == []

    for _ in range(2):
        await reindex(database)

    assert ids(await search(client, "mesa")) == those(product)
