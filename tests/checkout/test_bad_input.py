"""What clients should not send: the contract's problem documents, and nothing half-done."""

import json
from typing import Any

import httpx2
import pytest

from mestore.accounts.types import UserType
from tests.checkout.test_races import SHIPPING
from tests.checkout.till import GUEST, Till
from tests.conftest import AsUser

HEADERS = {"Session-ID": GUEST}
UNKNOWN_ID = "0192f0c0-0000-7000-8000-000000000000"
PSE = {
    "user_type": 0,
    "user_legal_id_type": "CC",
    "user_legal_id": "1020304050",
    "financial_institution_code": "1",
}
Json = dict[str, Any]


def problem(answer: httpx2.Response, status: int, code: str) -> Json:
    """Return a problem document that is as the contract has it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: Json = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer.headers["x-request-id"]
    assert {"type", "title", "detail"} <= set(body)
    for word in ("Traceback", "SELECT", "sqlalchemy", "/work", ".py"):
        assert word not in answer.text
    return body


def order_of(product_id: object, **changes: object) -> Json:
    item: Json = {"product_id": str(product_id), "quantity": 1}
    line = {name: changes.pop(name) for name in ("quantity", "variant_id") if name in changes}
    return {**SHIPPING, "items": [item | line], **changes}


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


def fields_of(answer: httpx2.Response) -> list[str]:
    """Return the fields that a validation problem names."""
    errors = problem(answer, 422, "VALIDATION_FAILED")["errors"]
    assert all(set(error) == {"field", "issue"} for error in errors)
    return [error["field"] for error in errors]


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


def is_named(field: str, found: list[str]) -> bool:
    return any(one.startswith(field) for one in found)


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


def pse(order_id: int) -> Json:
    return {"order_id": order_id, "payment_method": "PSE", "payment_data": PSE}


BAD_PAYMENTS: tuple[tuple[str, Json, str], ...] = (
    ("an order as text", {"order_id": "1"}, "order_id"),
    ("order nought", {"order_id": 0}, "order_id"),
    ("an id beyond 64 bits", {"order_id": 2**63}, "order_id"),
    ("an unknown method", {"payment_method": "CASH"}, "payment_method"),
    ("no method", {"payment_method": None}, "payment_method"),
    ("a card without a token", {"payment_method": "CARD"}, ""),
    ("Nequi without a phone", {"payment_method": "NEQUI"}, ""),
    ("a bank payment without a bank", {"payment_data": {"user_type": 0}}, ""),
    ("an unknown field", {"amount_in_cents": 1}, "amount_in_cents"),
    ("an unknown detail", {"payment_data": PSE | {"number": "4242"}}, "payment_data.number"),
    (
        "a person of a third kind",
        {"payment_data": PSE | {"user_type": 2}},
        "payment_data.user_type",
    ),
    ("NUL", {"payment_data": PSE | {"user_legal_id": "1\x0023"}}, "payment_data.user_legal_id"),
    ("no instalment", {"installments": 0}, "installments"),
    ("too many instalments", {"installments": 37}, "installments"),
    ("a negative amount", {"amount": -68550}, "amount"),
)


async def test_malformed_payments_are_refused_by_field(
    till: Till, client: httpx2.AsyncClient
) -> None:
    order = await till.place(await till.build.product())
    before = await till.counts()

    named = {}
    for name, changes, field in BAD_PAYMENTS:
        body = pse(order.id) | changes
        answer = await client.post("/payments/process", json=body, headers=HEADERS)
        named[name] = (field, fields_of(answer))

    assert {name for name, (field, found) in named.items() if not is_named(field, found)} == set()
    assert await till.counts() == before


async def test_refusals_of_a_payment_are_problem_documents(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product()
    order, paid = await till.place(product), await till.place(product)
    await till.settle_approved(paid)
    before = await till.counts()

    async def refused(status: int, code: str, body: Json) -> None:
        answer = await client.post("/payments/process", json=body, headers=HEADERS)
        problem(answer, status, code)

    await refused(404, "ORDER_NOT_FOUND", pse(order.id + 1_000))
    await refused(404, "ORDER_NOT_FOUND", pse(2**63 - 1))
    await refused(422, "AMOUNT_MISMATCH", pse(order.id) | {"amount": 68_550.01})
    await refused(422, "METHOD_UNAVAILABLE", pse(order.id) | {"gateway": "payu"})
    await refused(409, "ALREADY_PAID", pse(paid.id))

    assert await till.counts() == before


async def test_what_is_nobodys_business_is_not_there(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    buyer, vendor = await till.build.user(), await till.build.vendor()
    product = await till.build.product(vendor=vendor)
    mine = await client.post("/orders", json=order_of(product.id), headers=await as_user(buyer))
    guests = await client.post("/orders", json=order_of(product.id), headers=HEADERS)
    strangers = [
        await as_user(await till.build.user()),
        {"Session-ID": "another-guest-01"},
        {"Session-ID": str(buyer.id)},
        await as_user(vendor.owner),
    ]
    before = await till.counts()

    for order in (mine.json(), guests.json()):
        for headers in strangers:
            pays = await client.post("/payments/process", json=pse(order["id"]), headers=headers)
            problem(pays, 404, "ORDER_NOT_FOUND")
            cancels = await client.delete(f"/orders/{order['id']}", headers=headers)
            problem(cancels, 404, "ORDER_NOT_FOUND")
            follows = await client.get(f"/payments/status/order/{order['id']}", headers=headers)
            problem(follows, 404, "ORDER_NOT_FOUND")
        nobody = await client.delete(f"/orders/{order['id']}")
        problem(nobody, 401, "UNAUTHORIZED")

    assert await till.counts() == before
    assert await till.doctor() == []


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


async def test_an_id_that_is_none_is_not_found(client: httpx2.AsyncClient) -> None:
    orders = ("0", "-1", "x", "1.5", str(2**63), "9" * 40, "1%00", UNKNOWN_ID)
    intents = ("1", "x", UNKNOWN_ID, "0" * 32)
    asked = [
        (method, f"{path}/{order_id}")
        for method, path in (
            ("DELETE", "/orders"),
            ("GET", "/orders"),
            ("GET", "/payments/status/order"),
        )
        for order_id in orders
    ]
    asked += [("GET", f"/payments/status/{intent}") for intent in intents]
    asked += [("GET", f"/payments/return/{intent}") for intent in intents]

    for method, path in asked:
        answer = await client.request(method, path, headers=HEADERS)
        assert (path, answer.status_code) == (path, 404), answer.text


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


async def test_an_event_that_wompi_did_not_sign_is_refused(
    till: Till, client: httpx2.AsyncClient
) -> None:
    transaction = {"id": "1-1", "status": "APPROVED", "amount_in_cents": 6_855_000}

    for checksum in ("", "0" * 64, "Ä"):
        event = {
            "event": "transaction.updated",
            "data": {"transaction": transaction},
            "signature": {"properties": ["transaction.id"], "checksum": checksum},
            "timestamp": 1,
        }
        answer = await client.post("/payments/webhook", json=event)
        problem(answer, 401, "BAD_SIGNATURE")

    assert (await till.counts())["jobs"] == 0
