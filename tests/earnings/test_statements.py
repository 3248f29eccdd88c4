"""Statements: the months of a vendor, and a month line by line as JSON, CSV and PDF."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, select, update

from mestore.earnings.paper import statement_pdf
from mestore.earnings.service import statements as service
from mestore.earnings.types import Month, StatementHead, StatementLine
from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.db import Database
from mestore.ledger.models import Account, Entry, Line
from mestore.ledger.types import EntryKind, vendor_pending_account
from mestore.orders.models import Order
from tests.build import BuiltVendor
from tests.checkout.problems import problem
from tests.checkout.till import Till
from tests.conftest import AsUser
from tests.earnings.cashier import product_of, release, sold
from tests.refunds.desk import ask_back, of_line

THIS = Month.of(now())


@pytest.fixture
async def vendor(till: Till) -> BuiltVendor:
    return await till.build.vendor()


@pytest.fixture
async def own(vendor: BuiltVendor, as_user: AsUser) -> dict[str, str]:
    return await as_user(vendor.owner)


async def backdate(database: Database, order_id: int, month: Month) -> None:
    """Let the entries of an order have been written in the middle of a month."""
    at = datetime(month.year, month.month, 15, tzinfo=UTC)
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Entry).where(Entry.order_id == order_id).values(created_at=at)
        )


async def read(client: httpx2.AsyncClient, own: dict[str, str], period: str) -> dict[str, Any]:
    answer = await client.get(f"/vendors/statements/{period}", headers=own)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_lines_of_a_month_lead_from_its_opening_to_its_closing(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    vendor: BuiltVendor,
    outside: Any,  # noqa: ANN401  a fixture
) -> None:
    other = await till.build.vendor()
    old = await sold(till, await product_of(till, vendor))
    await backdate(database, old.id, THIS.plus(-1))
    order = await sold(till, (await product_of(till, vendor), 2), await product_of(till, other))
    await release(database, order.id, vendor.id, is_early=True)
    await ask_back(outside, order.id, of_line(order.lines[0].id))

    shown = await read(client, own, str(THIS))

    assert (shown["opening"], shown["closing"]) == (113_050, 226_100)
    names = ("kind", "order_number", "gross", "commission", "iva", "amount")
    assert [[line[name] for name in names] for line in shown["lines"]] == [
        ["CAPTURE", order.order_number, 238_000, 0, 0, 238_000],
        ["COMMISSION", order.order_number, 0, -10_000, -1_900, -11_900],
        ["REFUND", order.order_number, -119_000, 5_000, 950, -113_050],
    ]
    assert sum(line["amount"] for line in shown["lines"]) == shown["closing"] - shown["opening"]
    before = await read(client, own, f"{THIS.plus(-1)}.json")
    assert (before["opening"], before["closing"]) == (0, 113_050)
    balance = (await client.get("/vendors/balance", headers=own)).json()
    assert balance["total"] == shown["closing"]


async def test_the_months_of_a_vendor(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    vendor: BuiltVendor,
    statements: list[str],
) -> None:
    assert (await client.get("/vendors/statements", headers=own)).json()["statements"] == []
    for months in (3, 1):
        order = await sold(till, await product_of(till, vendor))
        await backdate(database, order.id, THIS.plus(-months))

    shown = (await client.get("/vendors/statements", headers=own)).json()["statements"]

    names = ("period", "opening", "closing", "change", "is_closed")
    assert [[each[name] for name in names] for each in shown] == [
        [str(THIS), 226_100, 226_100, 0, False],
        [str(THIS.plus(-1)), 113_050, 226_100, 113_050, True],
        [str(THIS.plus(-2)), 113_050, 113_050, 0, True],
        [str(THIS.plus(-3)), 0, 113_050, 113_050, True],
    ]
    span = {"from": str(THIS.plus(-2)), "to": str(THIS.plus(-1))}
    statements.clear()
    some = await client.get("/vendors/statements", params=span, headers=own)
    assert [each["period"] for each in some.json()["statements"]] == [
        str(THIS.plus(-1)),
        str(THIS.plus(-2)),
    ]
    assert sum("ledger_lines" in each for each in statements) == 1
    for wrong in (
        {"from": "2026-05", "to": "2026-04"},
        {"from": "2020-01", "to": "2026-01"},
        {"from": "2026-13"},
        {"to": "26-1"},
        {"to": "0001-01"},
    ):
        refused = await client.get("/vendors/statements", params=wrong, headers=own)
        problem(refused, 422, "INVALID_PERIOD")
    for wrong_period in ("2026-13", "yesterday", "2026-01.exe", str(THIS.plus(1)), "2026-01-01"):
        refused = await client.get(f"/vendors/statements/{wrong_period}", headers=own)
        problem(refused, 422, "INVALID_PERIOD")


async def test_the_csv_adds_up_and_runs_no_formula(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    vendor: BuiltVendor,
) -> None:
    old = await sold(till, await product_of(till, vendor))
    await backdate(database, old.id, THIS.plus(-1))
    order = await sold(till, await product_of(till, vendor, "33.33"))
    change = update(Order).where(Order.id == order.id).values(order_number="=cmd|'/c calc'!A1")
    async with database.transaction() as tx:
        await tx.connection.execute(change)

    answer = await client.get(f"/vendors/statements/{THIS}.csv", headers=own)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"extracto-{THIS}.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert (rows[0]["kind"], rows[0]["balance"]) == ("OPENING", "113050.00")
    assert rows[-1]["kind"] == "CLOSING"
    lines = rows[1:-1]
    assert [line["order_number"] for line in lines] == ["'=cmd|'/c calc'!A1"] * 2
    change_of_all = sum(Decimal(line["amount"]) for line in lines)
    assert Decimal(rows[-1]["balance"]) - Decimal(rows[0]["balance"]) == change_of_all
    assert lines[0]["amount"] == "39.66"
    asked = await client.get(f"/vendors/statements/{THIS}?format=csv", headers=own)
    assert asked.text == answer.text


async def many_entries(database: Database, vendor: BuiltVendor, count: int) -> None:
    """Write so many entries of one peso that the vendor is owed."""
    async with database.transaction() as tx:
        run = tx.connection.execute
        account = {"code": vendor_pending_account(vendor.id), "created_at": now()}
        bank = {"code": "gateway:bank", "created_at": now()}
        await run(insert(Account), [account, bank])
        codes = [vendor_pending_account(vendor.id), "gateway:bank"]
        known = await run(select(Account.code, Account.id).where(Account.code.in_(codes)))
        found = {str(code): account_id for code, account_id in known}
        rows = [
            {
                "business_key": f"many:{number}",
                "kind": EntryKind.ADJUSTMENT,
                "currency": "COP",
                "created_at": now(),
            }
            for number in range(count)
        ]
        await run(insert(Entry), rows)
        ids = (await run(select(Entry.id).order_by(Entry.id))).scalars().all()
        lines = [
            {"entry_id": entry, "account_id": found[code], "amount_minor": amount}
            for entry in ids
            for code, amount in zip(codes, (-100, 100), strict=True)
        ]
        await run(insert(Line), lines)


async def test_a_long_statement_comes_as_csv_alone(
    database: Database, client: httpx2.AsyncClient, own: dict[str, str], vendor: BuiltVendor
) -> None:
    count = service.MOST_LINES + 1
    await many_entries(database, vendor, count)

    for form in ("pdf", "json"):
        refused = await client.get(f"/vendors/statements/{THIS}.{form}", headers=own)
        problem(refused, 409, "STATEMENT_TOO_LONG")
    answer = await client.get(f"/vendors/statements/{THIS}.csv", headers=own)

    rows = list(csv.DictReader(StringIO(answer.text)))
    assert len(rows) == count + 2
    assert rows[-1]["balance"] == f"{count}.00"


async def test_a_statement_is_printed(
    till: Till,
    client: httpx2.AsyncClient,
    own: dict[str, str],
    vendor: BuiltVendor,
) -> None:
    await sold(till, await product_of(till, vendor))

    answer = await client.get(f"/vendors/statements/{THIS}.pdf", headers=own)

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert len(answer.content) > 1_000


def test_paper_takes_any_name_and_many_pages() -> None:
    at = datetime(2026, 1, 15, tzinfo=BOGOTA)
    line = StatementLine(1, at, "CAPTURE", "MS-1", 100, 0, 0, 100)
    head = StatementHead(Month(2026, 1), "Tienda 漢字 ñandú €", "COP", 0, 20_000)

    found = statement_pdf(head, [line] * 200)

    assert found.count(b"/Type /Page\n") >= 5


def test_months_know_their_neighbours() -> None:
    month = Month(2026, 12)
    assert str(month.plus(1)) == "2027-01"
    assert str(month.plus(-12)) == "2025-12"
    assert month.begins == datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert month.ends == datetime(2027, 1, 1, 5, tzinfo=UTC)
    assert month.last_day.isoformat() == "2026-12-31"
