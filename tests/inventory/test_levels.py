"""Setting and adjusting stock by hand: never below what orders hold, always with a reason."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from mestore.catalog.errors import VariantNotFound
from mestore.inventory.errors import BelowReserved, LevelMoved, LevelTooHigh
from mestore.inventory.models import StockLevel, StockLocation, StockMovement
from mestore.inventory.service import InventoryService
from mestore.inventory.service.opening import OpeningStockBook
from mestore.inventory.types import Demand, MovementKind, NewLevel
from mestore.inventory.views import check
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.build import Build, BuiltProduct, BuiltUser


async def adjust(
    database: Database,
    variant_id: UUID,
    delta: int,
    actor: BuiltUser | None = None,
    location: str | None = None,
) -> None:
    async with database.transaction() as tx:
        await InventoryService(tx).adjust(
            variant_id,
            delta,
            reason="counted",
            actor_id=actor.id if actor else None,
            location=location,
        )


async def set_levels(database: Database, *levels: NewLevel) -> None:
    async with database.transaction() as tx:
        await InventoryService(tx).set_levels(levels, actor_id=None)


async def reserve(database: Database, product: BuiltProduct, units: int) -> None:
    async with database.transaction() as tx:
        demand = Demand(product.variant_id, product.id, units)
        await InventoryService(tx).reserve(1, [demand])


async def levels_by_place(database: Database, variant_id: UUID) -> dict[str, tuple[int, int]]:
    query = (
        select(StockLocation.name, StockLevel.on_hand, StockLevel.reserved)
        .join(StockLevel, StockLevel.location_id == StockLocation.id)
        .where(StockLevel.variant_id == variant_id)
    )
    async with database.read() as connection:
        rows = await connection.execute(query)
        return {name: (on_hand, reserved) for name, on_hand, reserved in rows}


async def last_movement(database: Database) -> tuple[MovementKind, int, str, UUID | None]:
    query = select(
        StockMovement.kind,
        StockMovement.on_hand_change,
        StockMovement.reason,
        StockMovement.actor_id,
    ).order_by(StockMovement.id.desc())
    async with database.read() as connection:
        kind, change, reason, actor = (await connection.execute(query.limit(1))).one()
        return kind, change, reason, actor


async def agrees(database: Database) -> bool:
    async with database.read() as connection:
        return await check(connection) == []


async def test_an_adjustment_is_written_with_its_reason_and_actor(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=5)

    await adjust(database, product.variant_id, -2, product.vendor.owner)

    assert await build.stock_of(product.variant_id) == (3, 0)
    assert await last_movement(database) == (
        MovementKind.ADJUST,
        -2,
        "counted",
        product.vendor.owner.id,
    )
    assert await agrees(database)


async def test_an_adjustment_never_goes_below_what_orders_hold(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=5)
    await reserve(database, product, 3)

    with pytest.raises(BelowReserved) as refusal:
        await adjust(database, product.variant_id, -3)

    assert refusal.value.details["reserved"] == 3
    assert await build.stock_of(product.variant_id) == (5, 3)
    await adjust(database, product.variant_id, -2)
    assert await build.stock_of(product.variant_id) == (3, 3)


async def test_an_adjustment_cannot_overflow_the_counter(database: Database, build: Build) -> None:
    product = await build.product(stock=5)

    with pytest.raises(LevelTooHigh):
        await adjust(database, product.variant_id, 1_000_000_000)

    assert await build.stock_of(product.variant_id) == (5, 0)


async def test_parallel_adjustments_all_count(database: Database, build: Build) -> None:
    product = await build.product(stock=5)

    await asyncio.gather(*(adjust(database, product.variant_id, 1) for _ in range(20)))

    assert await build.stock_of(product.variant_id) == (25, 0)
    assert await agrees(database)


async def test_a_new_place_is_made_once_by_parallel_adjustments(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=5)

    await asyncio.gather(
        *(adjust(database, product.variant_id, 2, location="Bodega norte") for _ in range(8))
    )

    assert await levels_by_place(database, product.variant_id) == {
        "Principal": (5, 0),
        "Bodega norte": (16, 0),
    }
    assert await agrees(database)


async def test_an_adjustment_goes_where_the_variant_lies(database: Database, build: Build) -> None:
    product = await build.product(stock=5)
    await set_levels(database, NewLevel(product.variant_id, 3, "Bodega norte"))

    await adjust(database, product.variant_id, -1)
    await adjust(database, product.variant_id, -1, location="Bodega norte")

    assert await levels_by_place(database, product.variant_id) == {
        "Principal": (4, 0),
        "Bodega norte": (2, 0),
    }


async def test_levels_are_set_all_or_none(database: Database, build: Build) -> None:
    first, second = await build.product(stock=5), await build.product(stock=5)
    await reserve(database, second, 3)

    with pytest.raises(BelowReserved):
        await set_levels(database, NewLevel(first.variant_id, 9), NewLevel(second.variant_id, 2))
    assert await build.stock_of(first.variant_id) == (5, 0)

    await set_levels(database, NewLevel(first.variant_id, 9), NewLevel(second.variant_id, 3))
    assert await build.stock_of(first.variant_id) == (9, 0)
    assert await build.stock_of(second.variant_id) == (3, 3)
    assert await agrees(database)


async def test_an_expected_level_that_moved_is_refused(database: Database, build: Build) -> None:
    product = await build.product(stock=5)

    with pytest.raises(LevelMoved) as refusal:
        await set_levels(database, NewLevel(product.variant_id, 9, expected=4))

    assert (refusal.value.details["on_hand"], refusal.value.details["expected"]) == (5, 4)
    assert await build.stock_of(product.variant_id) == (5, 0)
    await set_levels(database, NewLevel(product.variant_id, 9, expected=5))
    assert await build.stock_of(product.variant_id) == (9, 0)


async def test_one_of_many_who_expect_the_same_level_wins(database: Database, build: Build) -> None:
    product = await build.product(stock=5)

    results = await asyncio.gather(
        *(
            set_levels(database, NewLevel(product.variant_id, 10 + number, expected=5))
            for number in range(8)
        ),
        return_exceptions=True,
    )

    assert results.count(None) == 1
    assert sum(isinstance(result, LevelMoved) for result in results) == 7
    won = results.index(None)
    assert await build.stock_of(product.variant_id) == (10 + won, 0)


async def test_an_unknown_variant_has_no_level(database: Database) -> None:
    with pytest.raises(VariantNotFound):
        await adjust(database, uuid7(), 1)
    with pytest.raises(VariantNotFound):
        await set_levels(database, NewLevel(uuid7(), 1))


async def test_a_vendors_first_goods_make_its_main_place_once(
    database: Database, build: Build
) -> None:
    vendor = await build.vendor()
    products = [await build.product(vendor=vendor, stock=0) for _ in range(6)]
    async with database.transaction() as tx:
        await tx.connection.execute(delete(StockLevel))
        await tx.connection.execute(delete(StockLocation))
    book = OpeningStockBook()

    async def open_shop(product: BuiltProduct) -> None:
        async with database.transaction() as tx:
            levels = {product.variant_id: 4}
            await book.put(tx, vendor.id, product.id, levels, vendor.owner.id)

    await asyncio.gather(*(open_shop(product) for product in products))

    for product in products:
        assert await levels_by_place(database, product.variant_id) == {"Principal": (4, 0)}
    async with database.read() as connection:
        places = (await connection.execute(select(StockLocation.name))).scalars().all()
    assert list(places) == ["Principal"]
    assert await agrees(database)


async def test_nothing_is_written_for_goods_that_are_not_there_yet(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=0)
    async with database.transaction() as tx:
        await tx.connection.execute(delete(StockLevel))
        book = OpeningStockBook()
        levels = {product.variant_id: 0}
        await book.put(tx, product.vendor.id, product.id, levels, product.vendor.owner.id)

    assert await levels_by_place(database, product.variant_id) == {}


async def test_the_catalogue_sets_the_stock_of_a_single_variant(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=5)
    async with database.transaction() as tx:
        await OpeningStockBook().set(
            tx, product.vendor.id, product.id, product.variant_id, 8, product.vendor.owner.id
        )
        touched = set(tx.touched)

    assert await build.stock_of(product.variant_id) == (8, 0)
    assert await last_movement(database) == (MovementKind.SET, 3, "set", product.vendor.owner.id)
    assert touched == {f"product:{product.id}"}
