"""Calls that the tests of carts share."""

from typing import Any

import httpx2
from sqlalchemy import func, select

from mestore.carts.models import Cart, CartItem
from mestore.kernel.db import Database
from tests.build import BuiltProduct

GUEST = {"Session-ID": "guest-0000-0001"}


async def add(
    client: httpx2.AsyncClient,
    product: BuiltProduct,
    quantity: int = 1,
    headers: dict[str, str] | None = None,
    **more: object,
) -> httpx2.Response:
    body = {"product_id": str(product.id), "quantity": quantity, **more}
    return await client.post("/cart/items", json=body, headers=headers or GUEST)


async def cart(client: httpx2.AsyncClient, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = await client.get("/cart", headers=headers or GUEST)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def quantities(cart: dict[str, Any]) -> dict[str, int]:
    return {item["product_id"]: item["quantity"] for item in cart["items"]}


async def rows(database: Database) -> tuple[int, int]:
    """How many carts and lines there are."""
    async with database.read() as connection:
        carts = (await connection.execute(select(func.count()).select_from(Cart))).scalar_one()
        lines = (await connection.execute(select(func.count()).select_from(CartItem))).scalar_one()
    return carts, lines
