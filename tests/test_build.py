"""What the tests build is what the program itself would have written."""

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.kernel.db import Database
from mestore.operations.doctor import examine
from mestore.vendors.types import VendorStatus
from tests.build import Build
from tests.conftest import AsUser, SignIn


async def test_what_is_built_agrees_with_itself(database: Database, build: Build) -> None:
    category = await build.category(parent=await build.category())
    product = await build.product(stock=3, variants=2, category=category)
    await build.product(stock=0, approved=False, vendor=product.vendor, track_inventory=False)
    await build.cart(product, quantity=2, buyer=await build.user())
    await build.cart(product)
    await build.vendor(status=VendorStatus.SUSPENDED)
    async with database.read() as connection:
        assert await examine(connection) == []
    assert await build.stock_of(product.variant_id) == (3, 0)
    assert await build.stock_of(product.variant_ids[1]) == (3, 0)


@pytest.mark.parametrize("user_type", list(UserType))
async def test_a_built_user_can_sign_in(
    client: httpx2.AsyncClient,
    build: Build,
    sign_in: SignIn,
    as_user: AsUser,
    user_type: UserType,
) -> None:
    user = await build.user(user_type)
    for headers in (await sign_in(user.email), await as_user(user)):
        me = (await client.get("/auth/me", headers=headers)).json()
        assert (me["id"], me["number"], me["user_type"]) == (
            str(user.id),
            user.number,
            user_type.value,
        )


async def test_a_built_product_is_on_sale_and_is_found(
    client: httpx2.AsyncClient, build: Build
) -> None:
    category = await build.category("Lámparas")
    product = await build.product(
        stock=4, price="45000.50", tax_rate=5, category=category, name="Lámpara de mesa"
    )
    await build.product(approved=False, name="Lámpara oculta")
    listed = (await client.get("/products", params={"search": "lampara"})).json()["products"]
    (shown,) = listed
    assert shown["id"] == str(product.id)
    assert (shown["price"], shown["stock"], shown["in_stock"]) == (45000.5, 4, True)
    detail = (await client.get(f"/products/{product.slug}")).json()
    assert (detail["tax_rate"], detail["sku"]) == (5, product.sku)
    assert detail["category"]["slug"] == category.slug
    assert detail["vendor"]["id"] == str(product.vendor.id)


async def test_a_built_vendor_may_offer(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    body = {"name": "Taza", "sku": "T-1", "price": 12000, "stock": 1}
    answer = await client.post("/products", json=body, headers=await as_user(vendor.owner))
    assert answer.status_code == 201, answer.text
    assert answer.json()["vendor"]["id"] == str(vendor.id)


async def test_a_built_cart_belongs_to_its_buyer(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product, buyer = await build.product(), await build.user()
    cart_id = await build.cart(product, quantity=2, buyer=buyer)
    cart = (await client.get("/cart", headers=await as_user(buyer))).json()
    assert (cart["id"], cart["item_count"]) == (str(cart_id), 2)
    assert [item["product_id"] for item in cart["items"]] == [str(product.id)]
