"""Placing an order: all of it or nothing."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from mestore.accounts.types import UserType
from mestore.carts.models import Cart, CartItem
from mestore.carts.service import CartService
from mestore.carts.types import CartOwner
from mestore.catalog.models import Product
from mestore.checkout.errors import CartChanged, EmptyCart, ProductNotForSale
from mestore.checkout.service.place import place
from mestore.checkout.types import WantedLine
from mestore.inventory.errors import InsufficientStock
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.orders.models import Order, OrderChange
from mestore.orders.service import new_order_number
from mestore.orders.types import FinancialStatus, OrderStatus, StatusKind
from tests.build import BuiltProduct
from tests.checkout.till import GUEST, HOME, Till, guest, owner_of, request_for

NUMBER = re.compile(r"ORD-\d{8}-[0-9ABCDEFGHJKMNPQRSTVWXYZ]{8}")


async def lines_in_carts(database: Database) -> list[tuple[UUID, int]]:
    query = select(CartItem.variant_id, CartItem.quantity).order_by(CartItem.id)
    async with database.read() as connection:
        return [(variant, quantity) for variant, quantity in await connection.execute(query)]


async def nothing_happened(till: Till, before: dict[str, int], *products: BuiltProduct) -> None:
    assert await till.counts() == before
    for product in products:
        assert (await till.build.stock_of(product.variant_id))[1] == 0
    assert await till.doctor() == []


async def test_placing_writes_order_reservation_commission_history_and_messages(
    till: Till,
) -> None:
    product, other = await till.build.product(stock=3), await till.build.product(stock=1)
    buyer = await till.build.user()

    order = await till.place((product, 2), other, owner=owner_of(buyer))

    assert await till.stands(order.id) == (OrderStatus.PENDING, FinancialStatus.PENDING)
    assert await till.build.stock_of(product.variant_id) == (3, 2)
    assert await till.build.stock_of(other.variant_id) == (1, 1)
    assert await till.counts() == {
        "orders": 1,
        "order_items": 2,
        "vendor_orders": 2,
        "order_changes": 1,
        "stock_reservations": 2,
        "commissions": 2,
        "jobs": 1,
        "payments": 0,
        "payment_attempts": 0,
        "ledger_entries": 0,
        "idempotency_keys": 0,
    }
    assert await till.sent() == {("OrderPlaced", "notifications.on_order_placed"): 1}
    columns = (OrderChange.kind, OrderChange.from_status, OrderChange.to_status)
    async with till.database.read() as connection:
        history = (
            await connection.execute(select(*columns, OrderChange.actor_id, OrderChange.reason))
        ).all()
        (expires_at,) = (await connection.execute(select(Order.expires_at))).one()
    assert [tuple(row) for row in history] == [
        (StatusKind.ORDER, None, "PENDING", buyer.id, "placed")
    ]
    assert expires_at is not None
    assert abs(expires_at - now() - timedelta(minutes=30)) < timedelta(seconds=30)
    assert await till.doctor() == []


async def test_the_number_carries_the_date_of_bogota(till: Till) -> None:
    product = await till.build.product()

    order = await till.place(product)

    assert NUMBER.fullmatch(order.order_number)
    evening = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert new_order_number(evening).startswith("ORD-20261231-")
    # Five hours later it is the new year in Bogotá too.
    assert new_order_number(evening + timedelta(hours=4)).startswith("ORD-20261231-")
    assert new_order_number(evening + timedelta(hours=6)).startswith("ORD-20270101-")


async def test_a_guest_orders_under_the_session(till: Till) -> None:
    product = await till.build.product()

    order = await till.place(product, owner=guest("session-of-a-guest"))

    async with till.database.read() as connection:
        columns = (Order.buyer_id, Order.guest_session, Order.customer_email)
        (row,) = (await connection.execute(select(*columns).where(Order.id == order.id))).all()
    assert tuple(row) == (None, "session-of-a-guest", "guest@example.com")


async def test_a_buyer_who_was_a_guest_orders_as_a_buyer(till: Till) -> None:
    product = await till.build.product()
    buyer = await till.build.user()

    order = await till.place(product, owner=owner_of(buyer, session=GUEST))

    async with till.database.read() as connection:
        columns = (Order.buyer_id, Order.guest_session)
        (row,) = (await connection.execute(select(*columns).where(Order.id == order.id))).all()
    assert tuple(row) == (buyer.id, None)


async def test_without_items_the_cart_is_ordered_and_emptied(till: Till) -> None:
    product, other = await till.build.product(), await till.build.product()
    await till.build.cart(product, other, quantity=2, session_id=GUEST)
    await till.build.cart(product, quantity=7, session_id="another-guest-1")

    order = await till.place()

    bought = {line.variant_id: line.quantity for line in order.draft.lines}
    assert bought == {product.variant_id: 2, other.variant_id: 2}
    assert await lines_in_carts(till.database) == [(product.variant_id, 7)]
    with pytest.raises(EmptyCart):
        await till.place()


async def test_items_leave_the_cart_alone(till: Till) -> None:
    product, other = await till.build.product(), await till.build.product()
    await till.build.cart(product, session_id=GUEST)

    await till.place(other)

    assert await lines_in_carts(till.database) == [(product.variant_id, 1)]


async def test_the_guests_cart_comes_along_after_signing_in(till: Till) -> None:
    product, other = await till.build.product(), await till.build.product()
    buyer = await till.build.user()
    await till.build.cart(product, buyer=buyer)
    await till.build.cart(product, other, session_id=GUEST)

    order = await till.place(owner=owner_of(buyer, session=GUEST))

    bought = {line.variant_id: line.quantity for line in order.draft.lines}
    assert bought == {product.variant_id: 2, other.variant_id: 1}
    assert await lines_in_carts(till.database) == []


async def test_there_is_nothing_to_order(till: Till) -> None:
    before = await till.counts()

    with pytest.raises(EmptyCart):
        await till.place(owner=guest("session-without-cart"))

    await nothing_happened(till, before)


async def test_a_cart_that_changed_meanwhile_is_refused(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = await till.build.product()
    cart_id = await till.build.cart(product, session_id=GUEST)
    before = await till.counts()
    read = CartService.lines

    async def read_before_a_change(self: CartService, owner: CartOwner) -> object:
        snapshot = await read(self, owner)
        change = update(Cart).where(Cart.id == cart_id).values(version=Cart.version + 1)
        await self.tx.connection.execute(change)
        return snapshot

    monkeypatch.setattr(CartService, "lines", read_before_a_change)
    with pytest.raises(CartChanged):
        await till.place()

    await nothing_happened(till, before, product)
    assert await lines_in_carts(till.database) == [(product.variant_id, 1)]


@pytest.mark.parametrize("is_in_cart", [False, True])
async def test_what_is_not_sold_is_not_found_and_nothing_is_written(
    till: Till, is_in_cart: bool
) -> None:
    sold, hidden = await till.build.product(), await till.build.product(approved=False)
    before = await till.counts()
    wanted: tuple[BuiltProduct, ...] = (sold, hidden)
    if is_in_cart:
        await till.build.cart(sold, hidden, session_id=GUEST)
        wanted = ()

    with pytest.raises(ProductNotForSale) as refusal:
        await till.place(*wanted)

    assert refusal.value.status == 404
    named = hidden.variant_id if is_in_cart else hidden.id
    assert refusal.value.details == {"products": str(named)}
    await nothing_happened(till, before, sold, hidden)
    if is_in_cart:
        kept = [(sold.variant_id, 1), (hidden.variant_id, 1)]
        assert await lines_in_carts(till.database) == kept


async def test_unknown_products_and_foreign_variants_are_not_found(till: Till) -> None:
    product, other = await till.build.product(), await till.build.product()
    before = await till.counts()
    wrong = [
        WantedLine(uuid7(), None, 1),
        WantedLine(product.id, uuid7(), 1),
        WantedLine(product.id, other.variant_id, 1),
        WantedLine(product.variant_id, None, 1),
    ]

    for line in wrong:
        with pytest.raises(ProductNotForSale):
            await till.place(product, line)

    await nothing_happened(till, before, product, other)


async def test_a_suspended_product_cannot_be_ordered_any_more(till: Till) -> None:
    product = await till.build.product()
    await till.place(product)
    async with till.database.transaction() as tx:
        await tx.connection.execute(update(Product).values(is_public=False))

    with pytest.raises(ProductNotForSale):
        await till.place(product)

    assert await till.build.stock_of(product.variant_id) == (10, 1)


async def test_every_short_line_is_listed_and_nothing_is_written(till: Till) -> None:
    enough = await till.build.product(stock=9)
    short, gone = await till.build.product(stock=2), await till.build.product(stock=0)
    before = await till.counts()

    with pytest.raises(InsufficientStock) as refusal:
        await till.place((short, 2), (enough, 9), gone, (short, 1))

    short_lines = sorted(refusal.value.details["lines"], key=lambda line: str(line["variant_id"]))
    expected: Sequence[dict[str, object]] = [
        {"variant_id": str(short.variant_id), "requested": 3, "available": 2},
        {"variant_id": str(gone.variant_id), "requested": 1, "available": 0},
    ]
    assert short_lines == sorted(expected, key=lambda line: str(line["variant_id"]))
    await nothing_happened(till, before, enough, short, gone)


async def test_a_short_cart_is_kept(till: Till) -> None:
    product = await till.build.product(stock=1)
    await till.build.cart(product, quantity=2, session_id=GUEST)
    before = await till.counts()

    with pytest.raises(InsufficientStock):
        await till.place()

    await nothing_happened(till, before, product)
    assert await lines_in_carts(till.database) == [(product.variant_id, 2)]


async def test_what_is_not_counted_is_sold_without_stock(till: Till) -> None:
    service = await till.build.product(stock=0, track_inventory=False)
    product = await till.build.product(stock=1)

    order = await till.place((service, 50), product)

    assert (await till.counts())["stock_reservations"] == 1
    await till.settle_approved(order)
    assert await till.build.stock_of(service.variant_id) == (0, 0)
    assert await till.build.stock_of(product.variant_id) == (0, 0)
    assert await till.doctor() == []


async def test_what_the_buyer_wrote_is_kept(till: Till) -> None:
    product = await till.build.product()
    billing = {"name": "Sample Ltda", "address": "Carrera 7 # 1", "legal_id": "900123456"}

    order = await till.place(
        product, notes="Portería ñ 🎁", shipping_method="express", billing_address=billing
    )

    async with till.database.read() as connection:
        row = (await connection.execute(select(Order).where(Order.id == order.id))).one()
    assert (row.notes, row.shipping_method) == ("Portería ñ 🎁", "express")
    assert row.billing_address == billing
    assert (row.shipping_name, row.shipping_phone) == (HOME.name, HOME.phone)
    assert (row.shipping_address, row.shipping_city) == (HOME.address, HOME.city)
    assert (row.version, row.source, row.tags) == (1, "api", [])


@pytest.mark.parametrize("is_in_cart", [False, True])
async def test_the_number_of_statements_does_not_grow_with_the_lines(
    till: Till, statements: list[str], is_in_cart: bool
) -> None:
    vendor = await till.build.vendor()
    products = [await till.build.product(vendor=vendor) for _ in range(20)]
    rest: list[int] = []

    for lines in (1, 5, 20):
        wanted = products[:lines]
        if is_in_cart:
            await till.build.cart(*wanted, session_id=f"{GUEST}-{lines}")
        statements.clear()
        await till.place(*([] if is_in_cart else wanted), owner=guest(f"{GUEST}-{lines}"))
        one_a_line = [sent for sent in statements if sent.startswith("UPDATE stock_levels")]
        assert len(one_a_line) == lines
        rest.append(len(statements) - lines)

    assert len(set(rest)) == 1, rest
    assert rest[0] <= (18 if is_in_cart else 14)


async def test_the_caller_decides_when_an_order_is_written(till: Till) -> None:
    product = await till.build.product()
    before = await till.counts()

    async def place_and_fail() -> None:
        async with till.database.transaction() as tx:
            await place(tx, guest(), request_for(product))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await place_and_fail()

    await nothing_happened(till, before, product)


async def test_staff_and_vendors_buy_as_anybody_does(till: Till) -> None:
    product = await till.build.product()
    for user_type in (UserType.ADMIN, UserType.VENDOR):
        user = await till.build.user(user_type)
        order = await till.place(product, owner=owner_of(user))
        assert order.draft.buyer_id == user.id
