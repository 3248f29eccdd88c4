"""The cart over HTTP: lines, live prices, totals."""

import asyncio

import httpx2
import pytest
from sqlalchemy import update

from mestore.catalog.models import Product
from mestore.inventory.models import StockLevel
from mestore.kernel.db import Database
from tests.build import Build, BuiltProduct
from tests.carts.calls import GUEST, add, cart, quantities, rows


async def change_product(database: Database, product: BuiltProduct, **values: object) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product).where(Product.id == product.id).values(**values)
        )


async def change_stock(database: Database, product: BuiltProduct, on_hand: int) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(StockLevel).where(StockLevel.id == product.level_id).values(on_hand=on_hand)
        )


async def test_a_cart_that_nothing_was_put_into_is_empty_and_unwritten(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    empty = await cart(client)

    assert {name: value for name, value in empty.items() if name not in {"id", "expires_at"}} == {
        "items": [],
        "item_count": 0,
        "subtotal": 0,
        "tax_amount": 0,
        "shipping_amount": 0,
        "total_amount": 0,
        "currency": "COP",
    }
    assert await rows(database) == (0, 0)
    filled = (await add(client, await build.product())).json()["cart"]
    assert filled["id"] == empty["id"] == (await cart(client))["id"]
    assert await rows(database) == (1, 1)


async def test_a_line_shows_the_product_and_the_cart_adds_up(
    client: httpx2.AsyncClient, build: Build
) -> None:
    dear = await build.product(price="45000.50", tax_rate=19)
    cheap = await build.product(price="1999.99", tax_rate=5)

    await add(client, dear, 3)
    answer = await add(client, cheap)

    assert answer.status_code == 201
    assert answer.json()["success"] is True
    shown = answer.json()["cart"]
    assert shown == await cart(client)
    assert shown["items"][0] == {
        "id": shown["items"][0]["id"],
        "product_id": str(dear.id),
        "variant_id": str(dear.variant_id),
        "name": shown["items"][0]["name"],
        "sku": dear.sku,
        "image_url": None,
        "quantity": 3,
        "unit_price": 45000.5,
        "current_price": 45000.5,
        "line_total": 135001.5,
        "available": True,
        "warnings": [],
    }
    # 25,650.285 and 99.9995 pesos of IVA, each rounded half up to the centavo.
    assert (shown["item_count"], shown["subtotal"]) == (4, 137001.49)
    assert (shown["tax_amount"], shown["shipping_amount"]) == (25750.29, 15000)
    assert shown["total_amount"] == 177751.78


async def test_shipping_is_free_from_the_threshold(
    client: httpx2.AsyncClient, build: Build
) -> None:
    shown = (await add(client, await build.product(price="50000"), 4)).json()["cart"]

    assert (shown["subtotal"], shown["shipping_amount"]) == (200000, 0)
    assert shown["total_amount"] == 238000


async def test_adding_again_grows_the_line_and_keeps_its_snapshot(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    product = await build.product(price="100")
    await add(client, product, 2)
    await change_product(database, product, price_minor=12000)

    (line,) = (await add(client, product, 3)).json()["cart"]["items"]

    assert (line["quantity"], line["unit_price"], line["current_price"]) == (5, 100, 120)
    assert (line["line_total"], line["available"]) == (600, True)
    assert line["warnings"] == ["PRICE_CHANGED"]


async def test_quantity_is_one_unless_it_is_said(client: httpx2.AsyncClient, build: Build) -> None:
    product = await build.product()

    answer = await client.post("/cart/items", json={"product_id": str(product.id)}, headers=GUEST)

    assert quantities(answer.json()["cart"]) == {str(product.id): 1}


async def test_lines_are_changed_and_removed(client: httpx2.AsyncClient, build: Build) -> None:
    first, second = [await build.product() for _ in range(2)]
    await add(client, first)
    items = (await add(client, second)).json()["cart"]["items"]

    changed = await client.put(f"/cart/items/{items[0]['id']}", json={"quantity": 7}, headers=GUEST)
    removed = await client.delete(f"/cart/items/{items[1]['id']}", headers=GUEST)

    assert (changed.status_code, removed.status_code) == (200, 200)
    assert quantities(changed.json()["cart"]) == {str(first.id): 7, str(second.id): 1}
    assert quantities(removed.json()["cart"]) == {str(first.id): 7}
    assert removed.json()["cart"] == await cart(client)


async def test_clearing_leaves_an_empty_cart(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    await add(client, await build.product())

    cleared = await client.delete("/cart", headers=GUEST)
    again = await client.delete("/cart", headers={"Session-ID": "guest-0000-0002"})

    assert cleared.status_code == again.status_code == 200
    assert cleared.json()["cart"]["items"] == again.json()["cart"]["items"] == []
    assert await rows(database) == (1, 0)


async def test_goods_that_are_not_counted_never_run_out(
    client: httpx2.AsyncClient, build: Build
) -> None:
    product = await build.product(stock=0, track_inventory=False)

    (line,) = (await add(client, product, 500)).json()["cart"]["items"]

    assert (line["available"], line["warnings"]) == (True, [])


async def test_stock_and_sale_are_watched_after_adding(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    gone, short, fine = [await build.product(price="1000") for _ in range(3)]
    for product in (gone, short, fine):
        await add(client, product, 2)
    await change_product(database, gone, is_public=False)
    await change_stock(database, short, 1)

    shown = await cart(client)

    assert [(item["available"], item["warnings"]) for item in shown["items"]] == [
        (False, ["NOT_AVAILABLE"]),
        (False, ["INSUFFICIENT_STOCK"]),
        (True, []),
    ]
    assert [item["line_total"] for item in shown["items"]] == [0, 2000, 2000]
    assert shown["subtotal"] == 4000
    dead = f"/cart/items/{shown['items'][0]['id']}"
    refused = await client.put(dead, json={"quantity": 1}, headers=GUEST)
    assert (refused.status_code, refused.json()["code"]) == (409, "LINE_NOT_AVAILABLE")
    assert (await client.delete(dead, headers=GUEST)).status_code == 200


async def test_adds_of_the_same_line_at_the_same_time_sum_up(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    product, other = await build.product(stock=100), await build.product(stock=100)

    answers = await asyncio.gather(
        *(add(client, wanted, 2) for _ in range(12) for wanted in (product, other))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert quantities(await cart(client)) == {str(product.id): 24, str(other.id): 24}
    assert await rows(database) == (1, 2)


@pytest.mark.parametrize("lines", [1, 10, 50])
async def test_the_number_of_statements_does_not_grow_with_the_lines(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    statements: list[str],
    lines: int,
) -> None:
    vendor = await build.vendor()
    products = [await build.product(vendor=vendor) for _ in range(lines)]
    await build.cart(*products, session_id=GUEST["Session-ID"])
    item_id = (await cart(client))["items"][0]["id"]
    begin = 1 if database.dialect == "sqlite" else 0
    line = f"/cart/items/{item_id}"
    counts = []

    for method, path, body in (
        ("GET", "/cart", None),
        ("POST", "/cart/items", {"product_id": str(products[0].id), "quantity": 1}),
        ("PUT", line, {"quantity": 3}),
        ("DELETE", line, None),
        ("DELETE", "/cart", None),
    ):
        statements.clear()
        answer = await client.request(method, path, json=body, headers=GUEST)
        assert answer.status_code in {200, 201}
        counts.append(len(statements))

    left = 2 if lines > 1 else 0
    assert counts == [3, begin + 5, begin + 5, begin + 3 + left, begin + 4]
