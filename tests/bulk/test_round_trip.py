"""Products that go out and come in again: nothing changes, whatever is in them."""

import csv
import io
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from mestore.catalog.models import Category, Product, ProductPrice, Variant
from mestore.catalog.service.upsert import upsert_products
from mestore.catalog.types import NewVariant, UpsertRow
from mestore.inventory.models import StockLevel, StockMovement
from mestore.inventory.service.opening import OpeningStockBook
from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from mestore.vendors.types import SellingVendor, VendorStatus
from tests.build import Build, BuiltCategory
from tests.bulk.calls import Importer, RunJobs, counts
from tests.conftest import AsUser

MANY = 1000
WORDS = (
    "Piñata de Bogotá",
    'Taza "grande", azul; con oreja',
    "Línea uno\nlínea dos\r\nlínea tres",
    "=1+1",
    "'=comilla",
    "-oferta",
    "@casa",
    "+más",
    "#N/A",
    "_x0041_ no es A",
    "emoji 🎉 y 中文",
    "''",
    "null",
    "true",
    "007",
    "1e5",
)
TABLES = (Product, Variant, ProductPrice, StockLevel, StockMovement, Category)


def varied(number: int, category: BuiltCategory) -> UpsertRow:
    """Return a product that says odd things; no two kinds of oddness go together by chance."""
    word = WORDS[number % len(WORDS)]
    line = word.replace("\r", " ").replace("\n", " ")
    fields: dict[str, Any] = {
        "sku": f"{line[:20]}-{number}",
        "name": f"{line} {number}",
        "price_minor": 100 * number + number % 100,
        "cost_price_minor": number if number % 3 else None,
        "compare_at_price_minor": 10_000_000 + number if number % 5 == 0 else None,
        "description": (word, None, "", "<b>x</b>\ty\x01")[number % 4],
        "short_description": ("", word, None)[number % 3],
        "tax_rate": (0, 5, 19)[number % 3],
        "category": category.slug if number % 2 else None,
        "brand": (None, line, "Ñandú")[number % 3],
        "tags": ([], ["a|b", "c"], ["[x]", "sí"], ["=x", "normal"], [line[:50]])[number % 5],
        "weight_grams": (None, 1, 850, 12_345, 2000)[number % 5],
        "dimensions": (None, {"length": 10, "width": 2.5, "height": 0.1})[number % 2],
        "is_visible": number % 7 != 0,
        "seo_title": (None, line, "")[number % 3],
        "videos": ([], ["https://example.com/a?b=1|2", "https://example.com/v"])[number % 2],
        "metadata": ({}, {"a": [1, 2.5, None, True], "=b": word}, {"n": 10**20})[number % 3],
        "track_inventory": number % 4 != 0,
        "low_stock_threshold": number % 20,
    }
    variants: tuple[NewVariant, ...] = ()
    if number % 6 == 0:
        variants = (
            NewVariant(f"V-{number}-1", title=line[:100], option1="Rojo", stock=number % 3),
            NewVariant(f"=V-{number}-2", option2=line[:100], price_minor=5_000_050, barcode="007"),
        )
    return UpsertRow(fields, variants, stock=number % 4)  # type: ignore[arg-type]


async def stocked(importer: Importer, database: Database, build: Build, count: int) -> None:
    """Give the vendor so many varied products."""
    category, vendor = await build.category(), importer.vendor
    seller = SellingVendor(vendor.id, vendor.owner.id, "Shop", VendorStatus.APPROVED, True)
    rows = [varied(number, category) for number in range(count)]
    for start in range(0, count, 500):
        async with database.transaction() as tx:
            part = rows[start : start + 500]
            await upsert_products(tx, seller, part, levels=OpeningStockBook())
    await importer.run_jobs()


async def contents(database: Database) -> dict[str, list[str]]:
    """Return the rows of every table that an import could write."""
    found = {}
    async with database.read() as connection:
        for model in TABLES:
            rows = await connection.execute(select(Base.metadata.tables[model.__tablename__]))
            found[model.__tablename__] = sorted(repr(tuple(row)) for row in rows)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
async def test_an_export_imported_again_changes_nothing(
    importer: Importer, database: Database, build: Build, form: str
) -> None:
    await stocked(importer, database, build, MANY)
    before = await contents(database)
    exported = await importer.export(form)
    job = await importer.job(exported)
    assert (job["state"], await importer.report(job)) == ("DONE", [])
    assert counts(job) == (0, 0, MANY, 0)
    assert await contents(database) == before
    assert await importer.export(form) == exported or form == "xlsx"


async def test_an_edit_goes_on_waiting_when_the_product_is_imported_as_it_is(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, run_jobs: RunJobs
) -> None:
    product = await build.product(vendor=await build.vendor(is_trusted=False), name="Taza")
    vendor = product.vendor
    importer = Importer(client, await as_user(vendor.owner), vendor, run_jobs)
    path = f"/products/{product.id}"
    await client.patch(path, json={"name": "Taza azul"}, headers=importer.headers)
    job = await importer.job(await importer.export("csv"))
    assert counts(job) == (0, 0, 1, 0)
    own = (await client.get(path, headers=importer.headers)).json()
    assert own["pending_changes"] == {"name": "Taza azul"}


async def test_no_spreadsheet_runs_what_is_exported(
    importer: Importer, database: Database, build: Build
) -> None:
    await stocked(importer, database, build, len(WORDS))
    text = (await importer.export("csv")).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert any(cell.startswith("'=1+1") for cell in cells)


async def test_an_export_is_of_what_was_asked_for(
    importer: Importer, build: Build, client: httpx2.AsyncClient
) -> None:
    category = await build.category()
    mine = await build.product(vendor=importer.vendor, category=category)
    await build.product(vendor=importer.vendor, approved=False)
    await build.product()
    query = {"status": "APPROVED", "category": category.slug}
    text = (await importer.export("csv", **query)).decode("utf-8-sig")
    assert [row["sku"] for row in csv.DictReader(io.StringIO(text))] == [mine.sku]
    answer = await client.get("/products/export?format=pdf", headers=importer.headers)
    assert answer.status_code == 422


async def test_a_main_place_of_another_name_goes_out_and_comes_in(
    importer: Importer, build: Build, client: httpx2.AsyncClient
) -> None:
    product = await build.product(vendor=importer.vendor, stock=7)
    place = f"/inventory/locations/{importer.vendor.location_id}"
    await client.put(place, headers=importer.headers, json={"name": "Cali"})

    exported = await importer.export("csv")
    same = await importer.job(exported)
    counted = await importer.job(f"sku,stock\n{product.sku},5\n".encode())

    (row,) = csv.DictReader(io.StringIO(exported.decode("utf-8-sig")))
    assert row["stock"] == "7"
    assert (counts(same), counts(counted)) == ((0, 0, 1, 0), (0, 1, 0, 0))
    assert (await client.get(f"/products/{product.id}")).json()["stock"] == 5


async def test_an_export_takes_the_same_statements_for_every_page(
    importer: Importer, database: Database, build: Build, statements: list[str]
) -> None:
    await stocked(importer, database, build, 10)
    statements.clear()
    await importer.export("csv")
    few = len(statements)
    await stocked(importer, database, build, 200)
    statements.clear()
    await importer.export("csv")
    assert len(statements) == few
