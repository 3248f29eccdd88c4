"""Promising units to orders: never more than there are, all lines or none, no deadlocks."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import insert, select

from mestore.inventory.errors import InsufficientStock
from mestore.inventory.models import Reservation, StockLevel, StockLocation, StockMovement
from mestore.inventory.service import Availability, InventoryService
from mestore.inventory.types import Demand, MovementKind, ReservationState
from mestore.inventory.views import check
from mestore.kernel.clock import now
from mestore.kernel.db import Database, inserted_id
from mestore.kernel.ids import uuid7
from tests.build import Build, BuiltProduct


async def reserve(database: Database, order_id: int, demands: Sequence[Demand]) -> None:
    async with database.transaction() as tx:
        await InventoryService(tx).reserve(order_id, demands)


def demand(product: BuiltProduct, quantity: int) -> Demand:
    return Demand(product.variant_id, product.id, quantity)


async def findings(database: Database) -> list[str]:
    async with database.read() as connection:
        return await check(connection)


async def movements(database: Database) -> list[tuple[MovementKind, int, int, int | None]]:
    query = select(
        StockMovement.kind,
        StockMovement.on_hand_change,
        StockMovement.reserved_change,
        StockMovement.order_id,
    ).order_by(StockMovement.id)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(query)]  # type: ignore[misc]


async def second_level(database: Database, product: BuiltProduct, units: int) -> int:
    """Put more units of a product at another place of its vendor."""
    moment = now()
    async with database.transaction() as tx:
        place = {"vendor_id": product.vendor.id, "name": "Bodega norte", "created_at": moment}
        location = await inserted_id(tx.connection, insert(StockLocation), place)
        level = {
            "variant_id": product.variant_id,
            "product_id": product.id,
            "location_id": location,
            "on_hand": units,
            "reserved": 0,
            "updated_at": moment,
        }
        level_id = await inserted_id(tx.connection, insert(StockLevel), level)
        first = {
            "level_id": level_id,
            "kind": MovementKind.SET,
            "on_hand_change": units,
            "reserved_change": 0,
            "reason": "first stock",
            "created_at": moment,
        }
        await tx.connection.execute(insert(StockMovement), first)
    return level_id


async def promised(database: Database, order_id: int) -> dict[int, int]:
    query = select(Reservation.level_id, Reservation.quantity).where(
        Reservation.order_id == order_id, Reservation.state == ReservationState.LIVE
    )
    async with database.read() as connection:
        return {level: quantity for level, quantity in await connection.execute(query)}


async def test_a_reservation_lowers_what_is_free_and_is_written_down(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=10)

    await reserve(database, 7, [demand(product, 4)])

    assert await build.stock_of(product.variant_id) == (10, 4)
    assert await promised(database, 7) == {product.level_id: 4}
    assert await movements(database) == [
        (MovementKind.SET, 10, 0, None),
        (MovementKind.RESERVE, 0, 4, 7),
    ]
    async with database.read() as connection:
        free = await Availability(connection).of([product.variant_id])
    assert free == {product.variant_id: 6}
    assert await findings(database) == []


async def test_lines_of_one_variant_are_summed_before_they_are_checked(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=5)

    with pytest.raises(InsufficientStock) as refusal:
        await reserve(database, 1, [demand(product, 3), demand(product, 3)])

    assert refusal.value.details["lines"] == [
        {"variant_id": str(product.variant_id), "requested": 6, "available": 5}
    ]
    await reserve(database, 2, [demand(product, 3), demand(product, 2)])
    assert await build.stock_of(product.variant_id) == (5, 5)


async def test_a_refusal_lists_every_short_line_and_changes_nothing(
    database: Database, build: Build
) -> None:
    enough, short, gone = [await build.product(stock=stock) for stock in (9, 2, 0)]
    unknown = uuid7()
    demands = [demand(enough, 1), demand(short, 3), demand(gone, 1), Demand(unknown, unknown, 1)]

    with pytest.raises(InsufficientStock) as refusal:
        await reserve(database, 1, demands)

    assert refusal.value.details["lines"] == [
        {"variant_id": str(short.variant_id), "requested": 3, "available": 2},
        {"variant_id": str(gone.variant_id), "requested": 1, "available": 0},
        {"variant_id": str(unknown), "requested": 1, "available": 0},
    ]
    for product, stock in ((enough, 9), (short, 2), (gone, 0)):
        assert await build.stock_of(product.variant_id) == (stock, 0)
    assert await promised(database, 1) == {}


async def test_fifty_buyers_of_ten_units_get_exactly_ten(database: Database, build: Build) -> None:
    product = await build.product(stock=10)

    results = await asyncio.gather(
        *(reserve(database, order, [demand(product, 1)]) for order in range(1, 51)),
        return_exceptions=True,
    )

    refused = [result for result in results if isinstance(result, InsufficientStock)]
    assert [result for result in results if result not in refused] == [None] * 10
    assert len(refused) == 40
    assert refused[-1].details["lines"][0]["available"] == 0
    assert await build.stock_of(product.variant_id) == (10, 10)
    assert await findings(database) == []


async def test_orders_with_the_same_lines_in_opposite_order_do_not_deadlock(
    database: Database, build: Build
) -> None:
    products = [await build.product(stock=60) for _ in range(4)]

    results = await asyncio.gather(
        *(
            reserve(
                database, order, [demand(product, 1) for product in products[:: 1 - order % 2 * 2]]
            )
            for order in range(1, 61)
        ),
        return_exceptions=True,
    )

    assert results == [None] * 60
    for product in products:
        assert await build.stock_of(product.variant_id) == (60, 60)


async def test_orders_and_their_ends_do_not_deadlock(database: Database, build: Build) -> None:
    products = [await build.product(stock=40) for _ in range(3)]

    async def come_and_go(order: int) -> bool:
        await reserve(database, order, [demand(product, 1) for product in reversed(products)])
        async with database.transaction() as tx:
            service = InventoryService(tx)
            return await (service.take(order) if order % 2 else service.release(order))

    assert await asyncio.gather(*(come_and_go(order) for order in range(1, 41))) == [True] * 40
    for product in products:
        assert await build.stock_of(product.variant_id) == (20, 0)
    assert await findings(database) == []


async def test_one_location_with_enough_is_preferred(database: Database, build: Build) -> None:
    product = await build.product(stock=2)
    other = await second_level(database, product, 5)

    await reserve(database, 1, [demand(product, 3)])
    await reserve(database, 2, [demand(product, 2)])

    assert await promised(database, 1) == {other: 3}
    assert await promised(database, 2) == {product.level_id: 2}


async def test_a_line_is_split_where_no_location_has_enough(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=3)
    other = await second_level(database, product, 5)

    await reserve(database, 1, [demand(product, 7)])
    with pytest.raises(InsufficientStock) as refusal:
        await reserve(database, 2, [demand(product, 2)])

    assert await promised(database, 1) == {product.level_id: 2, other: 5}
    assert refusal.value.details["lines"][0]["available"] == 1
    assert await build.stock_of(product.variant_id) == (8, 7)


async def test_rivals_over_two_locations_get_every_unit_and_no_more(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=7)
    await second_level(database, product, 8)

    results = await asyncio.gather(
        *(reserve(database, order, [demand(product, 3)]) for order in range(1, 21)),
        return_exceptions=True,
    )

    refused = [result for result in results if isinstance(result, InsufficientStock)]
    assert (results.count(None), len(refused)) == (5, 15)
    assert await build.stock_of(product.variant_id) == (15, 15)
    assert await findings(database) == []


async def test_availability_is_one_statement_for_any_number_of_variants(
    database: Database, build: Build, statements: list[str]
) -> None:
    product = await build.product(stock=4, variants=9)
    never_stocked = uuid7()
    wanted = [product.variant_id, *product.variant_ids, never_stocked]

    statements.clear()
    async with database.read() as connection:
        free = await Availability(connection).of(wanted)

    assert free == dict.fromkeys(wanted[:-1], 4) | {never_stocked: 0}
    assert len(statements) == 1


@pytest.mark.parametrize("lines", [1, 10, 50])
async def test_reserving_takes_four_statements_and_one_a_level(
    database: Database, build: Build, statements: list[str], lines: int
) -> None:
    vendor = await build.vendor()
    products = [await build.product(stock=2, vendor=vendor) for _ in range(lines)]

    statements.clear()
    await reserve(database, 1, [demand(product, 1) for product in products])

    begin = 1 if database.dialect == "sqlite" else 0
    assert len(statements) == begin + lines + 4
