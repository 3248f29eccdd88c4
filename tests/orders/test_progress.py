"""A paid order on its way: who may move it, along which steps, and what its parts amount to."""

import asyncio

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.kernel.errors import LostRace, Refusal
from mestore.orders.errors import OrderNotFound, StatusNotReachable
from mestore.orders.models import OrderChange, OrderItem, VendorOrder
from mestore.orders.service import OrderProgress, OrderService
from mestore.orders.types import CancelReason, OrderStatus, PlacedOrder, StatusKind
from tests.build import BuiltVendor
from tests.checkout.problems import problem
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser


async def paid_order(till: Till, *vendors: BuiltVendor) -> PlacedOrder:
    buyer = await till.build.user()
    products = [await till.build.product(vendor=vendor) for vendor in vendors]
    order = await till.place(*products, owner=owner_of(buyer))
    await till.settle_approved(order)
    return order


async def parts(till: Till) -> dict[object, OrderStatus]:
    async with till.database.read() as connection:
        rows = await connection.execute(select(VendorOrder.vendor_id, VendorOrder.status))
        return {vendor: status for vendor, status in rows}


async def test_an_order_is_what_the_slowest_of_its_parts_is(till: Till) -> None:
    first, second = await till.build.vendor(), await till.build.vendor()
    order = await paid_order(till, first, second)

    await till.deliver(order, first.id)

    assert (await till.stands(order.id))[0] is OrderStatus.CONFIRMED
    assert await parts(till) == {
        first.id: OrderStatus.DELIVERED,
        second.id: OrderStatus.CONFIRMED,
    }
    await till.deliver(order)
    assert (await till.stands(order.id))[0] is OrderStatus.DELIVERED
    async with till.database.read() as connection:
        sent = (await connection.execute(select(OrderItem.fulfilled_quantity))).scalars().all()
        of_order = select(OrderChange.to_status).where(OrderChange.kind == StatusKind.ORDER)
        steps = (await connection.execute(of_order.order_by(OrderChange.id))).scalars().all()
        times = (await connection.execute(select(VendorOrder.shipped_at))).scalars().all()
    assert sent == [1, 1]
    assert steps == ["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED"]
    assert None not in times


async def test_no_step_is_skipped_and_the_answer_names_the_next_one(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    vendor = await till.build.vendor()
    order = await paid_order(till, vendor)
    headers = await as_user(vendor.owner)
    path = f"/orders/{order.id}/status"

    for wrong in ("PENDING", "CONFIRMED", "SHIPPED", "DELIVERED"):
        answer = await client.put(path, headers=headers, json={"new_status": wrong})
        refused = problem(answer, 409, "STATUS_NOT_REACHABLE")
        assert refused["details"]["allowed"] == ["PROCESSING"]
    for elsewhere in ("CANCELLED", "REFUNDED"):
        answer = await client.put(path, headers=headers, json={"new_status": elsewhere})
        problem(answer, 409, "STATUS_SET_ELSEWHERE")
    for step in ("PROCESSING", "SHIPPED", "DELIVERED"):
        answer = await client.put(
            path, headers=headers, json={"new_status": step, "notes": "as agreed"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["success"] is True
        assert answer.json()["order"]["status"] == step
    assert answer.json()["order"]["fulfillment_status"] == "FULFILLED"
    assert answer.json()["order"]["delivered_at"] is not None


async def test_an_unpaid_order_goes_nowhere(till: Till) -> None:
    order = await till.place(await till.build.product())

    with pytest.raises(StatusNotReachable) as refused:
        await till.advance(order, OrderStatus.PROCESSING)

    assert refused.value.details["allowed"] == []


async def test_only_staff_and_the_orders_vendors_move_it(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    vendor, other = await till.build.vendor(), await till.build.vendor()
    order = await paid_order(till, vendor)
    path, body = f"/orders/{order.id}/status", {"new_status": "PROCESSING"}

    stranger = await as_user(other.owner)
    buyer = await as_user(await till.build.user())
    problem(await client.put(path, headers=stranger, json=body), 404, "ORDER_NOT_FOUND")
    problem(await client.put(path, headers=buyer, json=body), 403, "FORBIDDEN")
    problem(await client.put(f"/admin{path}", headers=stranger, json=body), 403, "FORBIDDEN")
    admin = await as_user(await till.build.user(UserType.ADMIN))
    answer = await client.put(f"/admin{path}", headers=admin, json=body)
    assert answer.json()["order"]["status"] == "PROCESSING"


async def test_a_vendor_writes_its_own_tracking_number(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    first, second = await till.build.vendor(), await till.build.vendor()
    order = await paid_order(till, first, second)
    path = f"/orders/{order.id}"
    headers = await as_user(first.owner)

    answer = await client.patch(
        path, headers=headers, json={"tracking_number": "GUIA-1", "status": "PROCESSING"}
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["updated_fields"] == ["status", "tracking_number"]
    assert answer.json()["order"]["tracking_number"] == "GUIA-1"
    others = await client.get(path, headers=await as_user(second.owner))
    assert others.json()["tracking_number"] is None
    assert (await client.patch(path, headers=headers, json={})).status_code == 422


async def test_two_at_once_take_one_step_and_it_arrives_once(till: Till) -> None:
    order = await paid_order(till, await till.build.vendor())
    await till.advance(order, OrderStatus.PROCESSING)
    await till.advance(order, OrderStatus.SHIPPED)

    results = await asyncio.gather(
        *(till.advance(order, OrderStatus.DELIVERED) for _ in range(5)), return_exceptions=True
    )

    assert results.count(None) == 1
    assert all(isinstance(one, Refusal) for one in results if one is not None)
    async with till.database.read() as connection:
        arrived = select(OrderChange.id).where(
            OrderChange.kind == StatusKind.PART, OrderChange.to_status == "DELIVERED"
        )
        assert len((await connection.execute(arrived)).all()) == 1


async def test_vendors_who_send_at_once_leave_the_order_sent(till: Till) -> None:
    vendors = [await till.build.vendor() for _ in range(3)]
    order = await paid_order(till, *vendors)

    await asyncio.gather(*(till.deliver(order, vendor.id) for vendor in vendors))

    assert (await till.stands(order.id))[0] is OrderStatus.DELIVERED


async def test_a_partly_sent_order_is_not_called_off(till: Till) -> None:
    first, second = await till.build.vendor(), await till.build.vendor()
    order = await paid_order(till, first, second)
    await till.advance(order, OrderStatus.PROCESSING, first.id)
    await till.advance(order, OrderStatus.SHIPPED, first.id)

    async with till.database.transaction() as tx:
        assert not await OrderService(tx).cancel_paid(order.id, CancelReason.BUYER)

    assert (await parts(till))[first.id] is OrderStatus.SHIPPED


async def test_calling_off_takes_every_part_with_it(till: Till) -> None:
    first, second = await till.build.vendor(), await till.build.vendor()
    order = await paid_order(till, first, second)
    await till.advance(order, OrderStatus.PROCESSING, first.id)

    async with till.database.transaction() as tx:
        assert await OrderService(tx).cancel_paid(order.id, CancelReason.BUYER)

    assert set((await parts(till)).values()) == {OrderStatus.CANCELLED}
    with pytest.raises((StatusNotReachable, LostRace)):
        await till.advance(order, OrderStatus.SHIPPED, first.id)


async def test_another_vendors_order_and_none_at_all_are_not_there(till: Till) -> None:
    order = await paid_order(till, await till.build.vendor())
    other = await till.build.vendor()

    for order_id in (order.id, order.id + 1):
        with pytest.raises(OrderNotFound):
            async with till.database.transaction() as tx:
                await OrderProgress(tx).advance(
                    order_id, OrderStatus.PROCESSING, None, vendor_id=other.id
                )
