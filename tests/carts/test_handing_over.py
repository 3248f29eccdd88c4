"""What checkout is given, and what becomes of carts that nobody comes back to."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mestore.carts import jobs
from mestore.carts.jobs import PurgeExpiredCarts, purge_expired_carts
from mestore.carts.models import Cart, CartItem
from mestore.carts.service import CartService, changed
from mestore.carts.types import CartLine, CartOwner, CartSnapshot
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job, Outbox
from tests.build import Build
from tests.conftest import MovedClock

GUEST = CartOwner(session_id="guest-0000-0001")


async def count(database: Database, table: type[Cart] | type[CartItem] | type[Job]) -> int:
    async with database.read() as connection:
        counted = await connection.execute(select(func.count()).select_from(table))
        return int(counted.scalar_one())


async def read(database: Database, owner: CartOwner) -> CartSnapshot | None:
    async with database.transaction() as tx:
        return await CartService(tx).lines(owner)


async def test_checkout_reads_the_lines_and_empties_the_cart_once(
    database: Database, build: Build
) -> None:
    product = await build.product()
    await changed(database, lambda carts: carts.add(GUEST, product.id, None, 2))

    snapshot = await read(database, GUEST)
    assert snapshot is not None
    assert snapshot.lines == (CartLine(product.id, product.variant_id, 2),)
    closed = [
        await changed(database, lambda carts: carts.close(snapshot.cart_id, snapshot.version))
        for _ in range(2)
    ]

    assert closed == [True, False]
    emptied = await read(database, GUEST)
    assert emptied == CartSnapshot(snapshot.cart_id, snapshot.version + 1, ())


async def test_a_cart_that_changed_meanwhile_is_not_emptied(
    database: Database, build: Build
) -> None:
    product = await build.product()
    await changed(database, lambda carts: carts.add(GUEST, product.id, None, 2))
    snapshot = await read(database, GUEST)
    assert snapshot is not None
    await changed(database, lambda carts: carts.add(GUEST, product.id, None, 1))

    closed = await changed(database, lambda carts: carts.close(snapshot.cart_id, snapshot.version))

    assert closed is False
    left = await read(database, GUEST)
    assert left is not None
    assert left.lines == (CartLine(product.id, product.variant_id, 3),)


async def test_one_cart_is_handed_over_to_one_of_two_checkouts(
    database: Database, build: Build
) -> None:
    product = await build.product()
    await changed(database, lambda carts: carts.add(GUEST, product.id, None, 2))
    snapshot = await read(database, GUEST)
    assert snapshot is not None

    closed = await asyncio.gather(
        *(
            changed(database, lambda carts: carts.close(snapshot.cart_id, snapshot.version))
            for _ in range(8)
        )
    )

    assert sorted(closed) == [False] * 7 + [True]


async def test_nothing_was_ever_put_in(database: Database) -> None:
    assert await read(database, GUEST) is None
    assert await count(database, Cart) == 0


async def test_a_buyers_checkout_takes_the_guests_lines_along(
    database: Database, build: Build
) -> None:
    buyer, product = await build.user(), await build.product()
    await build.cart(product, quantity=3, session_id="guest-0000-0001")

    snapshot = await read(database, CartOwner(buyer.id, "guest-0000-0001"))

    assert snapshot is not None
    assert snapshot.lines == (CartLine(product.id, product.variant_id, 3),)


async def test_carts_are_kept_a_week_for_guests_and_a_month_for_buyers(
    database: Database, build: Build, clock: MovedClock
) -> None:
    buyer, product = await build.user(), await build.product()
    for owner in (GUEST, CartOwner(buyer.id)):
        async with database.transaction() as tx:
            await CartService(tx).add(owner, product.id, None, 1)

    left = []
    for days in (6.9, 0.2, 22.8, 0.2):
        clock.advance(timedelta(days=days))
        async with database.transaction() as tx:
            await purge_expired_carts(tx, PurgeExpiredCarts())
        left.append((await count(database, Cart), await count(database, CartItem)))

    assert left == [(2, 2), (1, 1), (1, 1), (0, 0)]


async def test_a_change_makes_a_cart_live_longer(
    database: Database, build: Build, clock: MovedClock
) -> None:
    product = await build.product()
    for _ in range(2):
        await changed(database, lambda carts: carts.add(GUEST, product.id, None, 1))
        clock.advance(timedelta(days=5))
    async with database.transaction() as tx:
        await purge_expired_carts(tx, PurgeExpiredCarts())

    assert await count(database, Cart) == 1


async def test_a_long_purge_goes_on_in_another_run(
    database: Database, build: Build, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    database.outbox = Outbox({PurgeExpiredCarts: ("carts.purge_expired_carts",)})
    product = await build.product()
    for number in range(3):
        await build.cart(product, session_id=f"guest-0000-000{number}")
    clock.advance(timedelta(days=31))

    for carts_left, jobs_written in ((1, 1), (0, 1)):
        async with database.transaction() as tx:
            await purge_expired_carts(tx, PurgeExpiredCarts())
        assert await count(database, Cart) == carts_left
        assert await count(database, Job) == jobs_written
