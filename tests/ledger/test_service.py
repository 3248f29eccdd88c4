"""The ledger: every entry balanced, every fact posted once, accounts opened by whoever is first."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from mestore.kernel.db import Database
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.ids import uuid7
from mestore.ledger.errors import Unbalanced
from mestore.ledger.models import Account, Entry, Line
from mestore.ledger.service import LedgerService
from mestore.ledger.types import EntryKind, Posting, VendorShare, vendor_pending_account
from tests.checkout.till import Till

ONE, OTHER = uuid7(), uuid7()


async def post_sale(database: Database, order_id: int, *shares: VendorShare, fee: int = 0) -> None:
    async with database.transaction() as tx:
        await LedgerService(tx).post_sale(order_id, "bank", shares, fee, "COP")


async def post_unapplied(database: Database, transaction: str, amount: int) -> None:
    async with database.transaction() as tx:
        await LedgerService(tx).post_unapplied("bank", transaction, None, amount, "COP")


async def test_a_sale_owes_each_vendor_its_gross_less_what_is_kept(
    database: Database, till: Till
) -> None:
    shares = [VendorShare(ONE, 119_000, 5_000, 950), VendorShare(OTHER, 60_000, 3_000, 570)]

    await post_sale(database, 7, *shares, fee=15_000)

    assert await till.balances() == {
        "gateway:bank": 194_000,
        vendor_pending_account(ONE): -113_050,
        vendor_pending_account(OTHER): -56_430,
        "platform:commission": -8_000,
        "platform:commission-iva": -1_520,
        "platform:shipping": -15_000,
    }
    async with database.read() as connection:
        columns = (Entry.kind, Entry.business_key, Entry.order_id, Entry.currency)
        entries = [
            tuple(row) for row in await connection.execute(select(*columns).order_by(Entry.id))
        ]
        sums = select(func.sum(Line.amount_minor)).group_by(Line.entry_id)
        totals = [int(total) for (total,) in await connection.execute(sums)]
    assert entries == [
        (EntryKind.CAPTURE, "capture:7", 7, "COP"),
        (EntryKind.COMMISSION, "commission:7", 7, "COP"),
    ]
    assert totals == [0, 0]
    async with database.transaction() as tx:
        assert await LedgerService(tx).balance("platform:shipping") == -15_000
        assert await LedgerService(tx).balance("an account of nobody") == 0


async def test_a_sale_is_posted_once_whoever_tries(database: Database, till: Till) -> None:
    share = VendorShare(ONE, 100, 5, 1)
    await post_sale(database, 7, share)

    with pytest.raises(DBAPIError) as error:
        await post_sale(database, 7, share)

    assert fault_of(error.value) is Fault.UNIQUE
    assert await till.entries() == ["capture:7", "commission:7"]
    assert (await till.balances())["gateway:bank"] == 100


async def test_nothing_is_posted_about_nothing(database: Database, till: Till) -> None:
    await post_sale(database, 7, VendorShare(ONE, 0, 0, 0))
    await post_sale(database, 8, VendorShare(ONE, 100, 0, 0))

    assert await till.entries() == ["capture:8"]


async def test_money_without_an_order_is_posted_once(database: Database, till: Till) -> None:
    for _ in range(3):
        await post_unapplied(database, "t-1", 500)
    await post_unapplied(database, "t-2", 20)

    assert await till.entries() == ["unapplied:bank:t-1", "unapplied:bank:t-2"]
    assert await till.balances() == {"gateway:bank": 520, "platform:unapplied": -520}


async def test_accounts_are_opened_once_by_rivals(database: Database, till: Till) -> None:
    vendors = [uuid7() for _ in range(6)]
    sales = [
        post_sale(
            database, number, *(VendorShare(one, 100, 5, 1) for one in vendors[number % 3 :: 2])
        )
        for number in range(20)
    ]

    await asyncio.gather(*sales)

    async with database.read() as connection:
        codes = list((await connection.execute(select(Account.code))).scalars())
    assert len(codes) == len(set(codes))
    assert len(await till.entries()) == 40
    assert sum((await till.balances()).values()) == 0


async def test_an_entry_that_does_not_balance_is_a_bug_and_is_not_written(
    database: Database, till: Till
) -> None:
    async def post_one_side() -> None:
        async with database.transaction() as tx:
            one_side = [Posting("gateway:bank", 1)]
            await LedgerService(tx)._post(EntryKind.CAPTURE, "capture:7", 7, "COP", one_side)

    with pytest.raises(Unbalanced):
        await post_one_side()

    assert await till.entries() == []
