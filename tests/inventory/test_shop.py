"""A shop's places, its movements, and what is running low."""

import httpx2

from mestore.inventory.service import InventoryService
from mestore.inventory.types import Demand
from mestore.kernel.db import Database
from tests.build import Build
from tests.conftest import AsUser


async def test_movements_are_listed_the_newest_first(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product(stock=9)
    headers = await as_user(product.vendor.owner)
    path = f"/products/{product.id}/inventory"
    for delta in (-2, 5):
        body = {"delta": delta, "reason": f"counted {delta}"}
        assert (await client.post(f"{path}/adjust", headers=headers, json=body)).status_code == 200
    first = (await client.get(f"{path}/movements?per_page=2", headers=headers)).json()
    assert [each["on_hand_change"] for each in first["movements"]] == [5, -2]
    assert first["pagination"]["total"] == 3
    cursor = first["pagination"]["next"]
    rest = await client.get(f"{path}/movements?per_page=2&cursor={cursor}", headers=headers)
    assert [each["reason"] for each in rest.json()["movements"]] == ["first stock"]
    stranger = await as_user((await build.vendor()).owner)
    assert (await client.get(f"{path}/movements", headers=stranger)).status_code == 404


async def test_what_runs_low_is_listed_for_its_vendor(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    low = await build.product(vendor=vendor, stock=5)
    await build.product(vendor=vendor, stock=6)
    await build.product(vendor=vendor, stock=0, track_inventory=False)
    await build.product(stock=0)
    shown = await client.get("/inventory/low-stock", headers=await as_user(vendor.owner))
    assert [(each["sku"], each["available"]) for each in shown.json()["low_stock"]] == [
        (low.sku, 5)
    ]


async def test_places_are_added_and_renamed(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    made = await client.post("/inventory/locations", headers=headers, json={"name": "Cali"})
    assert made.status_code == 201
    place = made.json()["locations"][-1]
    assert place["name"] == "Cali"
    again = await client.post("/inventory/locations", headers=headers, json={"name": "Cali"})
    assert (again.status_code, again.json()["code"]) == (409, "LOCATION_TAKEN")
    path = f"/inventory/locations/{place['id']}"
    renamed = await client.put(path, headers=headers, json={"name": "Palmira"})
    assert "Palmira" in [each["name"] for each in renamed.json()["locations"]]
    stranger = await as_user((await build.vendor()).owner)
    foreign = await client.put(path, headers=stranger, json={"name": "X"})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "LOCATION_NOT_FOUND")


async def test_the_main_place_stays_the_main_one_under_another_name(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    product = await build.product(vendor=vendor, stock=7)
    headers = await as_user(vendor.owner)
    place = f"/inventory/locations/{vendor.location_id}"
    await client.put(place, headers=headers, json={"name": "Cali"})
    path = f"/products/{product.id}"

    patched = await client.patch(path, headers=headers, json={"stock": 5})
    assert patched.json()["stock"] == 5
    levels = {"levels": [{"on_hand": 4}]}
    put = await client.put(f"{path}/inventory", headers=headers, json=levels)
    added = await client.post(
        f"{path}/variants", headers=headers, json={"sku": "other", "option1": "XL", "stock": 3}
    )
    variant = {"variant_id": added.json()["id"], "delta": 1, "reason": "found"}
    adjusted = await client.post(f"{path}/inventory/adjust", headers=headers, json=variant)

    assert [(each["location"], each["on_hand"]) for each in put.json()["levels"]] == [("Cali", 4)]
    assert [(each["location"], each["on_hand"]) for each in adjusted.json()["levels"]] == [
        ("Cali", 4),
        ("Cali", 4),
    ]
    places = (await client.get("/inventory/locations", headers=headers)).json()["locations"]
    assert [each["name"] for each in places] == ["Cali"]


async def test_low_stock_is_told_once_when_it_falls_over_the_threshold(
    build: Build, database: Database
) -> None:
    product = await build.product(stock=8)
    told = []
    for order_id, units in enumerate((2, 1, 1), start=1):
        async with database.transaction() as tx:
            seen = _Seen(tx.outbox)
            tx.outbox = seen  # type: ignore[assignment]
            demand = Demand(product.variant_id, product.id, units)
            await InventoryService(tx).reserve(order_id, [demand])
        told.append([name for name in seen.names if name == "LowStock"])
    assert told == [[], ["LowStock"], []]


async def test_what_is_not_counted_never_runs_low(build: Build, database: Database) -> None:
    told = []
    for track_inventory in (True, False):
        product = await build.product(stock=8, track_inventory=track_inventory)
        async with database.transaction() as tx:
            seen = _Seen(tx.outbox)
            tx.outbox = seen  # type: ignore[assignment]
            stock = InventoryService(tx)
            await stock.adjust(product.variant_id, -6, reason="counted", actor_id=None)
        told.append(seen.names)
    assert told == [["LowStock"], []]


class _Seen:
    """An outbox that also says what was sent."""

    def __init__(self, outbox: object) -> None:
        self.outbox = outbox
        self.names: list[str] = []

    def rows(self, message: object, **given: object) -> object:
        self.names.append(type(message).__name__)
        return self.outbox.rows(message, **given)  # type: ignore[attr-defined]
