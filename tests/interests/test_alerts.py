"""Price alerts: told whenever a price crosses down, once, however it was changed."""

import asyncio
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import insert, update

from mestore.accounts.models import User
from mestore.catalog.models import Product, Variant
from mestore.catalog.service.upsert import upsert_products
from mestore.catalog.types import UpsertRow
from mestore.interests.models import PriceAlert
from mestore.interests.service import AlertService
from mestore.interests.service.alerts import AT_ONCE
from mestore.interests.types import MOST_ALERTS
from mestore.inventory.service.opening import OpeningStockBook
from mestore.kernel.clock import now
from mestore.kernel.db import Database, add_rows
from mestore.kernel.errors import Refusal
from mestore.kernel.outbox import Job
from mestore.vendors.events import VendorApproved
from mestore.vendors.types import SellingVendor, VendorStatus
from tests.build import Build, BuiltProduct
from tests.checkout.problems import problem
from tests.conftest import AsUser
from tests.interests.conftest import Mails, Person, Reprice, RunJobs, Somebody

ALERTS = "/price-alerts"


async def watch(
    person: Person, product: BuiltProduct, target: float | None = None, **more: object
) -> dict[str, object]:
    body = {"product_id": str(product.id), **more}
    made: dict[str, object] = await person.make(
        ALERTS, body if target is None else body | {"target_price": target}
    )
    return made


async def set_price(database: Database, product: BuiltProduct, price_minor: int) -> None:
    """Change a price behind the house's back, so that no event tells of it."""
    change = update(Product).where(Product.id == product.id).values(price_minor=price_minor)
    async with database.transaction() as tx:
        await tx.connection.execute(change)


async def test_a_price_is_watched_below_what_it_is(somebody: Somebody, build: Build) -> None:
    person, product = await somebody(), await build.product(variants=1, name="Mesa")
    made = await watch(person, product, 40000.5)

    assert (made["product_name"], made["variant_id"]) == ("Mesa", str(product.variant_id))
    assert (made["price"], made["target_price"], made["currency"]) == (45000, 40000.5, "COP")
    other = await watch(person, product, variant_id=str(product.variant_ids[0]))
    assert (other["variant_title"], other["target_price"]) == ("Option 1", None)
    found = await person.get(ALERTS)
    assert (found["price_alerts"], found["pagination"]["total"]) == ([other, made], 2)
    body = {"product_id": str(product.id), "target_price": 1}
    problem(await person.ask("POST", ALERTS, body), 409, "PRICE_ALREADY_WATCHED")


async def test_what_cannot_be_watched_is_refused(somebody: Somebody, build: Build) -> None:
    person, product, another = await somebody(), await build.product(), await build.product()
    hidden = await build.product(approved=False)
    shown, unknown = {"product_id": str(product.id)}, "00000000-0000-4000-8000-000000000000"
    for body, status, code in (
        (shown | {"target_price": 45000}, 422, "TARGET_NOT_BELOW_PRICE"),
        (shown | {"target_price": 45001}, 422, "TARGET_NOT_BELOW_PRICE"),
        (shown | {"variant_id": str(another.variant_id)}, 404, "VARIANT_NOT_FOUND"),
        (shown | {"variant_id": unknown}, 404, "VARIANT_NOT_FOUND"),
        ({"product_id": str(hidden.id)}, 404, "PRODUCT_NOT_FOUND"),
        ({"product_id": unknown}, 404, "PRODUCT_NOT_FOUND"),
    ):
        problem(await person.ask("POST", ALERTS, body), status, code)
    for wrong in (-1, "x", 1.005, 10**12):
        answer = await person.ask("POST", ALERTS, shown | {"target_price": wrong})
        assert answer.status_code == 422
    assert (await person.get(ALERTS))["price_alerts"] == []


async def test_strangers_do_not_reach_an_alert(somebody: Somebody, build: Build) -> None:
    person, other = await somebody(), await somebody()
    made = await watch(person, await build.product())
    path = f"{ALERTS}/{made['id']}"
    problem(await other.ask("DELETE", path), 404, "PRICE_ALERT_NOT_FOUND")
    assert (await other.get(ALERTS))["price_alerts"] == []
    assert (await person.get(ALERTS))["price_alerts"] == [made]
    assert (await person.ask("DELETE", path)).status_code == 204
    problem(await person.ask("DELETE", path), 404, "PRICE_ALERT_NOT_FOUND")


async def test_rivals_do_not_watch_more_than_there_may_be(
    somebody: Somebody, build: Build, database: Database
) -> None:
    person, vendor = await somebody(), await build.vendor()
    user_id = person.buyer.id
    product = await build.product(variants=MOST_ALERTS + 2, vendor=vendor)

    async def watch_one(variant: int) -> int:
        async with database.transaction() as tx:
            return await AlertService(tx).watch(
                user_id, product.id, product.variant_ids[variant], None
            )

    for n in range(MOST_ALERTS - 1):
        await watch_one(n)
    rivals = (watch_one(MOST_ALERTS - 1 + n) for n in range(3))
    made = await asyncio.gather(*rivals, return_exceptions=True)
    refused = [each.code for each in made if isinstance(each, Refusal)]
    assert refused == ["TOO_MANY_PRICE_ALERTS"] * 2, made
    assert (await person.get(ALERTS))["pagination"]["total"] == MOST_ALERTS


async def test_crossing_the_target_is_told_once_and_again_after_a_rise(
    somebody: Somebody, build: Build, reprice: Reprice, mails: Mails
) -> None:
    person, product = await somebody(), await build.product(name="Mesa <b>")
    await watch(person, product, 40000)
    for price in (44000, 40001, 40000, 39000, 40000):
        await reprice(product, price)

    ((recipient, subject, text),) = await mails()
    assert (recipient, subject) == (person.buyer.email, "Bajó un precio que sigues")
    assert "- Mesa <b>: antes $ 40.001, ahora $ 40.000\n" in text
    told_at = (await person.get(ALERTS))["price_alerts"][0]["last_told_at"]
    assert told_at is not None
    await reprice(product, 41000)
    assert len(await mails()) == 1
    await reprice(product, 30000)
    assert len(await mails()) == 2
    assert (await person.get(ALERTS))["price_alerts"][0]["last_told_at"] > told_at


async def test_without_a_target_every_drop_is_told_and_no_rise(
    somebody: Somebody, build: Build, reprice: Reprice, mails: Mails
) -> None:
    person, product = await somebody(), await build.product()
    await watch(person, product)
    for price, told in ((44000, 1), (43000, 2), (44000, 2), (44000, 2), (43999, 3)):
        await reprice(product, price)
        assert len(await mails()) == told, price
    await reprice(product, name="Otro nombre")
    assert len(await mails()) == 3


async def test_a_variants_own_price_is_its_own(
    somebody: Somebody,
    build: Build,
    reprice: Reprice,
    mails: Mails,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    database: Database,
    run_jobs: RunJobs,
) -> None:
    person, product = await somebody(), await build.product(variants=2)
    own, follows = product.variant_ids
    async with database.transaction() as tx:
        change = update(Variant).where(Variant.id == own).values(price_minor=5_000_000)
        await tx.connection.execute(change)
    for variant_id in (own, follows):
        await watch(person, product, variant_id=str(variant_id))
    await reprice(product, 40000)
    assert ["Option 2" in text for *_, text in await mails()] == [True]

    headers = await as_user(product.vendor.owner)
    shown = (await client.get(f"/products/{product.id}/variants")).json()["variants"]
    sku = next(each["sku"] for each in shown if each["id"] == str(own))
    path = f"/products/{product.id}/variants/{own}"
    body = {"sku": sku, "title": "Option 1", "option1": "Option 1", "price": 49000}
    assert (await client.put(path, json=body, headers=headers)).status_code == 200
    await run_jobs()
    *_, (_, _, text) = await mails()
    assert "(Option 1): antes $ 50.000, ahora $ 49.000" in text
    assert len(await mails()) == 2


async def test_an_import_tells_in_one_mail_what_fell(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, mails: Mails
) -> None:
    person, other, vendor = await somebody(), await somebody(), await build.vendor()
    products = [await build.product(vendor=vendor, name=f"Mesa {n}") for n in range(3)]
    for product in products:
        await watch(person, product)
    await watch(other, products[0], 1000)
    await run_jobs()
    rows = [UpsertRow({"sku": each.sku, "price_minor": 4_000_000}) for each in products[:2]]
    seller = SellingVendor(vendor.id, vendor.owner.id, "Sample", VendorStatus.APPROVED, True)

    async with database.transaction() as tx:
        await upsert_products(tx, seller, rows, levels=OpeningStockBook())
    await run_jobs()

    ((recipient, subject, text),) = await mails()
    assert (recipient, subject) == (person.buyer.email, "Bajaron 2 precios que sigues")
    assert text.count("antes $ 45.000, ahora $ 40.000") == 2
    assert "Mesa 2" not in text


async def test_two_workers_tell_of_a_drop_once(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, mails: Mails
) -> None:
    people, product = [await somebody() for _ in range(3)], await build.product()
    for person in people:
        await watch(person, product, 40000)
    await run_jobs()
    await set_price(database, product, 3_500_000)

    async def check() -> None:
        async with database.transaction() as tx:
            await AlertService(tx).check([product.id])

    await asyncio.gather(*(check() for _ in range(5)))
    await run_jobs()

    assert len(await mails()) == 3
    assert len({recipient for recipient, *_ in await mails()}) == 3


async def test_a_drop_between_reading_the_price_and_the_commit_is_told(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, mails: Mails
) -> None:
    person, product = await somebody(), await build.product()
    await watch(person, product)
    # The event of this change came before there was an alert.
    await set_price(database, product, 4_000_000)
    await run_jobs()
    assert len(await mails()) == 1


async def test_nothing_is_told_of_what_is_not_on_sale_until_it_is_back(
    somebody: Somebody, build: Build, reprice: Reprice, mails: Mails
) -> None:
    person, product = await somebody(), await build.product(name="Mesa")
    await watch(person, product, 40000)
    await reprice(product, is_visible=False)
    await reprice(product, 30000)

    assert await mails() == []
    (shown,) = (await person.get(ALERTS))["price_alerts"]
    assert (shown["product_name"], shown["price"], shown["target_price"]) == (None, None, 40000)
    await reprice(product, is_visible=True)
    assert [text.count("ahora $ 30.000") for *_, text in await mails()] == [1]


async def test_a_shop_that_is_back_tells_of_what_fell_meanwhile(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, mails: Mails
) -> None:
    person, product, other = await somebody(), await build.product(), await build.product()
    for each in (product, other):
        await watch(person, each)
    await run_jobs()
    for each in (product, other):
        await set_price(database, each, 4_000_000)
    async with database.transaction() as tx:
        tx.publish(VendorApproved(product.vendor.id))
    await run_jobs()
    assert len(await mails()) == 1


async def test_a_shop_whose_products_are_shown_late_tells_of_what_fell_meanwhile(
    somebody: Somebody, build: Build, database: Database, run_jobs: RunJobs, mails: Mails
) -> None:
    person, product = await somebody(), await build.product()
    await watch(person, product)
    await run_jobs()
    await set_price(database, product, 4_000_000)
    showing = update(Job).where(Job.handler == "catalog.on_vendor_approved")
    async with database.transaction() as tx:
        hidden = update(Product).where(Product.id == product.id).values(is_public=False)
        await tx.connection.execute(hidden)
        tx.publish(VendorApproved(product.vendor.id))
    async with database.transaction() as tx:
        await tx.connection.execute(showing.values(run_at=now() + timedelta(hours=1)))
    await run_jobs()
    assert await mails() == []

    async with database.transaction() as tx:
        await tx.connection.execute(showing.values(run_at=now()))
    await run_jobs()
    assert len(await mails()) == 1


@pytest.mark.parametrize("what", ["deleted", "suspended", "hidden", "no variant"])
async def test_a_drop_that_nobody_waits_for_any_more_is_not_told(
    what: str,
    somebody: Somebody,
    build: Build,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
) -> None:
    person, product = await somebody(), await build.product(variants=1)
    made = await watch(person, product, variant_id=str(product.variant_ids[0]))
    await run_jobs()
    await set_price(database, product, 4_000_000)
    async with database.transaction() as tx:
        await AlertService(tx).check([product.id])
        # What happens between noticing and telling.
        changes = {
            "suspended": update(User).where(User.id == person.buyer.id).values(is_active=False),
            "hidden": update(Product).where(Product.id == product.id).values(is_public=False),
            "no variant": update(Variant)
            .where(Variant.id == product.variant_ids[0])
            .values(deleted_at=now()),
        }
        if what == "deleted":
            await AlertService(tx).remove(person.buyer.id, int(str(made["id"])))
        else:
            await tx.connection.execute(changes[what])
    await run_jobs()
    assert await mails() == []


async def test_many_alerts_of_a_product_are_told_in_parts(
    somebody: Somebody,
    build: Build,
    database: Database,
    run_jobs: RunJobs,
    mails: Mails,
    statements: list[str],
) -> None:
    users = [(await somebody()).buyer for _ in range(2)]
    product = await build.product(variants=AT_ONCE // 2 + 10)
    row = {"product_id": product.id, "seen_minor": 4_500_000, "created_at": now()}
    rows = [
        row | {"user_id": user.id, "variant_id": variant_id}
        for user in users
        for variant_id in product.variant_ids
    ]
    async with database.transaction() as tx:
        await add_rows(tx.connection, insert(PriceAlert).inline(), rows)
    statements.clear()
    async with database.transaction() as tx:
        await AlertService(tx).check([product.id])
    # Most edits change no price.
    assert len([each for each in statements if each.startswith("SELECT")]) == 1
    await set_price(database, product, 4_000_000)
    async with database.transaction() as tx:
        await AlertService(tx).check([product.id])
    await run_jobs()

    told = await mails()
    assert sum(text.count("ahora $ 40.000") for *_, text in told) == len(rows)
    assert len(told) == 3
