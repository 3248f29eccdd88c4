"""Proving that payouts and ledger agree."""

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.ledger.types import bank_account, vendor_payout_account
from mestore.payouts.repository.books import books


async def findings(connection: AsyncConnection) -> list[str]:
    """Return where the sums of payouts by state and what the ledger holds of them disagree."""
    booked: Counter[str] = Counter()
    owed: Counter[str] = Counter()
    posted: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for book, code, vendor, total in await books(connection):
        match book:
            case "account":
                booked[code or ""] -= total
            case "on the way":
                owed[vendor_payout_account(vendor)] += total
            case "paid":
                owed[bank_account((code or "none").lower())] += total
            case "posted":
                posted[code or ""] += total
            case "ended":
                ended[code or ""] += total
    # Every payout was requested.
    ended["requested"] = ended.total()
    del ended["open"]
    return [
        f"{account}: the ledger holds {booked[account]}, payouts come to {owed[account]}"
        for account in sorted(booked.keys() | owed.keys())
        if booked[account] != owed[account]
    ] + [
        f"payouts: {posted[word]} entries say {word}, {ended[word]} payouts do"
        for word in sorted(posted.keys() | ended.keys())
        if posted[word] != ended[word]
    ]
