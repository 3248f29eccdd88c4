"""What the operator does with search: synonyms, what found nothing, health, explanations."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest
from sqlalchemy import select, update

from mestore.accounts.types import UserType
from mestore.audit.models import AuditEntry
from mestore.bootstrap import App
from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.search.models import SearchSynonym
from mestore.search.thesaurus import origin_of, shipped_groups
from tests.build import Build
from tests.conftest import AsUser
from tests.search.conftest import Offer
from tests.search.test_search import ids, search, those

SYNONYMS = "/admin/search/synonyms"
Headers = dict[str, str]


@pytest.fixture
async def admin(build: Build, as_user: AsUser) -> Headers:
    """The headers of an admin."""
    return await as_user(await build.user(user_type=UserType.ADMIN))


async def test_a_group_holds_at_once_and_is_audited(
    client: httpx2.AsyncClient,
    offer: Offer,
    admin: Headers,
    database: Database,
    run_jobs: Callable[[], Awaitable[int]],
) -> None:
    wanted = await offer("Ahuyama fresca")
    assert ids(await search(client, "zapallo")) == []

    added = await client.post(SYNONYMS, json={"words": ["Zapallo", "ahuyama"]}, headers=admin)

    assert added.status_code == 201, added.text
    assert ids(await search(client, "zapallos")) == those(wanted)
    listed = (await client.get(SYNONYMS, params={"q": "zapallo"}, headers=admin)).json()
    key = added.json()["key"]
    assert listed["synonyms"] == [
        {"key": key, "words": ["Zapallo", "ahuyama"], "is_shipped": False, "is_active": True}
    ]

    body = {"words": ["zapallo", "ahuyama"], "is_active": False}
    assert (await client.put(f"{SYNONYMS}/{key}", json=body, headers=admin)).status_code == 200
    assert ids(await search(client, "zapallo")) == []
    assert (await client.delete(f"{SYNONYMS}/{key}", headers=admin)).status_code == 204
    assert (await client.delete(f"{SYNONYMS}/{key}", headers=admin)).status_code == 404
    await run_jobs()
    async with database.read() as connection:
        audited = await connection.execute(
            select(AuditEntry.action).where(AuditEntry.subject_type == "synonyms")
        )
        assert list(audited.scalars()) == ["search.synonyms_changed"] * 3


async def test_a_shipped_group_is_replaced_and_switched_off(
    client: httpx2.AsyncClient, offer: Offer, admin: Headers, database: Database
) -> None:
    fridge = await offer("Nevera")
    group = next(each for each in shipped_groups() if each.startswith("nevera"))
    path = f"{SYNONYMS}/{origin_of(group)}"
    assert ids(await search(client, "frigorífico")) == those(fridge)

    changed = await client.put(path, json={"words": ["nevera", "frescura"]}, headers=admin)

    assert changed.status_code == 200, changed.text
    assert ids(await search(client, "frigorífico")) == []
    assert ids(await search(client, "frescura")) == those(fridge)
    assert (await client.delete(path, headers=admin)).status_code == 204
    assert ids(await search(client, "frescura")) == []
    async with database.read() as connection:
        rows = (await connection.execute(select(SearchSynonym.is_active))).all()
    assert [row[0] for row in rows] == [False]


async def test_shipped_groups_have_names_of_their_own() -> None:
    names = [origin_of(group) for group in shipped_groups()]
    assert len(set(names)) == len(names)
    assert all(name and not name.isdecimal() for name in names)


@pytest.mark.parametrize("words", [["one"], ["a,b", "c"], ["", "b"], ["!!", "b"]])
async def test_a_group_needs_two_words(
    client: httpx2.AsyncClient, admin: Headers, database: Database, words: list[str]
) -> None:
    answer = await client.post(SYNONYMS, json={"words": words}, headers=admin)

    assert answer.status_code == 422
    async with database.read() as connection:
        assert (await connection.execute(select(SearchSynonym.id))).all() == []


async def test_what_found_nothing_is_listed(
    client: httpx2.AsyncClient, offer: Offer, admin: Headers, program: App
) -> None:
    await offer("Mesa")
    for text in ("Qqqqwww", "qqqqwww", "mesa", "call 3001234567", "who@example.com"):
        await search(client, text)
    await program.search_log.flush()

    found = (await client.get("/admin/search/zero-results", headers=admin)).json()

    assert [(each["text"], each["times"]) for each in found["queries"]] == [("qqqqwww", 2)]
    assert found["pagination"]["total"] == 1


async def test_health_tells_drift_and_lag(
    client: httpx2.AsyncClient, offer: Offer, build: Build, admin: Headers, database: Database
) -> None:
    gone, _ = await offer("Mesa"), await build.product(name="Nobody indexed it")
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product).where(Product.id == gone.id).values(is_visible=False)
        )

    health = (await client.get("/search/health", headers=admin)).json()

    assert (health["indexed"], health["missing"], health["left_over"]) == (1, 1, 1)
    assert (health["generation"], health["building"]) == (0, None)
    assert health["lag_seconds"] >= 0


async def test_ranking_is_explained_to_the_operator_alone(
    client: httpx2.AsyncClient, offer: Offer, admin: Headers, build: Build, as_user: AsUser
) -> None:
    await offer("Mesa de madera")
    asked = {"q": "mesa madera", "explain": "true"}

    ranking = (await client.get("/products/search", params=asked, headers=admin)).json()[
        "products"
    ][0]["ranking"]

    assert ranking["in_stock"] is True
    assert sorted(word["terms"] for word in ranking["words"]) == [["mader"], ["mes"]]
    assert all(word["rank"] > 0 for word in ranking["words"])
    buyer = await as_user(await build.user())
    for headers, status in (({}, 401), (buyer, 403)):
        answer = await client.get("/products/search", params=asked, headers=headers)
        assert (answer.status_code, "products" in answer.json()) == (status, False)
    assert (await search(client, "mesa"))["products"][0]["ranking"] is None
