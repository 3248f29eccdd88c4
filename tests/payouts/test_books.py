"""The doctor finds where payouts and ledger disagree, and names it."""

import pytest
from sqlalchemy import text

from mestore.payouts.service.decide import pay_by_hand, reject
from tests.payouts.desk import Desk

WOUNDS = {
    "an amount": (
        "UPDATE payouts SET amount_minor = amount_minor + 1 WHERE state = 'REQUESTED'",
        "in-payout: the ledger holds 10000000, payouts come to 10000001",
    ),
    "a state": (
        "UPDATE payouts SET state = 'PAID', paid_at = created_at, channel = 'MANUAL'"
        " WHERE state = 'REQUESTED'",
        "bank:manual: the ledger holds 10000000, payouts come to 20000000",
    ),
    "an end that nobody posted": (
        "UPDATE payouts SET state = 'CANCELLED' WHERE state = 'REQUESTED'",
        "payouts: 1 entries say returned, 2 payouts do",
    ),
    "a channel": (
        "UPDATE payouts SET channel = 'WOMPI' WHERE state = 'PAID'",
        "bank:wompi: the ledger holds 0, payouts come to 10000000",
    ),
    "an entry": (
        "DELETE FROM ledger_lines WHERE entry_id IN"
        " (SELECT id FROM ledger_entries WHERE business_key LIKE '%paid')",
        "bank:manual: the ledger holds 0, payouts come to 10000000",
    ),
}


@pytest.mark.parametrize("wound", WOUNDS)
async def test_a_wound_is_found_and_named(desk: Desk, wound: str) -> None:
    statement, words = WOUNDS[wound]
    await desk.ask(await desk.vendor())
    paid, rejected = await desk.approved(), await desk.approved()
    staff = await desk.admin()
    async with desk.database.transaction() as tx:
        await pay_by_hand(tx, paid, staff.id, "TR-1")
        await reject(tx, rejected, staff.id, "looks odd")
    assert await desk.doctor() == []
    async with desk.database.transaction() as tx:
        await tx.connection.execute(text(statement))
    found = await desk.doctor()
    assert any(words in finding for finding in found), found
