"""Whose cart it is: a buyer's or a guest's, and nobody else's."""

import httpx2

from mestore.accounts.types import UserType
from mestore.kernel.db import Database
from tests.build import Build
from tests.carts.calls import GUEST, add, cart, quantities, rows
from tests.conftest import SignIn


async def test_nobody_in_particular_has_no_cart(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    body = {"product_id": str((await build.product()).id)}

    for answer in (
        await client.get("/cart"),
        await client.post("/cart/items", json=body),
        await client.delete("/cart"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "SESSION_ID_REQUIRED")
    for session_id in ("short", "x" * 101, "with a blank", ""):
        answer = await client.get("/cart", headers={"Session-ID": session_id})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert await rows(database) == (0, 0)


async def test_a_bad_token_does_not_turn_a_buyer_into_a_guest(
    client: httpx2.AsyncClient, build: Build
) -> None:
    headers = GUEST | {"Authorization": "Bearer nonsense"}

    assert (await add(client, await build.product(), headers=headers)).status_code == 401


async def test_carts_of_others_are_out_of_reach(
    client: httpx2.AsyncClient, database: Database, build: Build, sign_in: SignIn
) -> None:
    buyer, other = await build.user(), await build.user(UserType.ADMIN)
    product = await build.product()
    mine = await sign_in(buyer.email)
    item_id = (await add(client, product, 2, mine)).json()["cart"]["items"][0]["id"]
    strangers = [
        GUEST,
        {"Session-ID": f"buyer:{buyer.id}"},
        {"Session-ID": str(buyer.id)},
        await sign_in(other.email),
    ]

    for headers in strangers:
        assert (await cart(client, headers))["items"] == []
        changed = await client.put(f"/cart/items/{item_id}", json={"quantity": 9}, headers=headers)
        removed = await client.delete(f"/cart/items/{item_id}", headers=headers)
        cleared = await client.delete("/cart", headers=headers)
        assert (changed.status_code, removed.status_code) == (404, 404)
        assert cleared.status_code == 200

    assert quantities(await cart(client, mine)) == {str(product.id): 2}
    assert await rows(database) == (1, 1)
