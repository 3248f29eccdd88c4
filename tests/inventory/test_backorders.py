"""Backorders: units that are ordered before they are there, counted exactly and sent when here."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select, update

from mestore.catalog.models import Variant
from mestore.catalog.types import InventoryPolicy
from mestore.checkout.service.cancel import expire
from mestore.checkout.types import Outside
from mestore.inventory.errors import InsufficientStock
from mestore.inventory.models import Reservation, StockLevel, StockMovement
from mestore.inventory.service import InventoryService
from mestore.inventory.service.backorders import Backorders
from mestore.inventory.types import Demand, NewLevel
from mestore.kernel.errors import Conflict
from mestore.orders.errors import UnitsNotArrived
from mestore.orders.models import OrderItem
from mestore.orders.types import CancelReason, OrderStatus, PlacedOrder
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from mestore.refunds.service.cancel import call_off
from mestore.refunds.types import RefundState
from tests.build import BuiltProduct, BuiltVendor
from tests.checkout.bank import Bank
from tests.checkout.till import SHIPPING, Till, owner_of
from tests.conftest import AsUser, MovedClock
from tests.refunds.desk import ask_back, of_line, state_of


async def continuing(till: Till, stock: int = 0, vendor: BuiltVendor | None = None) -> BuiltProduct:
    """Make a product that is sold on when its stock has run out."""
    product = await till.build.product(stock=stock, vendor=vendor)
    async with till.database.transaction() as tx:
        change = update(Variant).where(Variant.id == product.variant_id)
        await tx.connection.execute(change.values(inventory_policy=InventoryPolicy.CONTINUE))
    return product


async def paid(till: Till, product: BuiltProduct, quantity: int) -> PlacedOrder:
    """Place an order and pay it."""
    order = await till.place((product, quantity), owner=owner_of(await till.build.user()))
    await till.settle_approved(order)
    return order


async def arrive(till: Till, product: BuiltProduct, units: int, place: str | None = None) -> None:
    """Let units of a product arrive."""
    async with till.database.transaction() as tx:
        await InventoryService(tx).adjust(
            product.variant_id, units, reason="arrived", actor_id=None, location=place
        )


async def waiting(till: Till, order: PlacedOrder) -> int:
    """Return how many units an order waits for."""
    async with till.database.read() as connection:
        query = select(Reservation.backordered).where(
            Reservation.order_id == order.id, Reservation.state != "RELEASED"
        )
        return sum((await connection.execute(query)).scalars())


async def shelf(till: Till, product: BuiltProduct) -> tuple[int, int]:
    """Return the units of a product on hand and reserved, at all places."""
    async with till.database.read() as connection:
        query = select(StockLevel.on_hand, StockLevel.reserved).where(
            StockLevel.product_id == product.id
        )
        rows = (await connection.execute(query)).all()
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


async def test_units_that_are_not_there_are_ordered_and_waited_for(till: Till) -> None:
    product, never = await continuing(till, stock=2), await continuing(till)
    order = await till.place((product, 5), never)
    assert dict(order.waiting) == {product.variant_id: 3, never.variant_id: 1}
    assert await shelf(till, product) == (2, 2)
    second = await till.place((product, 4))
    assert (await waiting(till, order), await waiting(till, second)) == (4, 4)
    assert await till.doctor() == []


async def test_where_one_product_cannot_be_waited_for_nothing_is_ordered(till: Till) -> None:
    product, denied = await continuing(till, stock=1), await till.build.product(stock=1)
    before = await till.counts()
    with pytest.raises(InsufficientStock) as refusal:
        await till.place((product, 3), (denied, 2))
    (line,) = refusal.value.details["lines"]
    assert (line["variant_id"], line["available"]) == (str(denied.variant_id), 1)
    assert (await till.counts(), await shelf(till, product)) == (before, (1, 0))


async def test_what_arrives_goes_to_the_oldest_order_first_and_leaves_where_it_is_paid(
    till: Till,
) -> None:
    product = await continuing(till, stock=1)
    first, unpaid, last = (
        await paid(till, product, 3),
        await till.place((product, 2)),
        await paid(till, product, 2),
    )
    assert await shelf(till, product) == (0, 0)
    await arrive(till, product, 1)
    assert [await waiting(till, each) for each in (first, unpaid, last)] == [1, 2, 2]
    await arrive(till, product, 4)
    assert [await waiting(till, each) for each in (first, unpaid, last)] == [0, 0, 1]
    assert await shelf(till, product) == (2, 2)
    await till.settle_approved(unpaid)
    assert await shelf(till, product) == (0, 0)
    await arrive(till, product, 10)
    assert (await waiting(till, last), await shelf(till, product)) == (0, (9, 0))
    assert await till.doctor() == []


async def test_units_arrive_at_any_place_and_by_any_way_of_counting(till: Till) -> None:
    product = await continuing(till)
    order, unpaid = await paid(till, product, 2), await till.place((product, 6))
    await arrive(till, product, 1, place="Bodega norte")
    async with till.database.transaction() as tx:
        levels = [NewLevel(product.variant_id, 2), NewLevel(product.variant_id, 2, "Bodega sur")]
        await InventoryService(tx).set_levels(levels, actor_id=None)
    async with till.database.transaction() as tx:
        await InventoryService(tx).set_many(
            product.vendor.id, {product.variant_id: 1 + 2}, actor_id=None
        )
    assert (await waiting(till, order), await waiting(till, unpaid)) == (0, 1)
    assert await till.doctor() == []
    await till.settle_approved(unpaid)
    await arrive(till, product, 2, place="Bodega sur")
    assert (await waiting(till, unpaid), await shelf(till, product)) == (0, (1, 0))
    async with till.database.read() as connection:
        moved = (await connection.execute(select(StockMovement.on_hand_change))).scalars()
        assert sum(moved) == 1
    assert await till.doctor() == []


async def test_an_order_that_ends_unpaid_hands_its_units_to_the_next_one(
    till: Till, outside: Outside
) -> None:
    product = await continuing(till, stock=3)
    ending, next_one = await till.place((product, 4)), await paid(till, product, 2)
    await till.due(ending.id)
    assert await expire(outside, ending.id)
    assert (await waiting(till, ending), await waiting(till, next_one)) == (0, 0)
    assert await shelf(till, product) == (1, 0)
    assert await till.doctor() == []


async def test_an_order_paid_too_late_is_promised_its_units_again(
    till: Till, outside: Outside
) -> None:
    product = await continuing(till, stock=3)
    order = await till.place((product, 4))
    attempt = await till.attempt(order)
    await till.due(order.id, timedelta(days=3))
    async with till.database.transaction() as tx:
        await InventoryService(tx).release(order.id)
        await InventoryService(tx).reclaim(order.id)
    assert (await waiting(till, order), await shelf(till, product)) == (1, (3, 3))
    assert attempt.order_id == order.id


async def test_a_part_is_not_sent_before_its_units_have_arrived(till: Till) -> None:
    product, other = await continuing(till), await till.build.product()
    buyer = owner_of(await till.build.user())
    order = await till.place((product, 2), other, owner=buyer)
    await till.settle_approved(order)
    await till.advance(order, OrderStatus.PROCESSING)
    await arrive(till, product, 1)
    with pytest.raises(UnitsNotArrived) as refusal:
        await till.advance(order, OrderStatus.SHIPPED, product.vendor.id)
    assert refusal.value.details["units"] == 1
    async with till.database.read() as connection:
        sent = (await connection.execute(select(OrderItem.fulfilled_quantity))).scalars().all()
    assert sent == [0, 0]
    await till.advance(order, OrderStatus.SHIPPED, other.vendor.id)
    await arrive(till, product, 1)
    await till.advance(order, OrderStatus.SHIPPED, product.vendor.id)
    assert await till.doctor() == []


async def test_a_paid_order_called_off_waits_no_more_and_puts_back_what_it_had(
    till: Till, outside: Outside
) -> None:
    product = await continuing(till, stock=2)
    order, next_one = await paid(till, product, 5), await paid(till, product, 1)
    await call_off(outside, order.id, CancelReason.STAFF, None)
    assert (await waiting(till, order), await waiting(till, next_one)) == (0, 0)
    assert await shelf(till, product) == (1, 0)
    await arrive(till, product, 1)
    assert await shelf(till, product) == (2, 0)
    assert await till.doctor() == []


async def test_units_given_back_are_first_those_that_never_arrived(
    till: Till, outside: Outside
) -> None:
    product = await continuing(till, stock=2)
    order = await paid(till, product, 5)
    line = order.lines[0].id
    await ask_back(outside, order.id, of_line(line, 2))
    assert (await waiting(till, order), await shelf(till, product)) == (1, (0, 0))
    await call_off(outside, order.id, CancelReason.STAFF, None)
    assert (await waiting(till, order), await shelf(till, product)) == (0, (2, 0))
    assert await till.doctor() == []


@pytest.mark.parametrize("restock", [False, True])
async def test_a_unit_that_arrives_while_it_is_given_back_goes_to_the_shelf(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock, restock: bool
) -> None:
    product = await continuing(till, stock=1)
    order = await paid(till, product, 3)
    line = order.lines[0].id
    bank.is_silent = True
    refund_id = await ask_back(outside, order.id, of_line(line, 2, restock=restock))
    await arrive(till, product, 1)
    assert (await waiting(till, order), await shelf(till, product)) == (1, (0, 0))
    bank.is_silent = False
    clock.advance(timedelta(hours=1))
    await follow_refunds(FollowRefunds(), outside=outside)
    assert await state_of(till, refund_id) is RefundState.APPROVED
    assert (await waiting(till, order), await shelf(till, product)) == (0, (1, 0))
    assert await till.doctor() == []


async def test_one_unit_that_arrives_is_put_back_for_one_of_two_refunds(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    product = await continuing(till, stock=1)
    order = await paid(till, product, 2)
    bank.is_silent = True
    for _ in range(2):
        await ask_back(outside, order.id, of_line(order.lines[0].id, 1))
    await arrive(till, product, 1)
    bank.is_silent = False
    clock.advance(timedelta(hours=1))
    await follow_refunds(FollowRefunds(), outside=outside)
    assert await shelf(till, product) == (1, 0)
    assert await till.doctor() == []


async def test_a_part_is_sent_without_the_units_that_are_being_given_back(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock
) -> None:
    product = await continuing(till, stock=2)
    order = await paid(till, product, 5)
    line = order.lines[0].id
    await ask_back(outside, order.id, of_line(line, 2))
    bank.is_silent = True
    await till.advance(order, OrderStatus.PROCESSING)
    with pytest.raises(UnitsNotArrived) as refusal:
        await till.advance(order, OrderStatus.SHIPPED)
    assert refusal.value.details["units"] == 1
    await ask_back(outside, order.id, of_line(line, 1))
    await till.advance(order, OrderStatus.SHIPPED)
    assert await till.doctor() == []
    bank.is_silent = False
    clock.advance(timedelta(hours=1))
    await follow_refunds(FollowRefunds(), outside=outside)
    assert (await waiting(till, order), await shelf(till, product)) == (0, (0, 0))
    assert await till.doctor() == []


async def test_the_doctor_finds_who_waits_in_vain_and_what_was_sent_without_being_there(
    till: Till,
) -> None:
    product = await continuing(till, stock=3)
    order = await paid(till, product, 2)
    await till.deliver(order)
    assert await till.doctor() == []
    async with till.database.transaction() as tx:
        tampered = update(Reservation).where(Reservation.order_id == order.id)
        await tx.connection.execute(tampered.values(quantity=0, backordered=2))
    assert await till.doctor() == [
        f"variant {product.variant_id}: orders wait for 2 units while some are free",
        f"order {order.id}: 2 units of variant {_stored(till, product)} are sent and have not "
        "arrived",
    ]


def _stored(till: Till, product: BuiltProduct) -> str:
    """Return an id as plain SQL reads it."""
    return product.variant_id.hex if till.database.dialect == "sqlite" else str(product.variant_id)


async def test_two_hundred_buyers_at_once_are_counted_exactly(till: Till) -> None:
    denied, product = await till.build.product(stock=50), await continuing(till, stock=50)
    gate = asyncio.Semaphore(20)

    async def buy(wanted: BuiltProduct) -> PlacedOrder | None:
        async with gate:
            for _ in range(50):
                try:
                    return await till.place(wanted)
                except InsufficientStock:
                    return None
                except Conflict:
                    continue
        raise AssertionError("a buyer lost every race")

    sold = await asyncio.gather(*(buy(each) for each in [denied, product] * 200))
    refused = [order for order in sold[::2] if order is None]
    orders = [order for order in sold[1::2] if order is not None]
    assert (len(refused), len(orders)) == (150, 200)
    assert await shelf(till, denied) == (50, 50)
    assert await shelf(till, product) == (50, 50)
    assert sum([await waiting(till, order) for order in orders]) == 150

    async def free(order: PlacedOrder) -> None:
        async with gate, till.database.transaction() as tx:
            await InventoryService(tx).release(order.id)

    async def take(order: PlacedOrder) -> None:
        async with gate, till.database.transaction() as tx:
            await InventoryService(tx).take(order.id)

    async def deliver() -> None:
        async with gate:
            await arrive(till, product, 5)

    steps = [free(order) for order in orders[:60]] + [take(order) for order in orders[60:]]
    await asyncio.gather(*steps, *(deliver() for _ in range(10)))
    # 50 and 50 units for 140 paid orders of one.
    left = [await waiting(till, order) for order in orders]
    assert (sum(left), await shelf(till, product)) == (40, (0, 0))
    await asyncio.gather(*(deliver() for _ in range(9)))
    assert await shelf(till, product) == (5, 0)
    assert not any([await waiting(till, order) for order in orders])


async def test_buyers_see_what_is_still_to_arrive(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product(stock=1)
    headers = await as_user(product.vendor.owner)
    path = f"/products/{product.id}/variants"
    (variant,) = (await client.get(path)).json()["variants"]
    assert (variant["in_stock"], variant["is_backorder"]) == (True, False)
    body = {"sku": variant["sku"], "inventory_policy": "continue"}
    changed = await client.put(f"{path}/{variant['id']}", headers=headers, json=body)
    assert changed.status_code == 200, changed.text
    shown = (await client.get(f"/products/{product.id}")).json()
    assert (shown["stock"], shown["in_stock"], shown["is_backorder"]) == (1, True, False)

    session = {"Session-ID": "guest-session-0002"}
    line = {"product_id": str(product.id), "quantity": 3}
    cart = (await client.post("/cart/items", headers=session, json=line)).json()["cart"]
    assert (cart["items"][0]["available"], cart["items"][0]["warnings"]) == (True, ["BACKORDER"])
    placed = await client.post(
        "/orders",
        headers=session | {"Idempotency-Key": "backorder-0001"},
        json=SHIPPING,
    )
    assert placed.status_code == 201, placed.text
    (item,) = placed.json()["items"]
    assert (item["quantity"], item["backordered_quantity"]) == (3, 2)
    await arrive(till, product, 1)
    again = await client.get(f"/orders/{placed.json()['id']}", headers=session)
    assert again.json()["items"][0]["backordered_quantity"] == 1

    shown = (await client.get(f"/products/{product.id}")).json()
    assert (shown["stock"], shown["in_stock"], shown["is_backorder"]) == (0, False, True)
    (variant,) = (await client.get(path)).json()["variants"]
    assert (variant["in_stock"], variant["is_backorder"]) == (False, True)
    (listed,) = (await client.get("/products")).json()["products"]
    assert listed["is_backorder"] is True
    gone = await client.delete(f"{path}/{variant['id']}", headers=headers)
    assert gone.json()["code"] == "DEFAULT_VARIANT_KEPT"


async def test_a_variant_that_is_waited_for_is_not_deleted(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product(stock=1)
    headers = await as_user(product.vendor.owner)
    path = f"/products/{product.id}/variants"
    body = {"sku": "second", "inventory_policy": "continue"}
    added = await client.post(path, headers=headers, json=body)
    assert added.status_code == 201, added.text
    variant_id = UUID(added.json()["id"])
    async with till.database.transaction() as tx:
        await InventoryService(tx).reserve(77, [Demand(variant_id, product.id, 2, can_wait=True)])
        await InventoryService(tx).take(77)
    refused = await client.delete(f"{path}/{variant_id}", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "VARIANT_IN_USE")
    assert refused.json()["details"]["waiting"] == 2
    async with till.database.transaction() as tx:
        assert await Backorders(tx).forgo(77, {variant_id: 5}) == {variant_id: 2}
    assert (await client.delete(f"{path}/{variant_id}", headers=headers)).status_code == 204
