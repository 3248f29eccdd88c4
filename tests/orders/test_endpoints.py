"""Orders over HTTP: who sees which, and what of them."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.types import UserType
from mestore.kernel.clock import BOGOTA, now
from mestore.orders.models import Order
from tests.checkout.problems import problem
from tests.checkout.till import GUEST, Till, owner_of
from tests.conftest import AsUser, MovedClock

HEADERS = {"Session-ID": GUEST}
BILLING = {"name": "Sample Ltda", "address": "Carrera 7 # 1", "email": "invoices@example.com"}


async def ids(client: httpx2.AsyncClient, headers: dict[str, str], query: str = "") -> list[int]:
    answer = await client.get(f"/orders{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [order["id"] for order in answer.json()["orders"]]


async def test_an_order_is_seen_by_its_buyer_its_vendors_and_staff(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    buyer, vendor, other = (
        await till.build.user(),
        await till.build.vendor(),
        await till.build.vendor(),
    )
    order = await till.place(
        await till.build.product(vendor=vendor), owner=owner_of(buyer), billing_address=BILLING
    )
    sees = [
        await as_user(buyer),
        await as_user(vendor.owner),
        await as_user(await till.build.user(UserType.ADMIN)),
        await as_user(await till.build.user(UserType.SUPERUSER)),
    ]
    sees_not = [
        await as_user(other.owner),
        await as_user(await till.build.user()),
        await as_user(await till.build.user(UserType.VENDOR)),
        HEADERS,
        {"Session-ID": str(buyer.id)},
    ]

    for headers in sees:
        assert (await client.get(f"/orders/{order.id}", headers=headers)).json()["id"] == order.id
        assert await ids(client, headers) == [order.id]
    for headers in sees_not:
        problem(await client.get(f"/orders/{order.id}", headers=headers), 404, "ORDER_NOT_FOUND")
        assert await ids(client, headers) == []
    problem(await client.get(f"/orders/{order.id}"), 401, "UNAUTHORIZED")
    problem(await client.get("/orders"), 401, "UNAUTHORIZED")


async def test_a_guest_sees_the_orders_of_the_session(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product()
    order = await till.place(product)

    assert await ids(client, HEADERS) == [order.id]
    assert await ids(client, {"Session-ID": "another-guest-01"}) == []


async def test_a_vendor_sees_its_own_items_and_amounts_and_no_address_of_the_buyer(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    mine, other = await till.build.vendor(), await till.build.vendor()
    first = await till.build.product(vendor=mine, price="45000", tax_rate=19)
    second = await till.build.product(vendor=other, price="60000", tax_rate=5)
    order = await till.place((first, 2), second, billing_address=BILLING)
    headers = await as_user(mine.owner)

    one = (await client.get(f"/orders/{order.id}", headers=headers)).json()
    (listed,) = (await client.get("/orders", headers=headers)).json()["orders"]

    assert one == listed
    assert [item["product_id"] for item in one["items"]] == [str(first.id)]
    assert {name: one[name] for name in ("subtotal", "tax_amount", "shipping_amount")} == {
        "subtotal": 90_000,
        "tax_amount": 17_100,
        "shipping_amount": 0,
    }
    assert one["total_amount"] == 107_100
    assert one["discount_amount"] == 0
    assert (one["customer_email"], one["billing_address"]) == (None, None)
    assert one["shipping_name"] == "Persona Ejemplo"
    for hidden in (second.id, other.id, "guest@example.com", "invoices@example.com", "60000"):
        assert str(hidden) not in str(one)


async def test_a_vendor_who_buys_sees_the_whole_of_the_own_order(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    vendor = await till.build.vendor()
    own, other = await till.build.product(vendor=vendor), await till.build.product()
    order = await till.place(own, other, owner=owner_of(vendor.owner))

    shown = await client.get(f"/orders/{order.id}", headers=await as_user(vendor.owner))

    assert len(shown.json()["items"]) == 2
    assert shown.json()["customer_email"] == "guest@example.com"


async def test_what_is_placed_is_what_is_read(till: Till, client: httpx2.AsyncClient) -> None:
    product = await till.build.product(price="1234.50", tax_rate=19)
    body = {
        "items": [{"product_id": str(product.id), "quantity": 3}],
        "shipping_name": "Persona Ejemplo",
        "shipping_phone": "3001234567",
        "shipping_address": "Calle 100 # 8A - 55",
        "shipping_city": "Bogotá, D.C.",
        "shipping_state": "Bogotá, D.C.",
        "customer_email": "Guest@Example.com",
        "notes": "Portería",
    }

    placed = await client.post("/orders", json=body, headers=HEADERS)
    read = await client.get(f"/orders/{placed.json()['id']}", headers=HEADERS)

    assert (placed.status_code, read.status_code) == (201, 200)
    assert placed.json() == read.json()
    shown = read.json()
    assert set(shown) >= {
        "order_number",
        "status",
        "financial_status",
        "fulfillment_status",
        "buyer_id",
        "customer_email",
        "customer_phone",
        "subtotal",
        "tax_amount",
        "discount_amount",
        "currency",
        "billing_address",
        "tracking_number",
        "tracking_url",
        "tags",
        "source",
        "updated_at",
        "shipped_at",
        "delivered_at",
        "cancelled_at",
    }
    # 3 x 1,234.50 = 3,703.50; 19 % of it is 703.665, rounded half up.
    assert (shown["subtotal"], shown["tax_amount"]) == (3703.5, 703.67)
    assert (shown["shipping_amount"], shown["total_amount"]) == (15_000, 19_407.17)
    (item,) = shown["items"]
    assert (item["unit_price"], item["total_price"], item["quantity"]) == (1234.5, 3703.5, 3)
    assert item["fulfilled_quantity"] == 0
    assert shown["created_at"].endswith("Z") or shown["created_at"].endswith("+00:00")


async def test_an_unchanged_order_is_not_sent_again(till: Till, client: httpx2.AsyncClient) -> None:
    order = await till.place(await till.build.product())
    first = await client.get(f"/orders/{order.id}", headers=HEADERS)
    seen = HEADERS | {"If-None-Match": first.headers["etag"]}

    assert (await client.get(f"/orders/{order.id}", headers=seen)).status_code == 304

    await till.settle_approved(order)
    changed = await client.get(f"/orders/{order.id}", headers=seen)
    assert (changed.status_code, changed.json()["financial_status"]) == (200, "PAID")


async def test_lists_filter_sort_and_page(
    till: Till, client: httpx2.AsyncClient, clock: MovedClock
) -> None:
    product = await till.build.product(stock=99)
    orders = []
    for quantity in (2, 1, 4, 3, 5):
        orders.append((await till.place((product, quantity))).id)
        clock.advance(timedelta(minutes=1))
    assert await ids(client, HEADERS) == orders[::-1]
    assert await ids(client, HEADERS, "?sort=created_at") == orders
    by_total = [orders[index] for index in (4, 2, 3, 0, 1)]
    assert await ids(client, HEADERS, "?sort=-total_amount") == by_total
    assert await ids(client, HEADERS, "?skip=1&limit=2") == orders[::-1][1:3]
    assert await ids(client, HEADERS, "?page=2&per_page=2") == orders[::-1][2:4]
    assert await ids(client, HEADERS, "?status=PENDING&per_page=1") == orders[:-2:-1]
    assert await ids(client, HEADERS, "?status=CONFIRMED") == []
    answer = await client.get("/orders?per_page=2", headers=HEADERS)
    pagination = answer.json()["pagination"]
    assert (pagination["total"], pagination["pages"], pagination["per_page"]) == (5, 3, 2)
    walked = await ids(client, HEADERS, f"?per_page=2&cursor={pagination['next']}")
    assert walked == orders[::-1][2:4]
    for query in (
        "?sort=secret",
        "?status=LOST",
        "?page=0",
        "?per_page=101",
        "?cursor=x",
        "?skip=-1",
    ):
        assert (await client.get(f"/orders{query}", headers=HEADERS)).status_code == 422


async def test_a_day_is_a_day_in_bogota(
    till: Till, client: httpx2.AsyncClient, clock: MovedClock
) -> None:
    order = await till.place(await till.build.product())
    today = now().astimezone(BOGOTA).date()
    first = f"{today}T00:00:00-05:00"
    late = f"{today}T23:59:59.999999-05:00"
    async with till.database.transaction() as tx:
        await tx.connection.execute(
            update(Order).values(created_at=now().astimezone(BOGOTA).replace(hour=23, minute=59))
        )

    for query in (
        {"date_from": str(today)},
        {"date_to": str(today)},
        {"date_from": str(today), "date_to": str(today)},
        {"date_from": first, "date_to": late},
        {"date_from": f"{today}T05:00:00Z"},
    ):
        answer = await client.get("/orders", params=query, headers=HEADERS)
        assert [one["id"] for one in answer.json()["orders"]] == [order.id], query
    tomorrow, yesterday = str(today + timedelta(days=1)), str(today - timedelta(days=1))
    for query in ({"date_from": tomorrow}, {"date_to": yesterday}):
        answer = await client.get("/orders", params=query, headers=HEADERS)
        assert answer.json()["orders"] == [], query


@pytest.mark.parametrize("name", ["date_from", "date_to"])
async def test_a_time_that_is_none_is_refused(client: httpx2.AsyncClient, name: str) -> None:
    bad = (
        "yesterday",
        "2026-11-20T10:00:00",
        "2026-13-01",
        "0001-01-01",
        "9999-12-31T23:59:59-12:00",
        "1e400",
        "",
        "2026-11-20\x00",
    )
    for value in bad:
        answer = await client.get("/orders", params={name: value}, headers=HEADERS)
        problem(answer, 422, "VALIDATION_FAILED")


async def test_the_number_of_statements_does_not_grow_with_the_orders(
    till: Till, client: httpx2.AsyncClient, statements: list[str]
) -> None:
    products = [await till.build.product(stock=99) for _ in range(4)]
    sent = []
    for count in (1, 4, 10):
        for _ in range(count):
            await till.place(*products)
        statements.clear()
        assert len(await ids(client, HEADERS)) >= count
        sent.append(len(statements))

    assert sent == [3, 3, 3]


async def test_orders_are_served(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/orders/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
