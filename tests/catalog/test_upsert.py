"""Many products at once by SKU, their stock and prices; ratings that rivals change."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from mestore.catalog.errors import ProductNotFound, SkuTaken, UnknownCategory
from mestore.catalog.models import Product, ProductChange, ProductPrice, Variant
from mestore.catalog.service.products import CatalogService
from mestore.catalog.service.upsert import upsert_products
from mestore.catalog.types import NewVariant, UpsertResult, UpsertRow
from mestore.inventory.errors import BelowReserved
from mestore.inventory.service import InventoryService
from mestore.inventory.service.opening import OpeningStockBook
from mestore.inventory.types import Demand
from mestore.inventory.views import check
from mestore.kernel.db import Database
from mestore.vendors.types import SellingVendor, VendorStatus
from tests.build import Build, BuiltVendor


def seller(vendor: BuiltVendor, *, is_trusted: bool = True) -> SellingVendor:
    return SellingVendor(
        vendor.id, vendor.owner.id, vendor.business_name, VendorStatus.APPROVED, is_trusted
    )


def row(number: int, *, price: int = 100_00, stock: int | None = 3, **more: object) -> UpsertRow:
    fields = {"sku": f"S-{number}", "name": f"Taza {number}", "price_minor": price} | more
    return UpsertRow(fields, stock=stock)  # type: ignore[arg-type]


async def upsert(
    database: Database, vendor: BuiltVendor, rows: list[UpsertRow], *, is_trusted: bool = True
) -> list[UpsertResult]:
    by = seller(vendor, is_trusted=is_trusted)
    async with database.transaction() as tx:
        return await upsert_products(tx, by, rows, levels=OpeningStockBook())


async def test_new_products_are_written_and_the_same_rows_again_change_nothing(
    build: Build, database: Database
) -> None:
    vendor = await build.vendor()
    rows = [row(number) for number in range(5)]
    first = await upsert(database, vendor, rows)
    again = await upsert(database, vendor, rows)
    assert [(result.sku, result.created) for result in first] == [
        (f"S-{number}", True) for number in range(5)
    ]
    assert again == [UpsertResult(each.sku, each.product_id, None) for each in first]
    async with database.read() as connection:
        assert await check(connection) == []
        variants = (await connection.execute(select(Variant.id))).scalars().all()
    assert [await build.stock_of(variant) for variant in variants] == [(3, 0)] * 5


async def test_what_an_untrusted_vendor_says_of_approved_products_waits(
    build: Build, database: Database
) -> None:
    vendor = await build.vendor()
    await upsert(database, vendor, [row(number) for number in range(3)])
    rows = [row(1, name="Otra taza", price=90_00), row(2, name="Plato"), row(0)]

    results = await upsert(database, vendor, rows, is_trusted=False)
    again = await upsert(database, vendor, rows, is_trusted=False)
    back = await upsert(database, vendor, [row(2)], is_trusted=False)

    assert [result.created for result in results] == [False, False, None]
    assert [result.created for result in (*again, *back)] == [None] * 4
    async with database.read() as connection:
        query = select(Product.name, Product.price_minor).order_by(Product.number)
        names = [tuple(found) for found in await connection.execute(query)]
        waiting = (await connection.execute(select(ProductChange.fields))).scalars().all()
    assert names == [("Taza 0", 100_00), ("Taza 1", 90_00), ("Taza 2", 100_00)]
    # A row that repeats what the product is, as a file does, takes no edit back.
    assert sorted(waiting, key=str) == [{"name": "Otra taza"}, {"name": "Plato"}]


async def test_what_waits_instead_makes_the_version_that_was_read_an_old_one(
    build: Build, database: Database
) -> None:
    vendor = await build.vendor()
    await upsert(database, vendor, [row(1)])
    versions = []
    for name in ("Taza buena", "Taza buena", "Taza mala"):
        await upsert(database, vendor, [row(1, name=name)], is_trusted=False)
        async with database.read() as connection:
            versions.append((await connection.execute(select(Product.version))).scalar_one())
    assert versions == [2, 2, 3]


async def test_what_waits_gives_way_to_what_applies_at_once_later(
    build: Build, database: Database
) -> None:
    vendor = await build.vendor()
    await upsert(database, vendor, [row(1), row(2)])
    waiting = [row(1, name="Vieja", brand="Marca"), row(2, name="Otra")]
    await upsert(database, vendor, waiting, is_trusted=False)

    results = await upsert(database, vendor, [row(1, name="Nueva"), row(2)])

    assert [result.created for result in results] == [False, False]
    async with database.read() as connection:
        left = (await connection.execute(select(ProductChange.fields))).scalars().all()
    assert left == [{"brand": "Marca"}]


async def test_an_existing_product_changes_what_is_named_with_its_price_history(
    build: Build, database: Database
) -> None:
    vendor, category = await build.vendor(), await build.category()
    await upsert(database, vendor, [row(1, brand="Cóndor"), row(2)])
    changed = UpsertRow(
        {"sku": "S-1", "price_minor": 90_00, "category": category.slug},
        (NewVariant("S-1-R", option1="Rojo", stock=2),),
        stock=8,
    )
    results = await upsert(database, vendor, [changed, row(2)])
    assert [result.created for result in results] == [False, None]
    async with database.read() as connection:
        query = select(Product.price_minor, Product.brand, Product.category_id, Product.version)
        found = (await connection.execute(query.where(Product.sku == "S-1"))).one()
        assert tuple(found) == (90_00, "Cóndor", category.id, 2)
        history = select(ProductPrice.price_minor, ProductPrice.until.is_(None)).where(
            ProductPrice.product_id == results[0].product_id
        )
        rows = (await connection.execute(history.order_by(ProductPrice.id))).all()
        assert [(minor, bool(is_open)) for minor, is_open in rows] == [(100_00, 0), (90_00, 1)]
        ids = select(Variant.id).where(Variant.product_id == results[0].product_id)
        variants = (await connection.execute(ids.order_by(Variant.position))).scalars().all()
        assert await check(connection) == []
    assert [await build.stock_of(variant) for variant in variants] == [(8, 0), (2, 0)]


async def test_one_bad_row_refuses_all(build: Build, database: Database) -> None:
    vendor = await build.vendor()
    with pytest.raises(UnknownCategory):
        await upsert(database, vendor, [row(1), row(2, category="no-such")])
    with pytest.raises(SkuTaken):
        await upsert(database, vendor, [row(1), row(1)])
    async with database.read() as connection:
        assert (await connection.execute(select(Product.id))).all() == []


async def test_stock_never_falls_below_what_orders_hold(build: Build, database: Database) -> None:
    vendor = await build.vendor()
    (result,) = await upsert(database, vendor, [row(1, stock=3)])
    async with database.transaction() as tx:
        query = select(Variant.id).where(Variant.product_id == result.product_id)
        variant_id = (await tx.connection.execute(query)).scalar_one()
        await InventoryService(tx).reserve(1, [Demand(variant_id, result.product_id, 2)])
    with pytest.raises(BelowReserved):
        await upsert(database, vendor, [row(1, stock=1)])
    assert await build.stock_of(variant_id) == (3, 2)


async def test_the_number_of_statements_does_not_grow_with_the_rows(
    build: Build, database: Database, statements: list[str]
) -> None:
    vendor = await build.vendor()
    counts = []
    for start, size in ((0, 2), (100, 30)):
        statements.clear()
        await upsert(database, vendor, [row(start + number) for number in range(size)])
        fresh = len(statements)
        changes = [row(start + number, price=80_00, stock=9) for number in range(size)]
        await upsert(database, vendor, changes)
        counts.append((fresh, len(statements) - fresh))
    assert counts[1][0] <= counts[0][0]
    assert counts[1][1] <= counts[0][1]


async def test_ratings_are_exact_however_many_come_at_once(
    build: Build, database: Database
) -> None:
    product = await build.product()

    async def rate(points: int, count: int = 1) -> None:
        async with database.transaction() as tx:
            await CatalogService(tx).rate(product.id, points, count)

    await asyncio.gather(*(rate(points) for points in (5, 4, 5, 3, 1, 2)))
    query = select(Product.rating_sum, Product.rating_count, Product.rating_score).where(
        Product.id == product.id
    )
    async with database.read() as connection:
        assert tuple((await connection.execute(query)).one()) == (20, 6, 333)
    await rate(-1, -1)
    await rate(0, 3)
    async with database.read() as connection:
        # 19 / 8 is 2.375: half a hundredth is rounded up.
        assert tuple((await connection.execute(query)).one()) == (19, 8, 238)
    await rate(-19, -8)
    async with database.read() as connection:
        assert tuple((await connection.execute(query)).one()) == (0, 0, 0)
    with pytest.raises(ProductNotFound):
        await rate(-1, -1)
    async with database.transaction() as tx:
        with pytest.raises(ProductNotFound):
            await CatalogService(tx).rate(UUID(int=1), 5, 1)
