"""Where a vendor's money goes: named by its owner alone, freshly signed in, with care."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from mestore.accounts.models import Session
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.notifications.models import Mail
from mestore.notifications.types import MailKind
from mestore.payouts.models import PayoutAccount, PayoutRow
from mestore.vendors.models import Vendor
from tests.build import Build, BuiltVendor
from tests.conftest import AsUser
from tests.payouts.desk import Desk, other

Jobs = Callable[[], Awaitable[int]]
BODY: dict[str, Any] = {
    "bank_code": "007",
    "account_type": "AHORROS",
    "account_number": "12345678901",
    "holder_name": "Ana Gómez",
    "document_type": "CC",
    "document_number": "1099888777",
}
NIT = "900123456-8"


async def test_an_account_is_named_and_shown_with_four_digits(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    headers = await as_user(vendor.owner)
    assert (await client.get("/vendors/bank-account", headers=headers)).status_code == 404
    named = await client.put("/vendors/bank-account", json=BODY, headers=headers)
    assert named.status_code == 200, named.text
    shown = (await client.get("/vendors/bank-account", headers=headers)).json()
    assert shown == named.json()
    assert (shown["bank_code"], shown["bank_name"]) == ("1007", "Bancolombia")
    assert shown["account_number"] == "…8901"
    assert shown["state"] == "ACTIVE"
    assert "12345678901" not in named.text
    # The first one takes money at once.
    assert shown["usable_from"] == shown["created_at"]


async def test_another_account_waits_and_the_same_does_not(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    vendor = await build.vendor()
    headers = await as_user(vendor.owner)
    await client.put("/vendors/bank-account", json=BODY, headers=headers)
    first = await _usable_from(database, vendor)
    await client.put("/vendors/bank-account", json=BODY, headers=headers)
    assert await _usable_from(database, vendor) == first
    moved = BODY | {"account_number": "555666777"}
    await client.put("/vendors/bank-account", json=moved, headers=headers)
    wait = await _usable_from(database, vendor) - now()
    assert timedelta(hours=71, minutes=59) < wait <= timedelta(hours=72)
    refused = await client.post("/payouts", json={}, headers=headers)
    assert refused.status_code == 409
    assert refused.json()["code"] == "BANK_ACCOUNT_ON_HOLD"
    # A day of Bogotá, as the owner reads it.
    assert refused.json()["detail"].count("-05:00") == 1


async def test_an_old_sign_in_changes_nothing(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    vendor = await build.vendor()
    headers = await as_user(vendor.owner)
    async with database.transaction() as tx:
        long_ago = now() - timedelta(minutes=11)
        change = update(Session).where(Session.user_id == vendor.owner.id)
        await tx.connection.execute(change.values(created_at=long_ago))
    refused = await client.put("/vendors/bank-account", json=BODY, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "RECENT_SIGN_IN_REQUIRED")
    async with database.read() as connection:
        assert (await connection.execute(select(PayoutAccount))).first() is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"bank_code": "9999"},
        {"bank_code": "0"},
        {"account_number": "12345"},
        {"account_number": "123456789012345678901"},
        {"account_number": "0000000"},
        {"account_number": "12a4567"},
        {"account_type": "SAVINGS"},
        {"holder_name": "=cmd"},
        {"holder_name": "A\nB"},
        {"document_type": "NIT", "document_number": "900123456-1"},
        {"document_number": "12"},
        {"document_number": "abc99887766"},
        {"surprise": 1},
    ],
    ids=lambda wrong: "-".join(wrong),
)
async def test_what_no_bank_would_take_is_refused(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, wrong: dict[str, Any]
) -> None:
    vendor = await build.vendor()
    headers = await as_user(vendor.owner)
    answer = await client.put("/vendors/bank-account", json=BODY | wrong, headers=headers)
    assert answer.status_code == 422, answer.text
    assert (await client.get("/vendors/bank-account", headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("document", "number", "status"),
    [
        ("NIT", NIT, 200),
        ("NIT", "900123456 8", 200),
        ("CC", "900123456", 200),
        ("CC", "1099888777", 422),
        ("NIT", "860034313-7", 422),
    ],
)
async def test_a_shop_with_a_nit_names_its_own_account(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    document: str,
    number: str,
    status: int,
) -> None:
    vendor = await build.vendor()
    async with database.transaction() as tx:
        change = update(Vendor).where(Vendor.id == vendor.id).values(nit=NIT)
        await tx.connection.execute(change)
    body = BODY | {"document_type": document, "document_number": number}
    headers = await as_user(vendor.owner)
    answer = await client.put("/vendors/bank-account", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert (await client.get("/vendors/bank-account", headers=headers)).status_code == 404


async def test_two_first_accounts_at_once_are_one(desk: Desk) -> None:
    vendor = await desk.vendor(account=None)
    await asyncio.gather(*(desk.name(vendor) for _ in range(3)), return_exceptions=True)
    async with desk.database.read() as connection:
        assert len((await connection.execute(select(PayoutAccount))).all()) == 1


async def test_the_owner_is_written_to_once_a_change(
    desk: Desk, run_jobs: Jobs, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    vendor = await desk.vendor()
    await desk.name(vendor, other())
    await run_jobs()
    async with desk.database.read() as connection:
        query = select(Mail.recipient, Mail.text).where(Mail.kind == MailKind.BANK_ACCOUNT_CHANGED)
        # The key ends with when it was changed; jobs of one moment end in any order.
        mails = (await connection.execute(query.order_by(Mail.dedupe_key))).all()
    assert [mail.recipient for mail in mails] == [vendor.owner.email] * 2
    assert "terminada en 8901" in mails[0].text
    assert "recibirá dinero desde" not in mails[0].text
    assert "terminada en 6554" in mails[1].text
    assert "recibirá dinero desde" in mails[1].text
    shown = (await client.get("/users/export", headers=await as_user(vendor.owner))).json()
    assert [one["account_number"] for one in shown["bank_accounts"]] == ["99887766554"]
    assert shown["payouts"] == []


async def test_an_erased_owner_leaves_no_account(
    desk: Desk, client: httpx2.AsyncClient, as_user: AsUser, run_jobs: Jobs
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.ask(vendor)
    headers = await as_user(vendor.owner)
    gone = await client.delete(f"/users/{vendor.owner.id}", headers=headers)
    assert gone.status_code == 200, gone.text
    await run_jobs()
    async with desk.database.read() as connection:
        assert (await connection.execute(select(PayoutAccount))).first() is None
        email = select(PayoutRow.contact_email).where(PayoutRow.id == payout_id)
        assert (await connection.execute(email)).scalar_one() is None
    assert await desk.money(vendor) == (0, 100_000)


async def _usable_from(database: Database, vendor: BuiltVendor) -> datetime:
    async with database.read() as connection:
        query = select(PayoutAccount.usable_from).where(PayoutAccount.vendor_id == vendor.id)
        found: datetime = (await connection.execute(query)).scalar_one()
        return found
