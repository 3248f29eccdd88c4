"""What vendors have over HTTP: balances, the ledger, releases by the word of staff, and terms."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.audit.models import AuditEntry
from mestore.commissions.models import Commission
from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.db import Database
from tests.build import BuiltVendor
from tests.checkout.problems import problem
from tests.checkout.till import Till
from tests.conftest import AsUser, MovedClock
from tests.earnings.cashier import LONG, has, product_of, release, rows, run, sold

NET = 113_050


@pytest.fixture
async def vendor(till: Till) -> BuiltVendor:
    return await till.build.vendor()


@pytest.fixture
async def own(vendor: BuiltVendor, as_user: AsUser) -> dict[str, str]:
    return await as_user(vendor.owner)


@pytest.fixture
async def admin(till: Till, as_user: AsUser) -> dict[str, str]:
    return await as_user(await till.build.user(UserType.ADMIN))


@pytest.fixture
async def superuser(till: Till, as_user: AsUser) -> dict[str, str]:
    return await as_user(await till.build.user(UserType.SUPERUSER))


async def test_a_vendor_reads_its_balance_and_what_comes_next(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    vendor: BuiltVendor,
    statements: list[str],
) -> None:
    for _ in range(2):
        await sold(till, await product_of(till, vendor))
    await sold(till, await product_of(till, vendor), delivered=False)
    await run(database)
    (first, _) = await rows(database)

    answer = await client.get("/vendors/balance", headers=own)

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["next_release"] == {
        "date": first.due_at.astimezone(BOGOTA).date().isoformat(),
        "amount": 2 * NET,
    }
    names = ("pending", "available", "reserve", "held", "in_payout", "paid", "total")
    assert [shown[name] for name in names] == [3 * NET, 0, 0, 0, 0, 0, 3 * NET]
    assert (shown["currency"], shown["vendor_id"]) == ("COP", str(vendor.id))
    statements.clear()
    await client.get("/vendors/balance", headers=own)
    assert sum("ledger_lines" in each for each in statements) == 2


async def test_a_balance_of_the_past_is_what_it_was(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    vendor: BuiltVendor,
    clock: MovedClock,
) -> None:
    order = await sold(till, await product_of(till, vendor))
    moment = now()
    clock.advance(LONG)
    await release(database, order.id, vendor.id)
    own = await as_user(vendor.owner)

    then = await client.get("/vendors/balance", params={"as_of": moment.isoformat()}, headers=own)
    today = await client.get("/vendors/balance", headers=own)

    assert (then.json()["pending"], then.json()["available"]) == (NET, 0)
    assert (today.json()["pending"], today.json()["available"]) == (0, NET)
    assert today.json()["next_release"] is None


async def test_staff_names_a_vendor_and_nobody_reads_anothers(
    till: Till,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    admin: dict[str, str],
    as_user: AsUser,
    vendor: BuiltVendor,
) -> None:
    await sold(till, await product_of(till, vendor))
    other = await till.build.vendor()
    stranger, buyer = await as_user(other.owner), await as_user(await till.build.user())
    of_vendor = {"vendor_id": str(vendor.id)}

    for path in ("/vendors/balance", "/vendors/statements", "/vendors/statements/2026-01"):
        found = await client.get(path, params=of_vendor, headers=admin)
        assert found.status_code == 200, found.text
        problem(await client.get(path, headers=admin), 422, "VENDOR_NEEDED")
        nobody = {"vendor_id": "00000000-0000-4000-8000-000000000000"}
        problem(await client.get(path, params=nobody, headers=admin), 404, "VENDOR_NOT_FOUND")
        problem(await client.get(path, params=of_vendor, headers=stranger), 404, "VENDOR_NOT_FOUND")
        problem(await client.get(path, params=of_vendor, headers=buyer), 403, "FORBIDDEN")
        assert (await client.get(path, params=of_vendor, headers=own)).status_code == 200
    empty = await client.get("/vendors/balance", headers=stranger)
    assert empty.json()["total"] == 0


async def test_a_vendor_sees_its_own_lines_alone(
    till: Till,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    admin: dict[str, str],
    vendor: BuiltVendor,
) -> None:
    other = await till.build.vendor()
    both = await sold(till, await product_of(till, vendor), await product_of(till, other, "70000"))
    await sold(till, await product_of(till, other))

    mine = (await client.get("/transactions", headers=own)).json()
    every = (await client.get("/transactions", headers=admin)).json()

    assert [(each["kind"], each["order_id"]) for each in mine["transactions"]] == [
        ("COMMISSION", both.id),
        ("CAPTURE", both.id),
    ]
    assert [each["amount"] for each in mine["transactions"]] == [-5_950, 119_000]
    accounts = {line["account"] for each in mine["transactions"] for line in each["lines"]}
    assert accounts == {"pending"}
    # Who else sold something in an order is not for a vendor to know.
    peek = await client.get("/transactions", params={"vendor_id": str(other.id)}, headers=own)
    assert (peek.json()["transactions"], peek.json()["pagination"]["total"]) == ([], 0)
    for each in mine["transactions"]:
        assert sum(line["amount"] for line in each["lines"]) == each["amount"]
    assert mine["pagination"]["total"] == 2
    assert every["pagination"]["total"] == 4
    for each in every["transactions"]:
        assert sum(line["amount"] for line in each["lines"]) == 0


async def test_transactions_are_counted_once_until_something_is_posted(
    till: Till,
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    vendor: BuiltVendor,
    statements: list[str],
) -> None:
    product = await product_of(till, vendor)
    for _ in range(2):
        await sold(till, product)

    async def read(per_page: int, cursor: str | None = None) -> tuple[dict[str, Any], int]:
        params = {"per_page": per_page} | ({"cursor": cursor} if cursor else {})
        statements.clear()
        answer = await client.get("/transactions", params=params, headers=admin)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["pagination"]
        return found, sum("count(" in each for each in statements)

    everything, counts = await read(4)
    assert (everything["total"], counts) == (4, 0), "what is all on one page needs no count"
    first, counts = await read(3)
    assert (first["total"], first["pages"], counts) == (4, 2, 1)
    second, counts = await read(3, first["next"])
    assert (second["total"], second["page"], second["next"], counts) == (4, 2, None, 0)
    await sold(till, product)
    assert (await read(3))[0]["total"] == 6


async def test_transactions_are_filtered_and_paged(
    till: Till,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    admin: dict[str, str],
    vendor: BuiltVendor,
    statements: list[str],
) -> None:
    other = await till.build.vendor()
    orders = [await sold(till, await product_of(till, vendor)) for _ in range(3)]
    await sold(till, await product_of(till, other))

    async def total(headers: dict[str, str], **params: object) -> int:
        answer = await client.get("/transactions", params=params, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        found: int = answer.json()["pagination"]["total"]
        assert len(answer.json()["transactions"]) == min(found, 20)
        return found

    day = now().astimezone(BOGOTA).date()
    assert await total(own) == 6
    assert await total(admin) == 8
    assert await total(admin, kind="CAPTURE") == 4
    assert await total(admin, order_id=orders[0].id) == 2
    assert await total(admin, vendor_id=str(other.id)) == 2
    assert await total(own, vendor_id=str(other.id)) == 0
    assert await total(admin, account="platform:commission") == 4
    assert await total(own, account="platform:commission") == 0
    assert await total(own, account="pending") == 6
    assert await total(own, account="available") == 0
    assert await total(own, account=f"{other.id}:pending") == 0
    assert await total(own, date_from=str(day), date_to=str(day)) == 6
    assert await total(own, date_to=str(day - timedelta(days=1))) == 0
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(4):
        params = {"per_page": 4} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/transactions", params=params, headers=admin)).json()
        seen += [each["id"] for each in page["transactions"]]
        cursor = page["pagination"]["next"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 8
    statements.clear()
    await client.get("/transactions", headers=own)
    assert sum("ledger_" in each for each in statements) == 3


async def test_staff_releases_by_commission_and_by_order(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    as_user: AsUser,
    vendor: BuiltVendor,
    clock: MovedClock,
) -> None:
    other = await till.build.vendor()
    due = await sold(till, await product_of(till, vendor), await product_of(till, other))
    clock.advance(LONG)
    admin = await as_user(await till.build.user(UserType.ADMIN))
    fresh = await sold(till, await product_of(till, vendor))
    waiting = await sold(till, await product_of(till, vendor), delivered=False)
    async with database.read() as connection:
        query = select(Commission.id).where(
            Commission.order_id == due.id, Commission.vendor_id == vendor.id
        )
        commission_id = (await connection.execute(query)).scalar_one()

    body = {
        "commission_ids": [commission_id, 999_999],
        "order_ids": [due.id, fresh.id, waiting.id, 999_999],
    }
    answer = await client.post("/commissions/approve", json=body, headers=admin)

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    by_id = {
        (each["commission_id"], each["order_id"], each["vendor_id"]): each
        for each in shown["results"]
    }
    for commission, vendor_id in (
        (commission_id, vendor.id),
        (None, vendor.id),
        (None, other.id),
    ):
        done = by_id[commission, due.id, str(vendor_id)]
        assert (done["status"], done["amount"], done["code"]) == ("APPROVED", NET, None)
    early = by_id[None, fresh.id, str(vendor.id)]
    assert (early["status"], early["code"]) == ("REFUSED", "WITHDRAWAL_RUNNING")
    assert early["possible_from"] is not None
    late = by_id[None, waiting.id, str(vendor.id)]
    assert (late["code"], late["possible_from"]) == ("NOT_DELIVERED", None)
    assert by_id[999_999, None, None]["code"] == "PART_NOT_FOUND"
    assert by_id[None, 999_999, None]["code"] == "PART_NOT_FOUND"
    assert (shown["approved"], shown["refused"]) == (3, 4)
    again = await client.post("/commissions/approve", json={"order_ids": [due.id]}, headers=admin)
    assert {each["status"] for each in again.json()["results"]} == {"ALREADY_APPROVED"}
    assert await till.doctor() == []


async def test_early_is_for_superusers_with_a_reason_and_is_written_down(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    superuser: dict[str, str],
    vendor: BuiltVendor,
    run_jobs: object,
) -> None:
    order = await sold(till, await product_of(till, vendor))
    waiting = await sold(till, await product_of(till, vendor), delivered=False)
    address, body = "/commissions/approve", {"order_ids": [order.id, waiting.id], "early": True}

    reasoned = {**body, "reason": "a vendor of many years"}
    problem(await client.post(address, json=reasoned, headers=admin), 403, "EARLY_NOT_ALLOWED")
    assert (await client.post(address, json=body, headers=superuser)).status_code == 422
    assert (await client.post(address, json={}, headers=superuser)).status_code == 422
    assert "available" not in await has(database, vendor.id)
    done = await client.post(address, json=reasoned, headers=superuser)

    assert [(each["status"], each["code"]) for each in done.json()["results"]] == [
        ("APPROVED", None),
        ("REFUSED", "NOT_DELIVERED"),
    ]
    await run_jobs()  # type: ignore[operator]
    async with database.read() as connection:
        written = select(AuditEntry.after).where(AuditEntry.action == "earnings.released_early")
        (after,) = (await connection.execute(written)).scalars()
    assert after["reason"] == reasoned["reason"]


async def test_staff_sets_the_terms_of_a_vendor(
    database: Database,
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    own: dict[str, str],
    vendor: BuiltVendor,
) -> None:
    address = f"/admin/vendors/{vendor.id}/terms"
    body = {"reserve_percent": 12.5, "reserve_days": 45, "reason": "many disputes"}

    usual = await client.get(address, headers=admin)
    problem(await client.put(address, json=body, headers=own), 403, "FORBIDDEN")
    assert (await client.get(address, headers=admin)).json() == usual.json()
    put = await client.put(address, json=body, headers=admin)

    assert usual.json() == {
        "vendor_id": str(vendor.id),
        "reserve_percent": 0,
        "reserve_days": 30,
    }
    assert put.status_code == 200, put.text
    shown = (await client.get(address, headers=admin)).json()
    assert (shown["reserve_percent"], shown["reserve_days"]) == (12.5, 45)
    for wrong in ({"reserve_percent": 101}, {"reserve_days": 366}, {"reason": ""}):
        assert (await client.put(address, json=body | wrong, headers=admin)).status_code == 422
