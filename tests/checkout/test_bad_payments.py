"""Payments that clients should not send: problem documents, and nothing half-done."""

import httpx2

from tests.checkout.bodies import HEADERS, PSE, UNKNOWN_ID, Json, order_of, pse
from tests.checkout.problems import fields_of, is_named, problem
from tests.checkout.till import Till
from tests.conftest import AsUser

BAD_PAYMENTS: tuple[tuple[str, Json, str], ...] = (
    ("an order as text", {"order_id": "1"}, "order_id"),
    ("order nought", {"order_id": 0}, "order_id"),
    ("an id beyond 64 bits", {"order_id": 2**63}, "order_id"),
    ("an unknown method", {"payment_method": "SHELLS"}, "payment_method"),
    ("no method", {"payment_method": None}, "payment_method"),
    ("a card without a token", {"payment_method": "CARD"}, ""),
    ("Nequi without a phone", {"payment_method": "NEQUI", "payment_data": {}}, ""),
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
