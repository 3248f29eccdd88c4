"""What becomes of promised units: they leave or become free again, exactly once."""

import asyncio

import pytest
from sqlalchemy import select, update

from mestore.inventory.errors import InsufficientStock
from mestore.inventory.models import Reservation, StockLevel, StockMovement
from mestore.inventory.service import CountersDisagree, InventoryService
from mestore.inventory.types import Demand, MovementKind, ReservationState
from mestore.inventory.views import check
from mestore.kernel.db import Database
from tests.build import Build, BuiltProduct


async def reserve(database: Database, order_id: int, *wanted: tuple[BuiltProduct, int]) -> None:
    demands = [Demand(product.variant_id, product.id, units) for product, units in wanted]
    async with database.transaction() as tx:
        await InventoryService(tx).reserve(order_id, demands)


async def take(database: Database, order_id: int) -> bool:
    async with database.transaction() as tx:
        return await InventoryService(tx).take(order_id)


async def release(database: Database, order_id: int) -> bool:
    async with database.transaction() as tx:
        return await InventoryService(tx).release(order_id)


async def reclaim(database: Database, order_id: int) -> None:
    async with database.transaction() as tx:
        await InventoryService(tx).reclaim(order_id)


async def states(database: Database, order_id: int) -> list[tuple[ReservationState, int]]:
    query = select(Reservation.state, Reservation.quantity).where(Reservation.order_id == order_id)
    async with database.read() as connection:
        rows = await connection.execute(query.order_by(Reservation.level_id))
        return [(state, quantity) for state, quantity in rows]


async def history(database: Database) -> list[tuple[MovementKind, int, int]]:
    query = select(
        StockMovement.kind, StockMovement.on_hand_change, StockMovement.reserved_change
    ).order_by(StockMovement.id)
    async with database.read() as connection:
        rows = await connection.execute(query)
        return [(kind, on_hand, reserved) for kind, on_hand, reserved in rows]


async def test_taken_units_leave_once(database: Database, build: Build) -> None:
    first, second = await build.product(stock=5), await build.product(stock=5)
    await reserve(database, 1, (first, 2), (second, 3))

    assert [await take(database, 1), await take(database, 1), await release(database, 1)] == [
        True,
        False,
        False,
    ]

    assert await build.stock_of(first.variant_id) == (3, 0)
    assert await build.stock_of(second.variant_id) == (2, 0)
    assert await states(database, 1) == [(ReservationState.TAKEN, 2), (ReservationState.TAKEN, 3)]
    assert (await history(database))[-2:] == [
        (MovementKind.TAKE, -2, -2),
        (MovementKind.TAKE, -3, -3),
    ]


async def test_released_units_are_free_once(database: Database, build: Build) -> None:
    product = await build.product(stock=5)
    await reserve(database, 1, (product, 4))

    ends = [await release(database, 1), await release(database, 1), await take(database, 1)]

    assert ends == [True, False, False]
    assert await build.stock_of(product.variant_id) == (5, 0)
    assert await states(database, 1) == [(ReservationState.RELEASED, 4)]
    assert (await history(database))[-1] == (MovementKind.RELEASE, 0, -4)


async def test_an_order_that_was_promised_nothing_has_nothing_to_end(database: Database) -> None:
    assert (await take(database, 9), await release(database, 9)) == (False, False)
    assert await history(database) == []


async def test_of_payment_and_expiry_at_the_same_time_one_wins(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=20)
    for order in range(1, 11):
        await reserve(database, order, (product, 2))

    ends = await asyncio.gather(
        *(end(database, order) for order in range(1, 11) for end in (take, release, take))
    )

    assert sum(ends) == 10
    on_hand, reserved = await build.stock_of(product.variant_id)
    kept = [await states(database, order) for order in range(1, 11)]
    taken = kept.count([(ReservationState.TAKEN, 2)])
    assert (on_hand, reserved) == (20 - 2 * taken, 0)
    async with database.read() as connection:
        assert await check(connection) == []


async def test_a_released_order_can_be_promised_its_units_again(
    database: Database, build: Build
) -> None:
    product, other = await build.product(stock=5), await build.product(stock=5)
    await reserve(database, 1, (product, 4), (other, 1))
    await release(database, 1)

    await reclaim(database, 1)
    assert await take(database, 1) is True

    assert await build.stock_of(product.variant_id) == (1, 0)
    assert await states(database, 1) == [(ReservationState.TAKEN, 4), (ReservationState.TAKEN, 1)]
    async with database.read() as connection:
        assert await check(connection) == []


async def test_units_that_others_have_now_are_not_promised_again(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=5)
    await reserve(database, 1, (product, 4))
    await release(database, 1)
    await reserve(database, 2, (product, 3))

    with pytest.raises(InsufficientStock):
        await reclaim(database, 1)

    assert await build.stock_of(product.variant_id) == (5, 3)
    assert await states(database, 1) == [(ReservationState.RELEASED, 4)]


async def test_a_level_that_lost_its_count_stops_the_order_and_changes_nothing(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=5)
    await reserve(database, 1, (product, 4))
    tamper = update(StockLevel).where(StockLevel.id == product.level_id).values(reserved=1)
    async with database.transaction() as tx:
        await tx.connection.execute(tamper)

    with pytest.raises(CountersDisagree):
        await take(database, 1)

    assert await build.stock_of(product.variant_id) == (5, 1)
    assert await states(database, 1) == [(ReservationState.LIVE, 4)]
    async with database.read() as connection:
        assert await check(connection) == [
            f"stock level {product.level_id} of variant {product.variant_id}: "
            f"1 reserved, its movements add up to 4",
            f"stock level {product.level_id} of variant {product.variant_id}: "
            f"1 reserved, live reservations hold 4",
        ]


async def test_the_doctor_finds_units_that_nothing_explains(
    database: Database, build: Build, statements: list[str]
) -> None:
    sound, odd = await build.product(stock=5), await build.product(stock=5)
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(StockLevel).where(StockLevel.id == odd.level_id).values(on_hand=7)
        )

    statements.clear()
    async with database.read() as connection:
        findings = await check(connection)

    assert findings == [
        f"stock level {odd.level_id} of variant {odd.variant_id}: "
        "7 on hand, its movements add up to 5"
    ]
    # One for the counters, one for who waits.
    assert len(statements) == 2
    assert await build.stock_of(sound.variant_id) == (5, 0)
