"""What is remembered of a user's searches and looks, and how it is forgotten."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx2
import pytest

from mestore.accounts.events import UserErased
from mestore.bootstrap import App
from mestore.interests.service import HistoryService
from mestore.interests.service.viewing import ViewLog
from mestore.interests.types import (
    GUESTS_KEPT,
    HISTORY_KEPT,
    MOST_SEARCHES,
    MOST_VIEWED,
    Owner,
    PurgeHistory,
    Sight,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from tests.build import Build, BuiltProduct
from tests.checkout.problems import problem
from tests.conftest import AsUser, MovedClock
from tests.interests.conftest import Person, Somebody

Settle = Callable[[], Awaitable[None]]
HISTORY, VIEWED = "/search/history", "/products/recently-viewed"


async def texts(person: Person) -> list[str]:
    return [each["query"] for each in (await person.get(HISTORY))["searches"]]


async def viewed(person: Person) -> list[str]:
    return [each["id"] for each in (await person.get(VIEWED))["products"]]


def those(*products: BuiltProduct) -> list[str]:
    return [str(product.id) for product in products]


async def test_searches_are_remembered_the_latest_first_and_once(
    somebody: Somebody, settle: Settle
) -> None:
    person, other = await somebody(), await somebody()
    for q in ("Mesa", "silla  roja", "", "MESA"):
        await person.get("/products/search", q=q)
        await settle()
    await person.get("/products/search", q="mesa", min_price="1000.50", brand="Ñandú")
    assert await texts(person) == ["MESA", "silla roja"], "nothing waits for the history"
    await settle()

    found = await person.get(HISTORY)

    assert [each["query"] for each in found["searches"]] == ["mesa", "MESA", "silla roja"]
    assert found["searches"][0]["filters"] == {"min_price": 1000.5, "brand": ["Ñandú"]}
    assert (found["searches"][0]["results"], found["is_kept"]) == (0, True)
    assert found["pagination"]["total"] == 3
    first = await person.get(HISTORY, per_page=2)
    cursor = first["pagination"]["next"]
    assert [each["query"] for each in (await person.get(HISTORY, cursor=cursor))["searches"]] == [
        "silla roja"
    ]
    assert await texts(other) == []


async def test_only_the_newest_searches_are_kept(somebody: Somebody, database: Database) -> None:
    person = await somebody()
    moment = now()
    async with database.transaction() as tx:
        for n in range(MOST_SEARCHES + 3):
            at = moment + timedelta(seconds=n)
            await HistoryService(tx).searched(person.buyer.id, f"mesa {n}", {}, n, at)
        # One that comes late changes nothing.
        await HistoryService(tx).searched(person.buyer.id, "mesa 5", {}, 0, moment)

    found = await person.get(HISTORY, per_page=100)

    assert [each["query"] for each in found["searches"]] == [
        f"mesa {n}" for n in range(MOST_SEARCHES + 2, 2, -1)
    ]
    assert found["searches"][-3]["results"] == 5


async def test_searches_are_forgotten_one_by_one_or_all(somebody: Somebody, settle: Settle) -> None:
    person, other = await somebody(), await somebody()
    for each in (person, other):
        await each.get("/products/search", q="mesa")
        await each.get("/products/search", q="silla")
    await settle()
    theirs = (await other.get(HISTORY))["searches"][0]["id"]
    own = (await person.get(HISTORY))["searches"][0]["id"]

    problem(await person.ask("DELETE", f"{HISTORY}/{theirs}"), 404, "PAST_SEARCH_NOT_FOUND")
    assert (await person.ask("DELETE", f"{HISTORY}/{own}")).status_code == 204
    assert len(await texts(person)) == 1
    await person.get("/products/search", q="cama")
    assert (await person.ask("DELETE", HISTORY)).status_code == 204
    await settle()

    assert await texts(person) == [], "what was not written yet is forgotten too"
    assert len(await texts(other)) == 2
    await person.get("/products/search", q="mesa")
    await settle()
    assert await texts(person) == ["mesa"]


async def test_who_wants_no_history_has_none(
    somebody: Somebody, build: Build, settle: Settle
) -> None:
    person, product = await somebody(), await build.product()
    await person.get("/products/search", q="mesa")
    await person.get(f"/products/{product.id}")
    await settle()
    assert (await texts(person), await viewed(person)) == (["mesa"], those(product))

    assert (await person.ask("PUT", HISTORY, {"is_kept": "no"})).status_code == 422
    answer = await person.ask("PUT", HISTORY, {"is_kept": False})
    assert (answer.status_code, answer.json()) == (200, {"is_kept": False})
    await person.get("/products/search", q="silla")
    await person.get(f"/products/{product.id}")
    await settle()

    assert (await texts(person), await viewed(person)) == ([], [])
    assert (await person.get(HISTORY))["is_kept"] is False
    await person.ask("PUT", HISTORY, {"is_kept": True})
    await person.get("/products/search", q="cama")
    await settle()
    assert await texts(person) == ["cama"]


async def test_products_that_were_looked_at_are_listed_the_latest_first(
    somebody: Somebody, build: Build, settle: Settle, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    person, other = await somebody(), await somebody()
    one, two, hidden = [await build.product() for _ in range(3)]
    gone = await build.product(approved=False)
    paths = (one.id, two.slug, hidden.id, one.slug, gone.id, f"{two.id}/variants", "search")
    for key in paths:
        await person.ask("GET", f"/products/{key}")
    await settle()
    await client.delete(f"/products/{hidden.id}", headers=await as_user(hidden.vendor.owner))

    found = await person.get(VIEWED)

    assert [each["id"] for each in found["products"]] == those(one, two)
    assert found["products"][0]["viewed_at"] > found["products"][1]["viewed_at"]
    assert found["pagination"]["total"] == 2
    second = await person.get(VIEWED, per_page=1, page=2)
    assert [each["id"] for each in second["products"]] == those(two)
    assert await viewed(other) == []
    assert (await person.ask("DELETE", VIEWED)).status_code == 204
    assert await viewed(person) == []


async def test_guests_see_what_their_session_looked_at_and_keep_it_when_they_sign_in(
    somebody: Somebody, guest: Person, build: Build, settle: Settle, client: httpx2.AsyncClient
) -> None:
    person, one, two = await somebody(), await build.product(), await build.product()
    for _ in range(2):
        # The second answer comes out of the cache.
        await guest.get(f"/products/{one.id}")
    await client.get(f"/products/{two.id}")
    await client.get(f"/products/{two.id}", headers={"Session-ID": "short"})
    await settle()

    assert await viewed(guest) == those(one)
    assert await viewed(Person(client, {"Session-ID": "a-guest-session-2"})) == []
    problem(await client.get(VIEWED), 400, "SESSION_ID_REQUIRED")
    await person.get(f"/products/{two.id}")
    await settle()
    body = {"email": person.buyer.email, "password": person.buyer.password}
    await client.post("/auth/login", json=body, headers=guest.headers)
    await settle()
    assert await viewed(person) == those(two, one)
    assert await viewed(guest) == []


async def test_api_keys_and_failed_reads_leave_no_trace(
    build: Build, client: httpx2.AsyncClient, as_user: AsUser, program: App
) -> None:
    product, vendor = await build.product(), await build.vendor()
    headers = await as_user(vendor.owner)
    body = {"name": "ERP", "permissions": ["products.view"]}
    key = (await client.post("/auth/api-keys", json=body, headers=headers)).json()["key"]
    session = {"Session-ID": "a-guest-session-1"}
    for each in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        answer = await client.get(f"/products/{product.id}", headers=each | session)
        assert answer.status_code == 200
    await client.get("/products/nothing-like-it", headers=session)
    await client.get(f"/products/{product.id}", headers={"Authorization": "Bearer no"} | session)
    assert list(program.view_log.waiting) == []


async def test_only_the_newest_looks_are_kept_and_statements_do_not_grow(
    somebody: Somebody, build: Build, database: Database, statements: list[str]
) -> None:
    person = await somebody()
    vendor, owner = await build.vendor(), Owner(person.buyer.id)
    products = [await build.product(vendor=vendor) for _ in range(MOST_VIEWED + 2)]
    moment = now()
    sights = [
        Sight(owner, product.slug, moment + timedelta(seconds=n))
        for n, product in enumerate(products)
    ]
    async with database.transaction() as tx:
        statements.clear()
        await HistoryService(tx).saw(sights[:1])
        few = len(statements)
    async with database.transaction() as tx:
        statements.clear()
        await HistoryService(tx).saw(sights)
        assert len(statements) <= few + 4

    found = await person.get(VIEWED, per_page=100)
    assert [each["id"] for each in found["products"]] == those(*reversed(products[2:]))


async def test_a_log_whose_database_is_away_keeps_what_waits(
    build: Build, database_away: Database
) -> None:
    product = await build.product()
    broken = ViewLog(database_away)
    broken.note(Owner(session_id="a-guest-session-1"), str(product.id))
    with pytest.raises(ConnectionRefusedError):
        await broken.flush()
    assert len(broken.waiting) == 1


async def test_old_histories_are_forgotten_and_guests_sooner(
    somebody: Somebody,
    guest: Person,
    build: Build,
    settle: Settle,
    database: Database,
    clock: MovedClock,
) -> None:
    person, product = await somebody(), await build.product()
    await person.get("/products/search", q="mesa")
    for each in (person, guest):
        await each.get(f"/products/{product.id}")
    await settle()

    async def left() -> tuple[int, int, int]:
        async with database.transaction() as tx:
            tx.enqueue(PurgeHistory())
        await settle()
        # Sessions do not live that long, so the room itself is asked.
        async with database.transaction() as tx:
            history = HistoryService(tx)
            mine = await history.viewed.sights_of(Owner(person.buyer.id))
            guests = await history.viewed.sights_of(Owner(session_id="a-guest-session-1"))
            searches = await history.searches.purge(now() + timedelta(days=999))
            if searches:
                await history.searched(person.buyer.id, "mesa", {}, 0, now())
        return searches, len(mine), len(guests)

    assert await left() == (1, 1, 1)
    clock.advance(GUESTS_KEPT + timedelta(hours=1))
    assert await left() == (1, 1, 0)
    clock.advance(HISTORY_KEPT)
    assert (await left())[:2] == (0, 0)


async def test_an_erased_user_leaves_nothing_and_nothing_comes_late(
    somebody: Somebody, build: Build, settle: Settle, database: Database
) -> None:
    person, product = await somebody(), await build.product()
    await person.make("/search/saved", {"name": "Mesas", "query": "mesa"})
    await person.make("/price-alerts", {"product_id": str(product.id)})
    await person.get("/products/search", q="mesa")
    await person.get(f"/products/{product.id}")
    await settle()
    exported = await person.get("/users/export")
    lists = ("searches", "viewed_products", "saved_searches", "price_alerts")
    assert [len(exported[name]) for name in lists] == [1, 1, 1, 1]
    assert exported["price_alerts"][0]["seen"] == 45000

    async with database.transaction() as tx:
        tx.publish(UserErased(person.buyer.id))
    await person.get("/products/search", q="silla")
    await person.get(f"/products/{product.id}")
    await settle()

    exported = await person.get("/users/export")
    assert [exported[name] for name in lists] == [[], [], [], []]
    assert exported["history_choice"] == [
        {"id": 1, "is_kept": False, "searches_since": None, "views_since": None}
    ]
