"""Disputes over HTTP: staff writes down and decides, vendors look on and say what they know."""

from typing import Any

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.orders.types import PlacedOrder
from tests.build import BuiltVendor
from tests.checkout.till import Till
from tests.conftest import AsUser
from tests.disputes.court import hear, told
from tests.security.world import checksums

Headers = dict[str, str]


@pytest.fixture
async def admin(till: Till, as_user: AsUser) -> Headers:
    return await as_user(await till.build.user(user_type=UserType.ADMIN))


async def bought(till: Till, *vendors: BuiltVendor) -> PlacedOrder:
    products = [await till.build.product(vendor=vendor) for vendor in vendors]
    order = await till.place(*products)
    await till.settle_approved(order)
    return order


def claim_of(order: PlacedOrder, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"order_id": order.id, "cause": "NOT_RECEIVED", "bank_reference": "RAD-1", **more}


async def test_a_claim_by_mail_is_written_down_argued_and_won(
    till: Till, client: httpx2.AsyncClient, admin: Headers, as_user: AsUser
) -> None:
    vendor = await till.build.vendor()
    order = await bought(till, vendor)
    books = await till.balances()
    once = {**admin, "Idempotency-Key": "claim-1"}
    body = claim_of(order, evidence_due_at="2031-01-31T23:00:00-05:00", funds_withdrawn=True)

    opened = await client.post("/admin/disputes", json=body, headers=once)
    again = await client.post("/admin/disputes", json=body, headers=once)
    twin = await client.post("/admin/disputes", json=body, headers=admin)

    assert opened.status_code == 201, opened.text
    assert again.json() == opened.json()
    assert (twin.status_code, twin.json()["code"]) == (409, "DISPUTE_KNOWN")
    shown = opened.json()
    assert (shown["kind"], shown["state"], shown["reason"]) == ("REVERSION", "OPEN", "NOT_RECEIVED")
    assert shown["amount"] == order.draft.total_minor / 100
    share = (order.draft.total_minor - order.draft.shipping_minor) / 100
    assert shown["parts"] == [{"vendor_id": str(vendor.id), "amount": share}]

    address = f"/vendors/disputes/{shown['id']}"
    own = await as_user(vendor.owner)
    said = {"text": "Guía 123, entregado el 3 de marzo."}
    spoken = await client.post(f"{address}/evidence", json=said, headers=own)
    assert spoken.status_code == 201
    assert [each["text"] for each in spoken.json()["evidence"]] == [said["text"]]
    assert spoken.json()["amount"] == share
    listed = (await client.get("/vendors/disputes?state=OPEN", headers=own)).json()
    assert [each["id"] for each in listed["disputes"]] == [shown["id"]]

    state = f"/admin/disputes/{shown['id']}/state"
    sent = {"state": "EVIDENCE_SENT", "reason": "sent to the bank"}
    won = {"state": "WON", "reason": "the bank wrote so"}
    assert (await client.put(state, json=sent, headers=admin)).json()["state"] == "EVIDENCE_SENT"
    for _ in range(2):
        assert (await client.put(state, json=won, headers=admin)).json()["state"] == "WON"
    turned = await client.put(state, json={**won, "state": "LOST"}, headers=admin)
    assert (turned.status_code, turned.json()["code"]) == (409, "DISPUTE_DECIDED")
    late = await client.post(f"{address}/evidence", json=said, headers=own)
    assert (late.status_code, late.json()["code"]) == (409, "EVIDENCE_TOO_LATE")

    assert await till.balances() == books
    found = (await client.get(f"/admin/disputes/{shown['id']}", headers=admin)).json()
    assert [step["to_state"] for step in found["history"]] == ["OPEN", "EVIDENCE_SENT", "WON"]
    assert [each["vendor_id"] for each in found["evidence"]] == [str(vendor.id)]
    assert found["decided_by"] is not None


async def test_other_vendors_and_buyers_see_nothing_and_change_nothing(
    till: Till, client: httpx2.AsyncClient, admin: Headers, as_user: AsUser
) -> None:
    vendor, stranger = await till.build.vendor(), await till.build.vendor()
    order = await bought(till, vendor)
    opened = (await client.post("/admin/disputes", json=claim_of(order), headers=admin)).json()
    other, buyer = await as_user(stranger.owner), await as_user(await till.build.user())
    before = await checksums(till.database)

    address = f"/vendors/disputes/{opened['id']}"
    assert (await client.get(address, headers=other)).status_code == 404
    said = {"text": "It is mine"}
    assert (await client.post(f"{address}/evidence", json=said, headers=other)).status_code == 404
    assert (await client.get("/vendors/disputes", headers=other)).json()["disputes"] == []
    assert (await client.get(address, headers=buyer)).status_code == 403
    for headers in (other, buyer):
        answer = await client.post("/admin/disputes", json=claim_of(order), headers=headers)
        assert answer.status_code == 403
        state = {"state": "LOST", "reason": "because"}
        path = f"/admin/disputes/{opened['id']}/state"
        assert (await client.put(path, json=state, headers=headers)).status_code == 403

    assert await checksums(till.database) == before


async def test_a_vendor_sees_its_own_words_alone(
    till: Till, client: httpx2.AsyncClient, admin: Headers, as_user: AsUser
) -> None:
    one, two = await till.build.vendor(), await till.build.vendor()
    order = await bought(till, one, two)
    opened = (await client.post("/admin/disputes", json=claim_of(order), headers=admin)).json()
    path = f"/disputes/{opened['id']}/evidence"
    for headers, prefix in (
        (admin, "/admin"),
        (await as_user(one.owner), "/vendors"),
        (await as_user(two.owner), "/vendors"),
    ):
        answer = await client.post(f"{prefix}{path}", json={"text": "said"}, headers=headers)
        assert answer.status_code == 201

    seen = await client.get(f"/vendors/disputes/{opened['id']}", headers=await as_user(two.owner))
    assert [each["vendor_id"] for each in seen.json()["evidence"]] == [str(two.id)]
    assert "history" not in seen.json()
    # The bank did not take the money yet.
    assert seen.json()["amount"] == 0


async def test_claims_that_make_no_sense_are_refused(
    till: Till, client: httpx2.AsyncClient, admin: Headers
) -> None:
    order = await bought(till, await till.build.vendor())
    unpaid = await till.place(await till.build.product())
    more = order.draft.total_minor / 100 + 1
    before = await checksums(till.database)

    for body, status, code in (
        (claim_of(unpaid), 409, "NOTHING_TO_DISPUTE"),
        (claim_of(order, amount=more), 409, "DISPUTE_TOO_LARGE"),
        (claim_of(order) | {"order_id": 999_999}, 404, "ORDER_NOT_FOUND"),
        (claim_of(order, amount=0), 422, "INVALID"),
        (claim_of(order) | {"cause": "REGRET"}, 422, "INVALID"),
    ):
        answer = await client.post("/admin/disputes", json=body, headers=admin)
        assert answer.status_code == status, answer.text
        assert status == 422 or answer.json()["code"] == code
    assert (await client.get("/admin/disputes/7", headers=admin)).status_code == 404

    assert await checksums(till.database) == before


async def test_the_list_is_filtered_in_a_constant_number_of_statements(
    till: Till, client: httpx2.AsyncClient, admin: Headers, statements: list[str]
) -> None:
    counts = []
    for number in range(3):
        order = await till.place(await till.build.product())
        attempt = await till.settle_approved(order)
        await hear(till, attempt, told(attempt))
        await client.get("/admin/disputes", headers=admin)
        statements.clear()
        answer = await client.get("/admin/disputes?gateway=bank&state=OPEN", headers=admin)
        counts.append(len(statements))
        assert answer.json()["pagination"]["total"] == number + 1
    assert len(set(counts)) == 1
    one = await client.get(f"/admin/disputes?order_id={order.id}", headers=admin)
    assert [each["order_id"] for each in one.json()["disputes"]] == [order.id]
    none = await client.get("/admin/disputes?gateway=wompi", headers=admin)
    assert none.json()["disputes"] == []
