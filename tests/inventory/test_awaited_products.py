"""A product that paid orders wait for: it is archived, filled or refunded, and never lost."""

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.types import UserType
from mestore.catalog.models import Product, Variant
from mestore.catalog.types import InventoryPolicy
from mestore.checkout.types import Outside
from mestore.inventory.service.backorders import Backorders
from mestore.kernel.clock import now
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus, PlacedOrder
from mestore.refunds.service.cancel import call_off
from tests.build import BuiltProduct
from tests.checkout.till import Till
from tests.conftest import AsUser
from tests.refunds.desk import ask_back, of_line

BACK = (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)


async def awaited(till: Till) -> tuple[BuiltProduct, PlacedOrder]:
    """Return a product with one unit, and a paid order of three."""
    product = await till.build.product(stock=1)
    async with till.database.transaction() as tx:
        change = update(Variant).where(Variant.id == product.variant_id)
        await tx.connection.execute(change.values(inventory_policy=InventoryPolicy.CONTINUE))
    order = await till.place((product, 3))
    await till.settle_approved(order)
    return product, order


async def waiting(till: Till, order: PlacedOrder) -> int:
    async with till.database.transaction() as tx:
        return sum((await Backorders(tx).of(order.id)).values())


async def test_a_product_that_is_waited_for_is_archived_and_not_deleted(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product, order = await awaited(till)
    path = f"/products/{product.id}"
    owner = await as_user(product.vendor.owner)
    staff = await as_user(await till.build.user(UserType.SUPERUSER))
    for headers in (owner, staff):
        refused = await client.delete(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "PRODUCT_AWAITED")
        assert refused.json()["details"] == {"waiting": 2}
    body = {"ids": [str(product.id)], "atomic": False}
    (one,) = (await client.post("/products/bulk-delete", headers=owner, json=body)).json()[
        "results"
    ]
    assert one["success"] is False
    assert (await client.get(path)).status_code == 200

    archived = await client.patch(path, headers=owner, json={"status": "ARCHIVED"})
    assert archived.status_code == 200, archived.text
    assert (await client.get(path)).status_code == 404
    arrival = {"delta": 2, "reason": "arrived"}
    arrived = await client.post(f"{path}/inventory/adjust", headers=owner, json=arrival)
    assert arrived.status_code == 200, arrived.text
    assert await waiting(till, order) == 0
    await till.deliver(order)
    assert (await client.delete(path, headers=owner)).status_code == 204
    assert await till.doctor() == []


async def test_an_order_that_is_refunded_lets_its_product_go(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser, outside: Outside
) -> None:
    product, order = await awaited(till)
    headers = await as_user(product.vendor.owner)
    await ask_back(outside, order.id, of_line(order.lines[0].id, 2))
    assert await waiting(till, order) == 0
    deleted = await client.delete(f"/products/{product.id}", headers=headers)
    assert deleted.status_code == 204, deleted.text
    assert await till.doctor() == []


@pytest.mark.parametrize("gone", [Product, Variant])
async def test_an_order_can_be_refunded_though_what_it_waits_for_is_gone(
    till: Till, outside: Outside, gone: type[Product] | type[Variant]
) -> None:
    """An order may be placed in the very moment in which its product is deleted."""
    product, order = await awaited(till)
    ids = {Product: product.id, Variant: product.variant_id}
    async with till.database.transaction() as tx:
        change = update(gone).where(gone.id == ids[gone])
        await tx.connection.execute(change.values(deleted_at=now()))

    await ask_back(outside, order.id, of_line(order.lines[0].id, 1))
    assert await waiting(till, order) == 1
    await call_off(outside, order.id, CancelReason.STAFF, None)

    assert await till.stands(order.id) == BACK
    assert (await waiting(till, order), await till.balances()) == (0, {})
    assert await till.doctor() == []
