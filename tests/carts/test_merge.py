"""A guest's cart becomes the buyer's: once, summed, at the older price."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import select, update

from mestore.accounts.events import SignedIn
from mestore.carts.models import Cart, CartItem
from mestore.carts.service import CartService, changed
from mestore.carts.subscribers import on_signed_in
from mestore.carts.types import CartOwner
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from tests.build import Build
from tests.conftest import SignIn

SESSION = "guest-0000-0001"
GUEST = {"Session-ID": SESSION}


async def lines_of(database: Database, **owner: object) -> dict[UUID, tuple[int, int]]:
    """Quantity and snapshot price by product."""
    query = (
        select(CartItem.product_id, CartItem.quantity, CartItem.unit_price_minor)
        .join(Cart, Cart.id == CartItem.cart_id)
        .where(*(getattr(Cart, name) == value for name, value in owner.items()))
    )
    async with database.read() as connection:
        return {row[0]: (row[1], row[2]) for row in await connection.execute(query)}


async def carts_of_guests(database: Database) -> int:
    query = select(Cart.id).where(Cart.session_id.is_not(None))
    async with database.read() as connection:
        return len((await connection.execute(query)).all())


def quantities(cart: dict[str, Any]) -> dict[str, int]:
    return {item["product_id"]: item["quantity"] for item in cart["items"]}


async def test_merging_sums_lines_and_moves_the_others(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    buyer = await build.user()
    both, guests, mine = [await build.product(price="1000") for _ in range(3)]
    await build.cart(both, guests, quantity=2, session_id=SESSION)
    await build.cart(both, mine, quantity=3, buyer=buyer)
    headers = await sign_in(buyer.email)

    answer = await client.post("/cart/merge", json={"session_id": SESSION}, headers=headers)
    again = await client.post("/cart/merge", json={"session_id": SESSION}, headers=headers)

    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.json()["success"] is True
    assert quantities(answer.json()["cart"]) == {
        str(both.id): 5,
        str(guests.id): 2,
        str(mine.id): 3,
    }
    assert again.json() == answer.json()
    assert await carts_of_guests(database) == 0


async def test_the_older_snapshot_price_stays(database: Database, build: Build) -> None:
    buyer = await build.user()
    first, second = [await build.product(price="1000") for _ in range(2)]
    await build.cart(first, buyer=buyer)
    await build.cart(first, second, session_id=SESSION)
    await build.cart(second, session_id="guest-0000-0002")
    async with database.transaction() as tx:
        guests = select(Cart.id).where(Cart.session_id == SESSION).scalar_subquery()
        newer = {"created_at": now() + timedelta(hours=1), "unit_price_minor": 90000}
        await tx.connection.execute(
            update(CartItem).where(CartItem.cart_id == guests).values(**newer)
        )

    for session_id in (SESSION, "guest-0000-0002"):
        owner = CartOwner(buyer.id, session_id)
        async with database.transaction() as tx:
            await CartService(tx).merge(owner)

    assert await lines_of(database, buyer_id=buyer.id) == {
        first.id: (2, 100000),
        second.id: (2, 100000),
    }


async def test_a_merged_line_has_a_thousand_units_at_most(database: Database, build: Build) -> None:
    buyer, product = await build.user(), await build.product()
    await build.cart(product, quantity=600, buyer=buyer)
    await build.cart(product, quantity=600, session_id=SESSION)

    await changed(database, lambda carts: carts.merge(CartOwner(buyer.id, SESSION)))

    assert await lines_of(database, buyer_id=buyer.id) == {product.id: (1000, product.price_minor)}


async def test_a_merged_cart_has_a_hundred_lines_at_most(database: Database, build: Build) -> None:
    buyer, vendor = await build.user(), await build.vendor()
    products = [await build.product(vendor=vendor) for _ in range(102)]
    await build.cart(*products[:99], buyer=buyer)
    await build.cart(*products[98:], quantity=4, session_id=SESSION)

    await changed(database, lambda carts: carts.merge(CartOwner(buyer.id, SESSION)))

    merged = await lines_of(database, buyer_id=buyer.id)
    assert set(merged) == {product.id for product in products[:100]}
    assert (merged[products[98].id][0], merged[products[99].id][0]) == (5, 4)
    assert await carts_of_guests(database) == 0


async def test_the_next_cart_call_of_a_buyer_brings_the_guests_cart_along(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    product, other = await build.product(), await build.product()
    for call in ("GET", "POST", "DELETE"):
        buyer = await build.user()
        headers = await sign_in(buyer.email) | GUEST
        await build.cart(product, quantity=2, session_id=SESSION)
        if call == "GET":
            shown = (await client.get("/cart", headers=headers)).json()
            assert quantities(shown) == {str(product.id): 2}
        elif call == "POST":
            body = {"product_id": str(other.id)}
            answer = await client.post("/cart/items", json=body, headers=headers)
            assert quantities(answer.json()["cart"]) == {str(product.id): 2, str(other.id): 1}
        else:
            assert (await client.delete("/cart", headers=headers)).json()["cart"]["items"] == []
        assert await carts_of_guests(database) == 0


async def test_merging_needs_a_signed_in_user(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    product = await build.product()
    await build.cart(product, session_id=SESSION)

    answer = await client.post("/cart/merge", json={"session_id": SESSION}, headers=GUEST)

    assert answer.status_code == 401
    assert await lines_of(database, session_id=SESSION) == {product.id: (1, product.price_minor)}


async def test_signing_in_merges_once_however_often_it_is_told(
    database: Database, build: Build
) -> None:
    buyer, product = await build.user(), await build.product()
    await build.cart(product, quantity=2, session_id=SESSION)

    for _ in range(2):
        async with database.transaction() as tx:
            await on_signed_in(tx, SignedIn(buyer.id, SESSION))

    assert await lines_of(database, buyer_id=buyer.id) == {product.id: (2, product.price_minor)}
    assert await carts_of_guests(database) == 0


async def test_parallel_merges_and_adds_lose_nothing_and_do_not_deadlock(
    database: Database, build: Build
) -> None:
    buyer = await build.user()
    product, other = await build.product(stock=100), await build.product(stock=100)
    await build.cart(product, other, quantity=5, session_id=SESSION)
    both, mine, guests = (
        CartOwner(buyer.id, SESSION),
        CartOwner(buyer.id),
        CartOwner(session_id=SESSION),
    )

    def work(number: int) -> Callable[[CartService], Awaitable[object]]:
        if number % 3 == 0:
            return lambda carts: carts.merge(both)
        owner = mine if number % 3 == 1 else guests
        return lambda carts: carts.add(owner, product.id, None, 1)

    await asyncio.gather(*(changed(database, work(number)) for number in range(18)))
    await changed(database, lambda carts: carts.merge(both))

    merged = await lines_of(database, buyer_id=buyer.id)
    assert {item: quantity for item, (quantity, _) in merged.items()} == {
        product.id: 17,
        other.id: 5,
    }
    assert await carts_of_guests(database) == 0
