"""Payouts over HTTP: asked for by vendors, decided about by staff, seen by who may."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.payouts.types import Channel
from tests.build import Build, BuiltVendor
from tests.conftest import AsUser
from tests.payouts.desk import Desk
from tests.payouts.provider import Provider

Headers = dict[str, str]


@pytest.fixture
async def vendor(desk: Desk) -> BuiltVendor:
    return await desk.vendor(100_000)


@pytest.fixture
async def owner(vendor: BuiltVendor, as_user: AsUser) -> Headers:
    return await as_user(vendor.owner)


@pytest.fixture
async def admin(build: Build, as_user: AsUser) -> Headers:
    return await as_user(await build.user(UserType.ADMIN))


async def test_a_payout_from_request_to_bank(
    client: httpx2.AsyncClient, owner: Headers, admin: Headers, desk: Desk, vendor: BuiltVendor
) -> None:
    key = {"Idempotency-Key": "draw-1"}
    made = await client.post("/payouts", json={"amount": 60000}, headers=owner | key)
    again = await client.post("/payouts", json={"amount": 60000}, headers=owner | key)
    assert (made.status_code, again.status_code) == (201, 201), made.text
    assert again.headers["Idempotent-Replayed"] == "true"
    payout = made.json()
    assert again.json()["id"] == payout["id"]
    assert (payout["state"], payout["amount"], payout["currency"]) == ("REQUESTED", 60000, "COP")
    assert payout["account"]["account_number"] == "…8901"
    assert await desk.money(vendor) == (40_000, 60_000)

    path = f"/payouts/{payout['id']}"
    assert (await client.post(f"{path}/approve", headers=owner)).status_code == 403
    approved = await client.post(f"{path}/approve", headers=admin)
    assert (approved.status_code, approved.json()["state"]) == (200, "APPROVED")
    assert len(approved.json()["approvals"]) == 1
    assert (await client.post(f"{path}/approve", headers=admin)).status_code == 409
    assert (await client.delete(path, headers=owner)).status_code == 409
    pay = {"bank_reference": "TR-2026-1"}
    paid = await client.post(f"{path}/pay", json=pay, headers=admin | key)
    replay = await client.post(f"{path}/pay", json=pay, headers=admin | key)
    assert (paid.status_code, replay.status_code) == (200, 200), paid.text
    assert paid.json()["state"] == replay.json()["state"] == "PAID"
    assert (await client.post(f"{path}/pay", json=pay, headers=admin)).status_code == 409
    shown = (await client.get(path, headers=owner)).json()
    assert (shown["state"], shown["channel"]) == ("PAID", "MANUAL")
    assert shown["bank_reference"] == "TR-2026-1"
    # Who of the staff approved is not the vendor's to know.
    assert shown["approvals"] == []
    assert await desk.entries(UUID(payout["id"])) == ["requested", "paid"]
    assert await desk.doctor() == []


async def test_what_is_refused_has_its_code(
    client: httpx2.AsyncClient, desk: Desk, as_user: AsUser, owner: Headers
) -> None:
    nowhere = await as_user((await desk.vendor(account=None)).owner)
    owing = await as_user((await desk.vendor(-100)).owner)
    for headers, body, code in (
        (nowhere, {}, "NO_BANK_ACCOUNT"),
        (owing, {}, "NEGATIVE_BALANCE"),
        (owner, {"amount": 100_001}, "INSUFFICIENT_BALANCE"),
        (owner, {"amount": 9_999.99}, "BELOW_MINIMUM"),
    ):
        answer = await client.post("/payouts", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    for wrong in ({"amount": -1}, {"amount": 1.001}, {"amount": "x"}, {"vendor": "me"}):
        assert (await client.post("/payouts", json=wrong, headers=owner)).status_code == 422


async def test_called_off_and_rejected(
    client: httpx2.AsyncClient, owner: Headers, admin: Headers, desk: Desk, vendor: BuiltVendor
) -> None:
    first = (await client.post("/payouts", json={"amount": 30000}, headers=owner)).json()["id"]
    gone = await client.delete(f"/payouts/{first}", headers=owner)
    assert (gone.status_code, gone.json()["state"]) == (200, "CANCELLED")
    second = (await client.post("/payouts", json={}, headers=owner)).json()["id"]
    assert await desk.money(vendor) == (0, 100_000)
    reason = {"reason": "the shop is being looked at"}
    out = await client.post(f"/payouts/{second}/reject", json=reason, headers=admin)
    assert (out.status_code, out.json()["reason"]) == (200, reason["reason"])
    assert await desk.money(vendor) == (100_000, 0)
    assert await desk.doctor() == []


async def test_lists_show_a_vendor_its_own_and_staff_all(
    client: httpx2.AsyncClient,
    owner: Headers,
    admin: Headers,
    desk: Desk,
    vendor: BuiltVendor,
    as_user: AsUser,
    statements: list[str],
) -> None:
    rival = await desk.vendor()
    theirs, mine = await desk.ask(rival), await desk.ask(vendor)
    listed = (await client.get("/payouts", headers=owner)).json()
    assert [one["id"] for one in listed["payouts"]] == [str(mine)]
    assert listed["pagination"]["total"] == 1
    # Another vendor's id in the filter opens nothing.
    peek = await client.get("/payouts", params={"vendor_id": str(rival.id)}, headers=owner)
    assert peek.json()["payouts"] == []
    assert (await client.get(f"/payouts/{theirs}", headers=owner)).status_code == 404
    assert (await client.delete(f"/payouts/{theirs}", headers=owner)).status_code == 404
    every = (await client.get("/payouts", headers=admin)).json()
    assert [one["id"] for one in every["payouts"]] == [str(mine), str(theirs)]
    await desk.approve(mine)
    for query, found in (
        ({"state": "APPROVED"}, [mine]),
        ({"vendor_id": str(rival.id)}, [theirs]),
        ({"date_to": "2020-01-01"}, []),
        ({"date_from": "2020-01-01", "state": "REQUESTED"}, [theirs]),
    ):
        rows = (await client.get("/payouts", params=query, headers=admin)).json()["payouts"]
        assert [one["id"] for one in rows] == list(map(str, found)), query
    assert (await client.get("/payouts?state=NONE", headers=admin)).status_code == 422
    assert await desk.money(rival) == (0, 100_000)


@pytest.mark.parametrize("count", [1, 8])
async def test_lists_take_the_same_statements_for_one_and_for_many(
    client: httpx2.AsyncClient, admin: Headers, desk: Desk, count: int, statements: list[str]
) -> None:
    vendor = await desk.vendor(1_000_000)
    for _ in range(count):
        await desk.approved(vendor, 10_000)
    await desk.batch(Channel.BANK_FILE)
    counted: dict[str, int] = {}
    for path in ("/payouts", "/admin/payout-batches", "/admin/payout-batches/1"):
        statements.clear()
        answer = await client.get(path, headers=admin)
        counted[path] = len(statements)
        if answer.status_code == 404:
            counted[path] = 3
    assert counted == {"/payouts": 4, "/admin/payout-batches": 4, "/admin/payout-batches/1": 3}


async def test_a_bank_file_over_http(
    client: httpx2.AsyncClient, admin: Headers, owner: Headers, desk: Desk, vendor: BuiltVendor
) -> None:
    payout_id = await desk.approved(vendor)
    key = {"Idempotency-Key": "batch-1"}
    body: dict[str, Any] = {"channel": "BANK_FILE", "payout_ids": [str(payout_id)]}
    made = await client.post("/admin/payout-batches", json=body, headers=admin | key)
    again = await client.post("/admin/payout-batches", json=body, headers=admin | key)
    assert (made.status_code, again.status_code) == (201, 201), made.text
    batch = made.json()
    assert again.json()["id"] == batch["id"]
    assert (batch["state"], batch["total"], batch["by_state"]) == ("SENT", 100_000, {"SENT": 1})
    path = f"/admin/payout-batches/{batch['id']}"
    file = await client.get(f"{path}/file", headers=admin)
    assert file.headers["content-disposition"].endswith('.csv"')
    assert "12345678901" in file.text
    assert (await client.get(f"{path}/file?layout=fixed", headers=admin)).status_code == 200
    assert (await client.get(f"{path}/file?layout=xml", headers=admin)).status_code == 422
    for who in (owner, {}):
        assert (await client.get(f"{path}/file", headers=who)).status_code in {401, 403}
    reference = (await desk.row(payout_id)).reference
    results = {"results": [{"reference": reference, "outcome": "PAID", "bank_reference": "T-1"}]}
    for wanted in ("applied", "repeated"):
        answer = await client.post(f"{path}/results", json=results, headers=admin)
        assert answer.json()[wanted] == [reference]
    assert (await client.get(path, headers=admin)).json()["state"] == "DONE"
    assert (await client.delete(path, headers=admin)).status_code == 409
    nothing = await client.post("/admin/payout-batches", json=body, headers=admin)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "NOT_BATCHABLE")
    assert await desk.entries(payout_id) == ["requested", "paid"]
    assert await desk.doctor() == []


async def test_a_wompi_batch_over_http(
    client: httpx2.AsyncClient, admin: Headers, desk: Desk, provider: Provider
) -> None:
    payout_id = await desk.approved()
    body = {"channel": "WOMPI"}
    made = await client.post("/admin/payout-batches", json=body, headers=admin)
    assert (made.status_code, made.json()["state"]) == (201, "SENT"), made.text
    path = f"/admin/payout-batches/{made.json()['id']}"
    assert (await client.get(f"{path}/file", headers=admin)).status_code == 404
    reference = (await desk.row(payout_id)).reference
    results = {"results": [{"reference": reference, "outcome": "PAID"}]}
    refused = await client.post(f"{path}/results", json=results, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "RESULTS_NOT_TAKEN")
    assert await desk.entries(payout_id) == ["requested"]
