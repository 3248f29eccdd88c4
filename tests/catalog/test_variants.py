"""Variants after the offer: added, changed, removed only where nobody holds them."""

from uuid import uuid4

import httpx2

from tests.build import Build
from tests.catalog.bodies import code, offer, offered
from tests.conftest import AsUser


async def test_a_variant_is_added_changed_and_removed(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    path = f"/products/{(await offered(client, headers))['id']}/variants"
    body = {"sku": "R-1", "option1": "Rojo", "price": 50000, "stock": 4, "inventory_policy": "deny"}
    answer = await client.post(path, headers=headers, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    shown = {name: made[name] for name in ("sku", "price", "stock", "position", "inventory_policy")}
    assert shown == {
        "sku": "R-1",
        "price": 50000,
        "stock": 4,
        "position": 1,
        "inventory_policy": "DENY",
    }
    changed = await client.put(
        f"{path}/{made['id']}", headers=headers, json={"sku": "R-2", "title": "Rojo", "position": 7}
    )
    assert (changed.status_code, changed.json()["sku"], changed.json()["price"]) == (
        200,
        "R-2",
        45000.5,
    )
    refused = await client.delete(f"{path}/{made['id']}", headers=headers)
    assert code(refused) == (409, "VARIANT_IN_USE")
    inventory = path.replace("variants", "inventory")
    level = {"levels": [{"variant_id": made["id"], "on_hand": 0}]}
    assert (await client.put(inventory, headers=headers, json=level)).status_code == 200
    assert (await client.delete(f"{path}/{made['id']}", headers=headers)).status_code == 204
    assert len((await client.get(path)).json()["variants"]) == 1
    assert len((await client.get(inventory, headers=headers)).json()["levels"]) == 1
    # Its SKU is free again, and what was moved still says it.
    assert (await client.post(path, headers=headers, json=body)).status_code == 201
    moved = (await client.get(f"{inventory}/movements", headers=headers)).json()["movements"]
    assert {each["sku"] for each in moved} == {"PIN-001", "R-1", "R-2"}


async def test_no_two_variants_have_the_same_options(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    path = f"/products/{(await offered(client, headers))['id']}/variants"

    async def add(sku: str, **options: str) -> httpx2.Response:
        return await client.post(path, headers=headers, json={"sku": sku, **options})

    red = await add("R", option1="Rojo", option2="M")
    assert red.status_code == 201, red.text
    assert code(await add("R-2", option1=" rojo", option2="m")) == (409, "OPTIONS_TAKEN")
    blue = await add("B", option1="Azul", option2="M")
    for sku in ("N-1", "N-2"):
        assert (await add(sku)).status_code == 201

    # The same variant may keep them; another may not get them.
    same = {"sku": "R", "option1": "ROJO", "option2": "M"}
    kept = await client.put(f"{path}/{red.json()['id']}", headers=headers, json=same)
    assert kept.status_code == 200, kept.text
    clash = await client.put(f"{path}/{blue.json()['id']}", headers=headers, json=same)
    assert code(clash) == (409, "OPTIONS_TAKEN")
    twice = [{"sku": sku, "option1": "Verde"} for sku in ("V-1", "V-2")]
    offered_twice = await client.post(
        "/products", headers=headers, json=offer(sku="PIN-2", variants=twice)
    )
    assert code(offered_twice) == (409, "OPTIONS_TAKEN")


async def test_a_variant_in_a_cart_stays_and_the_default_one_always(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product(variants=1, stock=0)
    headers = await as_user(product.vendor.owner)
    variant_id = product.variant_ids[0]
    path = f"/products/{product.id}/variants/{variant_id}"
    assert code(
        await client.delete(path.replace(str(variant_id), str(product.variant_id)), headers=headers)
    ) == (
        409,
        "DEFAULT_VARIANT_KEPT",
    )
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert code(await client.delete(path, headers=headers)) == (404, "VARIANT_NOT_FOUND")


async def test_the_default_variant_costs_what_its_product_is_shown_at(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    path = f"/products/{(await offered(client, headers, price=1000))['id']}"
    (default,) = (await client.get(f"{path}/variants")).json()["variants"]
    own = f"{path}/variants/{default['id']}"

    dearer = await client.put(own, headers=headers, json={"sku": default["sku"], "price": 1001})
    # As who reads it, changes its title and sends it back.
    same = {"sku": default["sku"], "title": "Única", "price": default["price"]}
    titled = await client.put(own, headers=headers, json=same)
    await client.patch(path, headers=headers, json={"price": 500})

    assert code(dearer) == (409, "DEFAULT_VARIANT_KEPT")
    assert (titled.status_code, titled.json()["price_override"]) == (200, None)
    (default,) = (await client.get(f"{path}/variants")).json()["variants"]
    assert (default["title"], default["price"]) == ("Única", 500)


async def test_refusals_of_variants(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers)
    path = f"/products/{product['id']}/variants"
    again = await client.post(path, headers=headers, json={"sku": product["sku"]})
    assert code(again) == (409, "SKU_TAKEN")
    unknown = {"sku": "X", "inventory_policy": "always"}
    assert (await client.post(path, headers=headers, json=unknown)).status_code == 422
    missing = await client.put(f"{path}/{uuid4()}", headers=headers, json={"sku": "X"})
    assert code(missing) == (404, "VARIANT_NOT_FOUND")
    stranger = await as_user((await build.vendor()).owner)
    foreign = await client.post(path, headers=stranger, json={"sku": "X"})
    assert code(foreign) == (404, "PRODUCT_NOT_FOUND")
    old = headers | {"If-Match": '"99"'}
    assert (await client.post(path, headers=old, json={"sku": "X"})).status_code == 412
