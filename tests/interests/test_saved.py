"""Saved searches: kept within limits, and told of what is new in them, once."""

import asyncio
from datetime import timedelta

import httpx2
from sqlalchemy import insert, select, update

from mestore.accounts.models import User
from mestore.catalog.events import ProductPublished
from mestore.interests.models import SavedSearch
from mestore.interests.service import MatchService, SavedService, match_products
from mestore.interests.service.matches import NAMED, PRODUCTS, SEARCHES
from mestore.interests.types import MOST_SAVED, FindMatches, MatchProducts, TellMatches
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.errors import Refusal
from mestore.kernel.outbox import Job
from tests.build import Build, BuiltProduct, BuiltVendor
from tests.checkout.problems import problem
from tests.conftest import AsUser
from tests.interests.conftest import Mails, Person, Reprice, RunJobs, Somebody

SAVED = "/search/saved"


async def look(database: Database, run_jobs: RunJobs) -> None:
    """Let the periodic work of saved searches be done."""
    await run_jobs()
    for task in (FindMatches(), TellMatches()):
        async with database.transaction() as tx:
            tx.enqueue(task)
        await run_jobs()


async def offer(
    client: httpx2.AsyncClient, as_user: AsUser, vendor: BuiltVendor, name: str, price: int = 90000
) -> str:
    body = {"name": name, "sku": name.replace(" ", "-"), "price": price, "stock": 1}
    answer = await client.post("/products", json=body, headers=await as_user(vendor.owner))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_search_is_saved_as_the_search_takes_it(somebody: Somebody, build: Build) -> None:
    person, category = await somebody(), await build.category()
    filters = {"category": category.slug, "brand": ["Ñandú", "Acme"], "max_price": 1000.5}
    made = await person.make(SAVED, {"name": " Mesas ", "query": "mesa  roja", "filters": filters})

    assert (made["name"], made["query"], made["filters"]) == ("Mesas", "mesa roja", filters)
    assert made["is_alerting"] is True
    found = await person.get(SAVED)
    assert (found["saved_searches"], found["pagination"]["total"]) == ([made], 1)
    for body in (
        {"name": "", "query": "a"},
        {"name": "a\nb", "query": "a"},
        {"query": "a"},
        {"name": "x", "query": "a" * 201},
        {"name": "x", "filters": {"colour": "red"}},
        {"name": "x", "filters": {"max_price": -1}},
        {"name": "x", "filters": {"sort": "random"}},
        {"name": "x", "query": "a", "is_alerting": "yes"},
        {"name": "x", "query": "a", "filters": {"category": "nothing-like-it"}},
    ):
        answer = await person.ask("POST", SAVED, body)
        assert answer.status_code == 422, (body, answer.text)
    empty = {"name": "x", "query": "  ", "filters": {"sort": "price"}}
    problem(await person.ask("POST", SAVED, empty), 422, "NOTHING_TO_SEARCH")
    turned = {"name": "x", "filters": {"min_price": 1000.5, "max_price": 1000}}
    problem(await person.ask("POST", SAVED, turned), 422, "PRICE_LIMITS_CROSSED")
    assert len((await person.get(SAVED))["saved_searches"]) == 1


async def test_one_price_may_be_both_limits(somebody: Somebody) -> None:
    limits = {"min_price": 1000, "max_price": 1000}
    made = await (await somebody()).make(SAVED, {"name": "x", "filters": limits})
    assert made["filters"] == limits


async def test_the_same_search_or_name_is_saved_once_a_user(somebody: Somebody) -> None:
    person, other = await somebody(), await somebody()
    body = {"name": "Mesas", "query": "mesa", "filters": {"brand": ["a", "b"]}}
    for each in (person, other):
        await each.make(SAVED, body)
    again = {"name": "Otra", "query": "MESA ", "filters": {"brand": ["b", "a"]}}
    problem(await person.ask("POST", SAVED, again), 409, "SEARCH_ALREADY_SAVED")
    named = {"name": "Mesas", "query": "silla"}
    problem(await person.ask("POST", SAVED, named), 409, "SEARCH_ALREADY_SAVED")
    third = await person.make(SAVED, {"name": "Sillas", "query": "silla"})
    path = f"{SAVED}/{third['id']}"
    problem(await person.ask("PATCH", path, {"name": "Mesas"}), 409, "SEARCH_ALREADY_SAVED")
    assert [each["name"] for each in (await person.get(SAVED))["saved_searches"]] == [
        "Sillas",
        "Mesas",
    ]


async def test_rivals_do_not_save_more_than_there_may_be(
    somebody: Somebody, database: Database
) -> None:
    person = await somebody()
    user_id = person.buyer.id
    async with database.transaction() as tx:
        for n in range(MOST_SAVED - 1):
            await SavedService(tx).save(user_id, f"n{n}", f"mesa {n}", {}, is_alerting=True)

    async def save(name: str) -> int:
        async with database.transaction() as tx:
            return await SavedService(tx).save(user_id, name, name, {}, is_alerting=True)

    made = await asyncio.gather(*(save(f"silla {n}") for n in range(4)), return_exceptions=True)

    refused = [each for each in made if isinstance(each, Refusal)]
    assert [each.code for each in refused] == ["TOO_MANY_SAVED_SEARCHES"] * 3, made
    body = {"name": "x", "query": "x"}
    problem(await person.ask("POST", SAVED, body), 409, "TOO_MANY_SAVED_SEARCHES")
    assert (await person.get(SAVED))["pagination"]["total"] == MOST_SAVED


async def test_strangers_do_not_reach_a_saved_search(somebody: Somebody) -> None:
    person, other = await somebody(), await somebody()
    made = await person.make(SAVED, {"name": "Mesas", "query": "mesa"})
    path = f"{SAVED}/{made['id']}"
    for method, body in (("PATCH", {"name": "x"}), ("PATCH", {}), ("DELETE", None)):
        problem(await other.ask(method, path, body), 404, "SAVED_SEARCH_NOT_FOUND")
    assert (await person.ask("DELETE", f"{SAVED}/x")).status_code == 404
    assert (await person.get(SAVED))["saved_searches"] == [made]
    assert (await person.ask("DELETE", path)).status_code == 204
    problem(await person.ask("DELETE", path), 404, "SAVED_SEARCH_NOT_FOUND")


async def test_new_products_are_told_once_and_in_one_mail_a_search(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
    reprice: Reprice,
) -> None:
    person, vendor = await somebody(), await build.vendor()
    old = await build.product(name="Mesa vieja", vendor=vendor)
    filters = {"max_price": 100000}
    await person.make(SAVED, {"name": "Mesas <b>", "query": "mesas", "filters": filters})
    await person.make(SAVED, {"name": "Sillas", "query": "silla"})
    for name, price in (("Mesa roja", 90000), ("Mesa azul", 80000), ("Mesa cara", 900000)):
        await offer(client, as_user, vendor, name, price)
    await reprice(old, 50000)

    await look(database, run_jobs)

    ((recipient, subject, text),) = await mails()
    assert recipient == person.buyer.email
    assert subject == "Hay productos nuevos en una búsqueda que guardaste"
    assert "en tu búsqueda «Mesas <b>»:\n- Mesa azul: $ 80.000\n- Mesa roja: $ 90.000\n" in text
    assert "cara" not in text
    assert "vieja" not in text, "it was public before the search was saved"
    await reprice(old, 40000)
    await look(database, run_jobs)
    assert len(await mails()) == 1


async def test_a_product_that_becomes_what_is_asked_for_is_told_then(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    waiting = await build.product(name="Mesa pendiente", approved=False)
    person, vendor = await somebody(), await build.vendor()
    await person.make(SAVED, {"name": "Mesas", "query": "mesa", "filters": {"max_price": 100000}})
    dear = await offer(client, as_user, vendor, "Mesa cara", 900000)
    await look(database, run_jobs)
    assert await mails() == []

    headers = await as_user(vendor.owner)
    await client.patch(f"/products/{dear}", json={"price": 99000}, headers=headers)
    change = update(User).where(User.id == person.buyer.id).values(user_type="ADMIN")
    async with database.transaction() as tx:
        await tx.connection.execute(change)
    approved = await person.ask(
        "PUT", f"/admin/products/{waiting.id}/status", {"status": "APPROVED"}
    )
    assert approved.status_code == 200, approved.text
    await look(database, run_jobs)

    ((_, _, text),) = await mails()
    assert "- Mesa cara: $ 99.000\n" in text
    assert "- Mesa pendiente: $ 45.000\n" in text
    for is_visible in (False, True):
        await client.patch(f"/products/{dear}", json={"is_visible": is_visible}, headers=headers)
    await look(database, run_jobs)
    assert len(await mails()) == 1, "shown again it is not new"


async def test_a_product_that_is_shown_again_is_new_once_to_a_search_that_was_not_told(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    person, vendor = await somebody(), await build.vendor()
    made = await offer(client, as_user, vendor, "Mesa roja")
    await offer(client, as_user, vendor, "Mesa azul")
    await look(database, run_jobs)

    async def show(*, is_visible: bool) -> None:
        headers = await as_user(vendor.owner)
        body = {"is_visible": is_visible}
        answer = await client.patch(f"/products/{made}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        await look(database, run_jobs)

    await show(is_visible=False)
    await person.make(SAVED, {"name": "Mesas", "query": "mesa"})
    assert await mails() == []
    for _ in range(2):
        await show(is_visible=True)
        ((_, _, text),) = await mails()
        assert "«Mesas»:\n- Mesa roja: $ 90.000\n\nSi ya" in text
        await show(is_visible=False)


async def test_a_product_whose_price_comes_into_the_limits_is_new(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    person, vendor = await somebody(), await build.vendor()
    made = {
        name: await offer(client, as_user, vendor, name, price)
        for name, price in (("Mesa cara", 150000), ("Mesa justa", 90000))
    }
    unwritten = await build.product(name="Mesa sin historia", vendor=vendor)
    await run_jobs()
    limits = {"min_price": 10000, "max_price": 100000}
    await person.make(SAVED, {"name": "Mesas", "query": "mesa", "filters": limits})
    await person.make(SAVED, {"name": "Todas", "query": "mesa"})
    headers = await as_user(vendor.owner)
    for product_id in (*made.values(), unwritten.id):
        answer = await client.patch(
            f"/products/{product_id}", json={"price": 80000}, headers=headers
        )
        assert answer.status_code == 200, answer.text

    await look(database, run_jobs)

    ((_, _, text),) = await mails()
    assert "«Mesas»:\n- Mesa cara: $ 80.000\n\nSi ya" in text


async def test_what_went_public_before_is_not_new_however_late_that_is_heard(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    person, vendor = await somebody(), await build.vendor()
    await offer(client, as_user, vendor, "Mesa roja")
    await person.make(SAVED, {"name": "Mesas", "query": "mesa"})
    await look(database, run_jobs)
    assert await mails() == []


async def test_who_switches_off_or_is_suspended_is_told_nothing(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    people, vendor = [await somebody() for _ in range(4)], await build.vendor()
    made = [await each.make(SAVED, {"name": "Mesas", "query": "mesa"}) for each in people]
    off, suspended, late, gone = people

    async def switch(person: Person, search: dict[str, object], *, to: bool) -> None:
        answer = await person.ask("PATCH", f"{SAVED}/{search['id']}", {"is_alerting": to})
        assert answer.json()["is_alerting"] is to

    await switch(off, made[0], to=False)
    await offer(client, as_user, vendor, "Mesa roja")
    await run_jobs()
    async with database.transaction() as tx:
        tx.enqueue(FindMatches())
    await run_jobs()
    # All three have found it, and nobody was told.
    await switch(late, made[2], to=False)
    assert (await gone.ask("DELETE", f"{SAVED}/{made[3]['id']}")).status_code == 204
    async with database.transaction() as tx:
        change = update(User).where(User.id == suspended.buyer.id).values(is_active=False)
        await tx.connection.execute(change)
    await look(database, run_jobs)
    assert await mails() == []

    await switch(off, made[0], to=True)
    await switch(late, made[2], to=True)
    await offer(client, as_user, vendor, "Mesa azul")
    await look(database, run_jobs)
    told = await mails()
    assert {recipient for recipient, *_ in told} == {off.buyer.email, late.buyer.email}
    assert all("azul" in text and "roja" not in text for *_, text in told)


async def test_a_search_that_would_not_be_saved_any_more_keeps_no_other_from_being_told(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    old, person, vendor = await somebody(), await somebody(), await build.vendor()
    filters = {"max_price": "100.000", "colour": "red"}
    async with database.transaction() as tx:
        await SavedService(tx).save(old.buyer.id, "Mesas", "mesa", filters, is_alerting=True)
    await person.make(SAVED, {"name": "Mesas", "query": "mesa"})
    await offer(client, as_user, vendor, "Mesa roja")

    await look(database, run_jobs)

    assert [recipient for recipient, *_ in await mails()] == [person.buyer.email]


async def test_an_import_is_told_in_one_mail_that_names_a_few(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    person, vendor = await somebody(), await build.vendor()
    await person.make(SAVED, {"name": "Todo", "filters": {"vendor": [str(vendor.id)]}})
    rows = [{"sku": f"M-{n}", "name": f"Mesa {n}", "price": 1000 + n} for n in range(PRODUCTS + 5)]
    answer = await client.post(
        "/products/bulk-import", json={"products": rows}, headers=await as_user(vendor.owner)
    )
    assert answer.status_code == 202, answer.text

    await look(database, run_jobs)

    ((_, _, text),) = await mails()
    assert text.count("- Mesa ") == NAMED
    assert f"Y {PRODUCTS + 5 - NAMED} más." in text


async def test_what_an_import_shows_again_is_new_to_who_could_not_see_it(
    somebody: Somebody,
    build: Build,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    person, vendor = await somebody(), await build.vendor()
    headers = await as_user(vendor.owner)
    rows = [{"sku": "M-1", "name": "Mesa roja", "price": 1000, "is_visible": False}]
    for is_visible in (False, True):
        rows[0]["is_visible"] = is_visible
        await client.post("/products/bulk-import", json={"products": rows}, headers=headers)
        await look(database, run_jobs)
        assert len(await mails()) == is_visible
        if not is_visible:
            await person.make(SAVED, {"name": "Mesas", "query": "mesa"})


async def test_two_workers_tell_of_a_product_once(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, mails: Mails
) -> None:
    person = await somebody()
    await person.make(SAVED, {"name": "Mesas", "query": "mesa"})
    product = await build.product(name="Mesa roja")
    async with database.transaction() as tx:
        tx.publish(ProductPublished(product.id))
    await run_jobs()

    async def match() -> None:
        await match_products(database, MatchProducts((product.id,)))

    async def tell() -> None:
        async with database.transaction() as tx:
            await MatchService(tx).tell()

    outcomes = await asyncio.gather(match(), match(), return_exceptions=True)
    assert None in outcomes
    await match()
    await asyncio.gather(tell(), tell(), tell(), return_exceptions=True)
    await tell()
    await run_jobs()

    assert [text.count("Mesa roja") for *_, text in await mails()] == [1]


async def test_statements_grow_neither_with_searches_nor_with_products(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, statements: list[str]
) -> None:
    person, vendor = await somebody(), await build.vendor()
    products: list[BuiltProduct] = []

    async def count() -> int:
        await run_jobs()
        task = MatchProducts(tuple(product.id for product in products))
        statements.clear()
        await match_products(database, task)
        return len(statements)

    counts = []
    for size in (1, 5):
        for n in range(size):
            products.append(await build.product(name=f"Silla {n}", vendor=vendor))
            async with database.transaction() as tx:
                await SavedService(tx).save(
                    person.buyer.id, f"{size}-{n}", f"silla {size * 10 + n}", {}, is_alerting=True
                )
                tx.publish(ProductPublished(products[-1].id))
        await count()
        counts.append(await count())
    assert counts[0] == counts[1] <= 8


async def test_every_page_of_saved_searches_is_held_against_the_products(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, mails: Mails
) -> None:
    person = await somebody()
    users = [(await somebody()).buyer for _ in range(3)]
    moment = now() - timedelta(minutes=1)
    rows = [
        {
            "user_id": users[n % 3].id,
            "name": f"n{n}",
            "fingerprint": f"{n}",
            "text": "silla",
            "filters": {},
            "is_alerting": True,
            "created_at": moment,
        }
        for n in range(SEARCHES)
    ]
    async with database.transaction() as tx:
        await tx.connection.execute(insert(SavedSearch), rows)
    await person.make(SAVED, {"name": "Mesas", "query": "mesa"})
    product = await build.product(name="Mesa roja")
    async with database.transaction() as tx:
        tx.publish(ProductPublished(product.id))

    await look(database, run_jobs)

    assert [recipient for recipient, *_ in await mails()] == [person.buyer.email]
    async with database.read() as connection:
        query = select(Job.id).where(Job.handler == "interests.match_products")
        assert len((await connection.execute(query)).all()) == 2
