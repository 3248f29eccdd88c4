"""The doctor finds what disagrees, names it, and is never wrong about a shop that is busy."""

import asyncio
from collections.abc import Mapping

import pytest
from sqlalchemy import text

from mestore.orders.types import PlacedOrder
from mestore.payments.types import AttemptStatus
from tests.build import BuiltProduct
from tests.checkout.till import Till, guest, said

# What a hand in the tables does, and the words by which the doctor tells of it.
WOUNDS: Mapping[str, tuple[str, str]] = {
    "a line of the ledger": (
        "UPDATE ledger_lines SET amount_minor = amount_minor + 1 WHERE amount_minor = -1500000",
        "does not add up to zero: 1",
    ),
    "an entry without lines": (
        "INSERT INTO ledger_entries (business_key, kind, currency, created_at)"
        " VALUES ('x', 'CAPTURE', 'COP', '2026-01-01')",
        "does not add up to zero",
    ),
    "a subtotal": (
        "UPDATE orders SET subtotal_minor = subtotal_minor + 1 WHERE financial_status = 'PAID'",
        "its subtotal is 4500001",
    ),
    "a vendor's part": (
        "UPDATE vendor_orders SET total_minor = total_minor - 1 WHERE status = 'PENDING'",
        "parts come to 5354999, its total less shipping is 5355000",
    ),
    "a paid order without a payment": (
        "UPDATE payment_attempts SET status = 'DECLINED' WHERE status = 'APPROVED'",
        "is PAID without an approved payment",
    ),
    "a payment of another amount": (
        "UPDATE payment_attempts SET amount_minor = 1 WHERE status = 'APPROVED'",
        "is PAID without an approved payment",
    ),
    "a capture that is missing": (
        "UPDATE ledger_entries SET order_id = NULL WHERE kind = 'CAPTURE'",
        "is PAID and the ledger has captured 0 of 6855000",
    ),
    "an order that is not paid any more": (
        "UPDATE orders SET financial_status = 'PENDING', status = 'PENDING'",
        "is not PAID and the ledger has captured its money",
    ),
    "an approval that nobody noticed": (
        "UPDATE payments SET status = 'APPROVED'",
        "is APPROVED, the order is PENDING, and no queue holds the money",
    ),
    "a second approval that nobody noticed": (
        "UPDATE payment_attempts SET status = 'APPROVED'",
        "attempts are APPROVED, and 0 are captured or in a queue",
    ),
    "a reservation that was let go": (
        "UPDATE stock_reservations SET state = 'RELEASED' WHERE state = 'LIVE'",
        "is PENDING and holds a reservation that is RELEASED",
    ),
    "a reservation that was not taken": (
        "UPDATE stock_reservations SET state = 'LIVE' WHERE state = 'TAKEN'",
        "is CONFIRMED and holds a reservation that is LIVE",
    ),
    "a commission that is not owed": (
        "UPDATE commissions SET status = 'QUOTED' WHERE status = 'PENDING'",
        "is PAID and has a commission that is QUOTED",
    ),
    "a commission that is owed too early": (
        "UPDATE commissions SET status = 'PENDING' WHERE status = 'QUOTED'",
        "is PENDING and has a commission that is PENDING",
    ),
    "a commission of another amount": (
        "UPDATE commissions SET amount_minor = amount_minor + 7 WHERE status = 'PENDING'",
        "the ledger owes 5087250, the orders 5087243",
    ),
    "a commission that is missing": (
        "DELETE FROM commissions WHERE status = 'QUOTED'",
        "has no commission",
    ),
    "units that appeared": (
        "UPDATE stock_levels SET on_hand = on_hand + 1",
        "its movements add up to",
    ),
    "units that are promised twice": (
        "UPDATE stock_levels SET reserved = reserved + 1",
        "live reservations hold",
    ),
}


async def shop(till: Till) -> tuple[BuiltProduct, PlacedOrder, PlacedOrder]:
    """Sell one unit, and let another order be declined and wait."""
    product = await till.build.product(price="45000", tax_rate=19, stock=9)
    paid, waiting = await till.place(product), await till.place(product)
    await till.settle_approved(paid)
    attempt = await till.attempt(waiting)
    await till.settle(said(attempt, AttemptStatus.DECLINED))
    return product, paid, waiting


@pytest.mark.parametrize("wound", WOUNDS)
async def test_the_doctor_finds(till: Till, wound: str) -> None:
    await shop(till)
    assert await till.doctor() == []
    change, words = WOUNDS[wound]

    async with till.database.transaction() as tx:
        await tx.connection.execute(text(change))

    findings = await till.doctor()
    assert any(words in finding for finding in findings), findings


async def test_the_doctor_names_at_most_twenty_of_a_kind(till: Till) -> None:
    product = await till.build.product(stock=99)
    for number in range(25):
        await till.place(product, owner=guest(f"buyer-{number:04}"))
    async with till.database.transaction() as tx:
        await tx.connection.execute(text("UPDATE orders SET subtotal_minor = 1"))

    assert len(await till.doctor()) == 20


async def test_the_doctor_is_never_wrong_about_a_busy_shop(till: Till) -> None:
    vendors = [await till.build.vendor() for _ in range(2)]
    products = [await till.build.product(stock=999, vendor=vendor) for vendor in vendors]

    async def trade(number: int) -> None:
        for round_ in range(8):
            order = await till.place(*products, owner=guest(f"buyer-{number}-{round_}"))
            if round_ % 4:
                await till.settle_approved(order)

    async def examine() -> list[str]:
        found = []
        while not is_over.is_set():
            found += await till.doctor()
        return found

    is_over = asyncio.Event()
    examining = asyncio.create_task(examine())
    await asyncio.gather(*(trade(number) for number in range(6)))
    is_over.set()

    assert await examining == []
    assert await till.doctor() == []
