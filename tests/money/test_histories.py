"""Money over random histories: whatever happens, and wherever it stops, the books are right.

MONEY_HISTORIES=10000 runs as many; the suite itself is content with fewer.
"""

import os
import random
from dataclasses import replace

import pytest
from sqlalchemy import update

from mestore.accounts.types import UserType
from mestore.bootstrap import App
from mestore.catalog.models import Variant
from mestore.catalog.types import InventoryPolicy
from mestore.checkout.types import Outside
from mestore.kernel.db import Database
from mestore.payments.types import PaymentMethod
from tests.build import Build, BuiltProduct, BuiltVendor
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.earnings.cashier import product_of, terms
from tests.money.market import Market
from tests.payouts.desk import Desk

IN_A_MARKET = 40
MARKETS = max(1, int(os.environ.get("MONEY_HISTORIES", "80")) // IN_A_MARKET)


async def market_of(
    program: App, database: Database, build: Build, clock: MovedClock, seed: int
) -> Market:
    """Return a market with four vendors, two of whom leave a reserve."""
    till, desk, bank = Till(database, build), Desk(program, database, build), Bank()
    every = frozenset(PaymentMethod)
    bank.profile = replace(bank.profile, refundable=every, partly_refundable=every)
    dice = random.Random(seed)
    vendors = [await build.vendor() for _ in range(4)]
    for vendor in vendors:
        await desk.name(vendor)
    for vendor in vendors[:2]:
        await terms(database, vendor.id, percent=10, days=7)
    products = [
        await product_of(till, vendor, str(dice.randint(20_000, 400_000)))
        for vendor in vendors
        for _ in range(2)
    ]
    awaited = [await awaited_of(till, vendor, dice) for vendor in vendors]
    staff = [await build.user(UserType.ADMIN) for _ in range(2)]
    outside = Outside(database, {bank.code: bank}, "http://shop.example.com")
    market = Market(
        till, desk, bank, outside, clock.advance, dice, vendors, products + awaited, staff, awaited
    )
    for product in awaited:
        market.counted[product.variant_id], _ = await build.stock_of(product.variant_id)
    return market


async def awaited_of(till: Till, vendor: BuiltVendor, dice: random.Random) -> BuiltProduct:
    """Return a product with few units, which is sold on when none is left."""
    price = str(dice.randint(20_000, 400_000))
    stock = dice.randint(0, 3)
    product = await till.build.product(vendor=vendor, price=price, tax_rate=19, stock=stock)
    async with till.database.transaction() as tx:
        change = update(Variant).where(Variant.id == product.variant_id)
        await tx.connection.execute(change.values(inventory_policy=InventoryPolicy.CONTINUE))
    return product


@pytest.mark.parametrize("seed", range(MARKETS))
async def test_the_books_are_right_after_any_history(
    program: App, database: Database, build: Build, clock: MovedClock, seed: int
) -> None:
    market = await market_of(program, database, build, clock, seed)
    for number in range(IN_A_MARKET):
        await market.live()
        if number % 10 == 9:
            assert await market.findings() == [], f"seed {seed}, history {number}"
