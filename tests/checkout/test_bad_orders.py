"""Orders that clients should not send: problem documents, and nothing half-done."""

import json

import httpx2
import pytest

from mestore.accounts.types import UserType
from tests.checkout.bodies import HEADERS, UNKNOWN_ID, Json, order_of, pse
from tests.checkout.problems import fields_of, is_named, problem
from tests.checkout.till import GUEST, SHIPPING, Till
from tests.conftest import AsUser

BAD_ORDERS: tuple[tuple[str, Json, str], ...] = (
    ("a negative quantity", {"quantity": -1}, "items.0.quantity"),
    ("no units", {"quantity": 0}, "items.0.quantity"),
    ("too many units", {"quantity": 1001}, "items.0.quantity"),
    ("a huge quantity", {"quantity": 10**30}, "items.0.quantity"),
    ("half a unit", {"quantity": 1.5}, "items.0.quantity"),
    ("units as text", {"quantity": "1"}, "items.0.quantity"),
    ("units as a flag", {"quantity": True}, "items.0.quantity"),
    ("no number", {"quantity": None}, "items.0.quantity"),
    (
        "a price",
        {"items": [{"product_id": UNKNOWN_ID, "quantity": 1, "price": 1}]},
        "items.0.price",
    ),
    ("no list", {"items": {"product_id": UNKNOWN_ID}}, "items"),
    ("an empty list", {"items": []}, "items"),
    ("too many lines", {"items": [{"product_id": UNKNOWN_ID, "quantity": 1}] * 101}, "items"),
    ("no product", {"items": [{"quantity": 1}]}, "items.0.product_id"),
    ("an id that is none", {"items": [{"product_id": "1", "quantity": 1}]}, "items.0.product_id"),
    ("a variant that is none", {"variant_id": "x"}, "items.0.variant_id"),
    ("an unknown field", {"discount": 100}, "discount"),
    ("a total of one's own", {"total_amount": 1}, "total_amount"),
    ("NUL in a name", {"shipping_name": "Ana\x00"}, "shipping_name"),
    ("NUL in the notes", {"notes": "a\x00b"}, "notes"),
    ("half a surrogate", {"shipping_name": "\ud800"}, "shipping_name"),
    ("a long name", {"shipping_name": "a" * 201}, "shipping_name"),
    ("long notes", {"notes": "a" * 2001}, "notes"),
    ("no address", {"shipping_address": ""}, "shipping_address"),
    ("an address of another kind", {"shipping_address": 7}, "shipping_address"),
    ("an address that is a list", {"shipping_address": ["Calle 1"]}, "shipping_address"),
    ("no city", {"shipping_city": None}, ""),
    ("no phone number", {"shipping_phone": "call me"}, "shipping_phone"),
    ("no e-mail address", {"customer_email": "nobody"}, "customer_email"),
    ("a billing address without a city", {"billing_address": {"name": "A"}}, "billing_address"),
    ("a negative total", {"expected_total": -1}, "expected_total"),
    ("a third decimal", {"expected_total": 1.005}, "expected_total"),
    ("a huge total", {"expected_total": 1e300}, "expected_total"),
    ("a total as text", {"expected_total": "much"}, "expected_total"),
)


async def test_malformed_orders_are_refused_by_field(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product()
    before = await till.counts()
    headers = HEADERS | {"Content-Type": "application/json", "Idempotency-Key": "bad-order-1"}

    named = {}
    for name, changes, field in BAD_ORDERS:
        body = json.dumps(order_of(product.id, **changes))
        answer = await client.post("/orders", content=body, headers=headers)
        named[name] = (field, fields_of(answer))

    assert {name for name, (field, found) in named.items() if not is_named(field, found)} == set()
    assert await till.counts() == before
    assert await till.build.stock_of(product.variant_id) == (10, 0)


NO_JSON = (
    (b"", "an empty body"),
    (b"{", "half of an object"),
    (b"[]", "a list"),
    (b'"text"', "a text"),
    (b"null", "null"),
    (b"\xff\xfe", "no UTF-8"),
    (b'{"items": [' + b"[" * 50_000, "a tower"),
    (b'{"expected_total": NaN}', "no number"),
    (b'{"expected_total": ' + b"9" * 5_000 + b"}", "a number of 5,000 digits"),
)


@pytest.mark.parametrize("path", ["/orders", "/payments/process"])
async def test_what_is_no_json_object_is_refused(
    till: Till, client: httpx2.AsyncClient, path: str
) -> None:
    before = await till.counts()

    for body, _ in NO_JSON:
        headers = HEADERS | {"Content-Type": "application/json"}
        problem(await client.post(path, content=body, headers=headers), 422, "VALIDATION_FAILED")

    assert await till.counts() == before


async def test_who_orders_a_product_with_variants_says_which(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product(variants=1)

    refused = await client.post("/orders", json=order_of(product.id), headers=HEADERS)
    body = order_of(product.id, variant_id=str(product.variant_ids[0]))
    answer = await client.post("/orders", json=body, headers=HEADERS)

    problem(refused, 422, "VARIANT_REQUIRED")
    assert (answer.status_code, answer.json()["items"][0]["variant_title"]) == (201, "Option 1")
    assert await till.build.stock_of(product.variant_id) == (10, 0)


async def test_of_a_field_that_is_sent_twice_the_last_one_counts(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product()
    body = json.dumps(order_of(product.id)).replace('"quantity": 1', '"quantity": 1, "quantity": 7')

    answer = await client.post(
        "/orders", content=body, headers=HEADERS | {"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["items"][0]["quantity"]) == (201, 7)
    assert await till.build.stock_of(product.variant_id) == (10, 7)


async def test_a_body_without_end_is_not_read(till: Till, client: httpx2.AsyncClient) -> None:
    huge = json.dumps(order_of(UNKNOWN_ID, notes="a" * 1_100_000))
    answer = await client.post(
        "/orders", content=huge, headers=HEADERS | {"Content-Type": "application/json"}
    )

    problem(answer, 413, "BODY_TOO_LARGE")


async def test_keys_and_sessions_that_cannot_be_kept_are_refused(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product()
    headers: list[dict[bytes, bytes]] = [
        {b"Session-ID": GUEST.encode(), b"Idempotency-Key": key.encode()}
        for key in ("", "with space", "ñ", "a" * 256)
    ]
    headers += [
        {b"Session-ID": session.encode()} for session in ("short", "with space 1", "a" * 101)
    ]

    for bad in headers:
        answer = await client.post("/orders", json=order_of(product.id), headers=bad)
        problem(answer, 422, "VALIDATION_FAILED")

    assert (await till.counts())["orders"] == 0


async def test_nobody_in_particular_orders_nothing(till: Till, client: httpx2.AsyncClient) -> None:
    product = await till.build.product()
    bodies = (("/orders", order_of(product.id)), ("/payments/process", pse(1)))

    for path, body in bodies:
        answer = await client.post(path, json=body)
        problem(answer, 401, "UNAUTHORIZED")
        assert "bearer" in answer.headers["www-authenticate"].lower()

    assert (await till.counts())["orders"] == 0


async def test_a_tampered_token_is_no_guest(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product()
    headers = await as_user(await till.build.user())
    start, _, signature = headers["Authorization"].rpartition(".")
    forged = "A" if signature[0] != "A" else "B"
    bad = [f"{start}.{forged}{signature[1:]}", f"{start}.", "Bearer nothing", "Basic YTpi", ""]

    for authorization in bad:
        answer = await client.post(
            "/orders",
            json=order_of(product.id),
            headers=HEADERS | {"Authorization": authorization},
        )
        assert answer.status_code == 401, (authorization, answer.text)

    assert (await till.counts())["orders"] == 0


async def test_a_guest_without_an_e_mail_address_is_told_so(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product()

    answer = await client.post(
        "/orders", json=order_of(product.id, customer_email=None), headers=HEADERS
    )

    body = problem(answer, 422, "EMAIL_REQUIRED")
    assert body["errors"][0]["field"] == "customer_email"
    assert (await till.counts())["orders"] == 0


async def test_a_buyer_needs_no_e_mail_address(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product, buyer = await till.build.product(), await till.build.user()

    answer = await client.post(
        "/orders",
        json=order_of(product.id, customer_email=None),
        headers=await as_user(buyer),
    )

    assert answer.status_code == 201, answer.text
    assert answer.json()["customer_email"] == buyer.email
    assert answer.json()["buyer_id"] == str(buyer.id)


async def test_an_address_may_be_an_object(till: Till, client: httpx2.AsyncClient) -> None:
    product = await till.build.product()
    address = {"address": "Carrera 7 # 1 - 2", "city": "Cali", "state": "Valle del Cauca"}

    answer = await client.post(
        "/orders", json=order_of(product.id, shipping_address=address), headers=HEADERS
    )

    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["shipping_address"], shown["shipping_city"], shown["shipping_state"]) == (
        "Carrera 7 # 1 - 2",
        "Cali",
        "Valle del Cauca",
    )
    assert (shown["shipping_name"], shown["shipping_phone"]) == ("Persona Ejemplo", "+573001234567")


async def test_refusals_of_an_order_are_problem_documents(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product(stock=1)
    hidden = await till.build.product(approved=False)
    before = await till.counts()

    async def refused(status: int, code: str, body: Json) -> Json:
        return problem(await client.post("/orders", json=body, headers=HEADERS), status, code)

    short = await refused(409, "INSUFFICIENT_STOCK", order_of(product.id, quantity=2))
    assert short["details"]["lines"] == [
        {"variant_id": str(product.variant_id), "requested": 2, "available": 1}
    ]
    await refused(404, "PRODUCT_NOT_FOR_SALE", order_of(hidden.id))
    await refused(404, "PRODUCT_NOT_FOR_SALE", order_of(UNKNOWN_ID))
    await refused(404, "PRODUCT_NOT_FOR_SALE", order_of(product.id, variant_id=UNKNOWN_ID))
    changed = await refused(409, "TOTAL_CHANGED", order_of(product.id, expected_total=1))
    assert changed["details"] == {"total": 68_550, "expected_total": 1}
    await refused(422, "EMPTY_CART", {**SHIPPING})

    assert await till.counts() == before
    assert await till.build.stock_of(product.variant_id) == (1, 0)
    spanish = await client.post(
        "/orders", json={**SHIPPING}, headers=HEADERS | {"Accept-Language": "es-CO"}
    )
    assert "vacío" in spanish.json()["detail"]


async def test_staff_may_cancel_for_a_buyer(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product(stock=2)
    order = await till.place(product)
    admin = await as_user(await till.build.user(UserType.ADMIN))

    answer = await client.delete(f"/orders/{order.id}", headers=admin)

    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.json()["order"]["status"] == "CANCELLED"
    assert await till.build.stock_of(product.variant_id) == (2, 0)


async def test_cancelling_answers_the_order_and_twice_the_same(
    till: Till, client: httpx2.AsyncClient
) -> None:
    order = await till.place(await till.build.product())

    first = await client.delete(f"/orders/{order.id}", headers=HEADERS)
    again = await client.delete(f"/orders/{order.id}/", headers=HEADERS)

    shown = first.json()["order"]
    assert (shown["status"], shown["financial_status"]) == ("CANCELLED", "VOIDED")
    assert shown["cancelled_at"] is not None
    assert (again.status_code, again.json()) == (200, first.json())


async def test_keys_of_a_guest_and_of_a_buyer_never_meet(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product, buyer = await till.build.product(), await till.build.user()
    key = {"Idempotency-Key": "1"}
    body = order_of(product.id)
    thief = {"Session-ID": str(buyer.id)} | key

    first = await client.post("/orders", json=body, headers=await as_user(buyer) | key)
    stolen = await client.post("/orders", json=body, headers=thief)

    assert (first.status_code, stolen.status_code) == (201, 201)
    assert stolen.json()["id"] != first.json()["id"]
    assert stolen.json()["buyer_id"] is None
