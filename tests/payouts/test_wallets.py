"""Wallets of persons take so much in a month: what is over it would bounce, and stays available."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mestore.payouts.errors import InsufficientBalance, WalletFull
from mestore.payouts.service.decide import reject
from mestore.payouts.types import AccountType, BankAccount, DocumentType
from tests.conftest import MovedClock
from tests.payouts.desk import ACCOUNT, Desk

MOST = 11_024_727
WALLET = replace(
    ACCOUNT, bank_code="1507", account_type=AccountType.DEPOSITO, account_number="3001234567"
)


async def test_a_wallet_is_paid_up_to_what_it_takes_in_a_month(
    desk: Desk, clock: MovedClock
) -> None:
    vendor = await desk.vendor(30_000_000, account=WALLET)
    with pytest.raises(WalletFull, match=str(MOST)):
        await desk.ask(vendor, MOST + 1)
    with pytest.raises(InsufficientBalance):
        await desk.ask(vendor, 30_000_001)
    await desk.ask(vendor, 11_000_000)
    rest = await desk.ask(vendor)
    assert await desk.money(vendor) == (30_000_000 - MOST, MOST)
    with pytest.raises(WalletFull):
        await desk.ask(vendor)

    staff = await desk.admin()
    async with desk.database.transaction() as tx:
        await reject(tx, rest, staff.id, "another way")
    assert (await desk.row(await desk.ask(vendor))).amount_minor == 24_727 * 100
    clock.advance(timedelta(days=31))
    assert (await desk.row(await desk.ask(vendor))).amount_minor == MOST * 100
    assert await desk.doctor() == []


@pytest.mark.parametrize(
    "account",
    [
        replace(WALLET, account_type=AccountType.AHORROS),
        replace(WALLET, document_type=DocumentType.NIT, document_number="900123456-8"),
    ],
)
async def test_other_accounts_take_any_amount(desk: Desk, account: BankAccount) -> None:
    vendor = await desk.vendor(30_000_000, account=account)
    await desk.ask(vendor)
    assert await desk.money(vendor) == (0, 30_000_000)


async def test_another_wallet_has_a_month_of_its_own(desk: Desk, clock: MovedClock) -> None:
    vendor = await desk.vendor(30_000_000, account=WALLET)
    await desk.ask(vendor)
    await desk.name(vendor, replace(WALLET, bank_code="1551"))
    clock.advance(timedelta(hours=73))
    assert (await desk.row(await desk.ask(vendor))).amount_minor == MOST * 100
