"""Files of products: judged as a whole, then written once, in every form."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from mestore.accounts.types import UserType
from mestore.bulk.models import BulkJob
from mestore.catalog.models import Product
from mestore.inventory.models import StockMovement
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job
from mestore.vendors.types import VendorStatus
from tests.build import Build
from tests.bulk.calls import HEADER, Importer, RunJobs, counts, csv_of, mugs, xlsx_of
from tests.catalog.bodies import code as refusal
from tests.catalog.bodies import offered
from tests.conftest import AsUser


async def products(database: Database) -> dict[str, Any]:
    """Return the products by SKU: price and version."""
    query = select(Product.sku, Product.price_minor, Product.version)
    async with database.read() as connection:
        return {row.sku: (row.price_minor, row.version) for row in await connection.execute(query)}


def as_json(rows: list[list[Any]]) -> bytes:
    """Return a table as a JSON file."""
    header, *others = rows
    listed = [dict(zip(header, row, strict=True)) for row in others]
    return json.dumps({"products": listed}).encode()


@pytest.mark.parametrize("form", [csv_of, xlsx_of, as_json])
async def test_products_are_added_changed_and_left_alone(
    importer: Importer, database: Database, form: Callable[[list[list[Any]]], bytes]
) -> None:
    first = await importer.job(form(mugs(3)))
    assert (first["state"], counts(first), first["report"]) == ("DONE", (3, 0, 0, 0), None)
    changed = mugs(4)
    changed[1][2] = 9999.5
    second = await importer.job(form(changed))
    assert counts(second) == (1, 1, 2, 0)
    assert (second["rows_total"], second["rows_done"], second["rows_checked"]) == (4, 4, 4)
    found = await products(database)
    assert found == {
        "T-0": (999950, 2),
        "T-1": (1200000, 1),
        "T-2": (1200000, 1),
        "T-3": (1200000, 1),
    }


async def test_one_bad_row_leaves_everything_as_it_was(
    importer: Importer, database: Database
) -> None:
    rows = mugs(3)
    rows[2][2] = "caro"
    rows[3][0] = "T-0"
    job = await importer.job(csv_of(rows))
    assert (job["state"], counts(job)) == ("FAILED", (0, 0, 0, 2))
    report = await importer.report(job)
    assert [(line["row"], line["field"], line["code"]) for line in report] == [
        ("3", "price", "DECIMAL_PARSING"),
        ("4", "sku", "SKU_TWICE"),
    ]
    assert await products(database) == {}


@pytest.mark.parametrize("price", ["12.000", "12,000", "$ 12000", "1.200.000,50", "12000.505"])
async def test_a_price_that_people_read_otherwise_than_programs_is_refused(
    importer: Importer, database: Database, price: str
) -> None:
    rows = mugs(2)
    rows[2][2] = price
    report = await importer.report(await importer.job(csv_of(rows)))
    assert [(line["row"], line["field"], line["code"]) for line in report] == [
        ("3", "price", "BAD_CELL")
    ]
    assert "12000.50" in report[0]["issue"]
    assert await products(database) == {}


def mug(*variants: tuple[str, str], name: str = "Taza") -> bytes:
    """Return a file of one mug in these colours."""
    colours = [{"sku": sku, "option1": colour} for sku, colour in variants]
    listed = [{"sku": "T", "name": name, "price": 12000, "variants": colours}]
    return json.dumps({"products": listed}).encode()


async def test_variants_of_a_file_differ_in_their_options(
    importer: Importer, database: Database
) -> None:
    async def codes(content: bytes) -> list[str]:
        job = await importer.job(content)
        return [line["code"] for line in await importer.report(job)] if job["report"] else []

    assert await codes(mug(("T-R", "Rojo"), ("T-2", "rojo"))) == ["OPTIONS_TAKEN"]
    assert await products(database) == {}
    assert await codes(mug(("T-R", "Rojo"), ("T-A", "Azul"))) == []
    assert await codes(mug(("T-2", "ROJO"))) == ["OPTIONS_TAKEN"]
    # They may change places, in one file.
    assert await codes(mug(("T-R", "Azul"), ("T-A", "Rojo"))) == []
    assert await codes(mug(("T-R", "Azul"), name="Taza grande")) == []


async def test_bad_rows_stay_out_where_that_was_wanted(
    importer: Importer, database: Database
) -> None:
    rows = mugs(3)
    rows[2][1] = ""
    job = await importer.job(csv_of(rows), on_error="skip")
    assert (job["state"], counts(job)) == ("DONE", (2, 0, 0, 1))
    assert (await importer.report(job))[0]["row"] == "3"
    assert set(await products(database)) == {"T-0", "T-2"}


async def test_a_dry_run_counts_and_writes_nothing(importer: Importer, database: Database) -> None:
    await importer.job(csv_of(mugs(2)))
    before = await products(database)
    rows = mugs(3, price=500)
    rows[1][2] = 12000
    job = await importer.job(csv_of(rows), dry_run=True)
    assert (job["state"], counts(job), job["rows_done"]) == ("DONE", (1, 1, 1, 0), 0)
    assert await products(database) == before


async def test_a_shop_that_may_not_sell_learns_so_before_its_file_is_judged(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    database: Database,
) -> None:
    vendor = await build.vendor(status=VendorStatus.PENDING)
    importer = Importer(client, await as_user(vendor.owner), vendor, run_jobs)
    for dry_run in (True, False):
        answer = await importer.send(csv_of(mugs(3)), dry_run=dry_run)
        assert refusal(answer) == (403, "SHOP_NOT_OPEN")
    async with database.read() as connection:
        assert (await connection.execute(select(func.count(BulkJob.id)))).scalar_one() == 0


async def test_an_old_address_does_not_pass_to_a_rival(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, importer: Importer
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    path, old = f"/products/{product['id']}", product["slug"]
    assert (await client.patch(path, headers=headers, json={"slug": "nueva"})).status_code == 200

    rival = await as_user((await build.vendor()).owner)
    same_name = await offered(client, rival)
    await importer.job(csv_of([["sku", "name", "price"], ["T", product["name"], 1000]]))
    (imported,) = (await client.get("/products/my-products", headers=importer.headers)).json()[
        "products"
    ]
    assert old not in {same_name["slug"], imported["slug"]}
    asked = {"slug": old}
    refused = await client.patch(f"/products/{same_name['id']}", headers=rival, json=asked)
    assert refusal(refused) == (409, "SLUG_TAKEN")

    # Its own it may have back, and who is gone holds none.
    assert (await client.patch(path, headers=headers, json={"slug": old})).status_code == 200
    assert (await client.delete(path, headers=headers)).status_code == 204
    taken = await client.patch(f"/products/{same_name['id']}", headers=rival, json=asked)
    assert taken.status_code == 200, taken.text


@pytest.mark.parametrize(
    ("mode", "code"), [("create", "SKU_TAKEN"), ("update", "PRODUCT_NOT_FOUND")]
)
async def test_a_mode_says_which_products_are_meant(
    importer: Importer, database: Database, mode: str, code: str
) -> None:
    await importer.job(csv_of(mugs(1)))
    job = await importer.job(csv_of(mugs(2, price=5)), mode=mode)
    assert job["state"] == "FAILED"
    assert [line["code"] for line in await importer.report(job)] == [code]
    assert await products(database) == {"T-0": (1200000, 1)}


async def test_what_only_the_catalogue_knows_is_found_before_anything_is_written(
    importer: Importer, database: Database, build: Build
) -> None:
    await importer.job(csv_of(mugs(3)))
    rows = [["sku", "compare_at_price"], ["T-0", 99999], ["T-1", 5], ["T-2", 99999]]
    job = await importer.job(csv_of(rows))
    assert job["state"] == "FAILED"
    assert [(line["row"], line["code"]) for line in await importer.report(job)] == [
        ("3", "COMPARE_AT_PRICE_TOO_LOW")
    ]
    assert [version for _, version in (await products(database)).values()] == [1, 1, 1]


async def test_an_unknown_column_is_refused_by_its_name(importer: Importer) -> None:
    job = await importer.job(csv_of([["sku", "nombre"], ["T-1", "Taza"]]))
    (line,) = await importer.report(job)
    assert (line["field"], line["code"]) == ("nombre", "UNKNOWN_COLUMN")
    job = await importer.job(b'{"products": [{"sku": "T-1", "color": "rojo"}]}')
    (line,) = await importer.report(job)
    assert (line["row"], line["field"], line["code"]) == ("1", "color", "UNKNOWN_FIELD")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
async def test_texts_of_every_spreadsheet_are_read(
    importer: Importer, database: Database, encoding: str
) -> None:
    rows = [HEADER, ["Ñ-1", "Piñata «grande»; azul, €", "45000,5", "7"]]
    job = await importer.job(csv_of(rows, delimiter=";", encoding=encoding))
    assert counts(job) == (1, 0, 0, 0)
    async with database.read() as connection:
        found = (await connection.execute(select(Product.name, Product.price_minor))).one()
    assert tuple(found) == ("Piñata «grande»; azul, €", 4500050)


async def test_a_category_is_named_by_slug_or_id(importer: Importer, build: Build) -> None:
    category = await build.category()
    rows = [["sku", "name", "price", "category"]]
    rows += [["C-1", "Uno", "1", category.slug], ["C-2", "Dos", "2", str(category.id)]]
    assert counts(await importer.job(csv_of(rows))) == (2, 0, 0, 0)
    rows[2] = ["C-3", "Tres", "3", "no-such"]
    report = await importer.report(await importer.job(csv_of(rows)))
    assert [(line["row"], line["code"]) for line in report] == [("3", "UNKNOWN_CATEGORY")]


async def test_variants_are_rows_under_their_product(
    importer: Importer, database: Database
) -> None:
    header = ["product_sku", "sku", "name", "price", "stock", "title", "barcode"]
    header += ["option1", "option2", "option3"]
    rows = [
        header,
        ["", "CAM", "Camisa", "50000", "1", "", "", "", "", ""],
        ["CAM", "CAM-R", "", "", "4", "Roja", "770", "Rojo", "", ""],
        ["CAM", "CAM-A", "", "60000", "0", "Azul", "", "Azul", "", ""],
    ]
    assert counts(await importer.job(csv_of(rows))) == (1, 0, 0, 0)
    assert counts(await importer.job(csv_of(rows))) == (0, 0, 1, 0)
    rows[2][4] = "0"
    assert counts(await importer.job(csv_of(rows))) == (0, 1, 0, 0)
    exported = json.loads(await importer.export("json"))
    (shirt,) = exported["products"]
    assert [(each["sku"], each["price"], each["stock"]) for each in shirt["variants"]] == [
        ("CAM-R", None, 0),
        ("CAM-A", 60000, None),
    ]
    orphan = [header, ["NO", "NO-R", "", "", "1", "", "", "", "", ""]]
    (line,) = await importer.report(await importer.job(csv_of(orphan)))
    assert (line["row"], line["code"]) == ("2", "PRODUCT_MISSING")


async def test_files_give_a_product_no_more_variants_than_it_may_have(importer: Importer) -> None:
    def shirts(*numbers: int) -> bytes:
        variants = [{"sku": f"V-{number}", "option1": f"{number}"} for number in numbers]
        shirt = {"sku": "A", "name": "Camisa", "price": 50000, "variants": variants}
        return json.dumps({"products": [shirt]}).encode()

    assert counts(await importer.job(shirts(*range(100)))) == (1, 0, 0, 0)
    job = await importer.job(shirts(99, 100))
    assert (job["state"], counts(job)) == ("FAILED", (0, 0, 0, 1))
    (line,) = await importer.report(job)
    assert (line["row"], line["code"]) == ("1", "TOO_MANY_VARIANTS")
    assert counts(await importer.job(await importer.export("json"))) == (0, 0, 1, 0)


async def test_an_import_is_begun_once_per_key(importer: Importer, database: Database) -> None:
    first = await importer.send(csv_of(mugs(1)), key="import-1")
    again = await importer.send(csv_of(mugs(1)), key="import-1")
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert first.headers["location"] == f"/api/v1/jobs/{first.json()['id']}"
    other = await importer.send(csv_of(mugs(2)), key="import-1")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    async with database.read() as connection:
        assert (await connection.execute(select(func.count(BulkJob.id)))).scalar_one() == 1


async def test_json_may_be_the_body(importer: Importer) -> None:
    body = {"products": [{"sku": "J-1", "name": "Jarra", "price": 1000.5, "tags": ["a"]}]}
    answer = await importer.client.post(
        "/products/bulk-import", json=body, headers=importer.headers
    )
    assert answer.status_code == 202, answer.text
    await importer.run_jobs()
    assert counts(await importer.state(answer.json()["id"])) == (1, 0, 0, 0)


async def test_jobs_are_their_owners_and_the_staffs(
    importer: Importer, build: Build, as_user: AsUser, client: httpx2.AsyncClient
) -> None:
    job = await importer.job(csv_of(mugs(1)))
    other = await as_user((await build.vendor()).owner)
    admin = await as_user(await build.user(UserType.ADMIN))
    path = f"/jobs/{job['id']}"
    for suffix in ("", "/report"):
        assert (await client.get(path + suffix, headers=other)).status_code == 404
        assert (await client.get(path + suffix, headers=admin)).status_code == 200
    assert (await client.delete(path, headers=other)).status_code == 404
    ended = await client.delete(path, headers=importer.headers)
    assert (ended.status_code, ended.json()["code"]) == (409, "JOB_ENDED")
    listed = (await client.get("/jobs", headers=importer.headers)).json()
    assert [each["id"] for each in listed["jobs"]] == [job["id"]]
    assert listed["pagination"]["total"] == 1
    assert (await client.get("/jobs", headers=other)).json()["jobs"] == []


async def test_staff_import_for_a_vendor(
    importer: Importer, build: Build, as_user: AsUser, database: Database, run_jobs: RunJobs
) -> None:
    admin = await as_user(await build.user(UserType.ADMIN))
    staff = Importer(importer.client, admin, importer.vendor, run_jobs)
    missing = await staff.send(csv_of(mugs(1)))
    assert (missing.status_code, missing.json()["code"]) == (422, "VENDOR_REQUIRED")
    assert counts(await staff.job(csv_of(mugs(1)), vendor_id=importer.vendor.id)) == (1, 0, 0, 0)
    stranger = await build.vendor()
    refused = await importer.send(csv_of(mugs(1)), vendor_id=stranger.id)
    assert refused.status_code == 404
    async with database.read() as connection:
        assert (await connection.execute(select(Product.vendor_id))).scalars().all() == [
            importer.vendor.id
        ]


async def test_movements_of_an_import_name_who_sent_it(
    importer: Importer, build: Build, as_user: AsUser, database: Database, run_jobs: RunJobs
) -> None:
    operator = await build.user(UserType.ADMIN)
    staff = Importer(importer.client, await as_user(operator), importer.vendor, run_jobs)
    shop = importer.vendor.id
    await importer.job(csv_of(mugs(1)))
    await staff.job(csv_of(mugs(2, price=13000)), vendor_id=shop)
    for delta in (["", 2], [9, ""]):
        rows = [["sku", "quantity", "delta"], ["T-0", *delta]]
        await staff.job(csv_of(rows), to="/inventory/import", vendor_id=shop)
    async with database.read() as connection:
        told = select(StockMovement.actor_id).order_by(StockMovement.id)
        found = (await connection.execute(told)).scalars().all()
    assert found == [importer.vendor.owner.id, *[operator.id] * 3]


async def test_a_cancelled_job_writes_no_further_chunk(
    importer: Importer, database: Database
) -> None:
    sent = await importer.send(csv_of(mugs(1)))
    path = f"/jobs/{sent.json()['id']}"
    cancelled = await importer.client.delete(path, headers=importer.headers)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "CANCELLED")
    await importer.run_jobs()
    assert await products(database) == {}
    async with database.read() as connection:
        dead = select(Job.handler).where(Job.error.is_not(None))
        assert (await connection.execute(dead)).all() == []
