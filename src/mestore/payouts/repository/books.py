"""What payouts come to beside what the ledger says of them, in one statement."""

from typing import Any

from sqlalchemy import (
    Select,
    String,
    Uuid,
    case,
    column,
    func,
    literal,
    null,
    select,
    table,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.payouts.types import OPEN_STATES

_payouts = table(
    "payouts",
    column("vendor_id", Uuid),
    column("amount_minor"),
    column("state", String),
    column("channel", String),
)
_accounts = table("ledger_accounts", column("id"), column("code", String))
_lines = table("ledger_lines", column("account_id"), column("amount_minor"))
_entries = table("ledger_entries", column("kind", String), column("business_key", String))
_NOBODY, _NO_CODE = type_coerce(null(), Uuid), type_coerce(null(), String)
_KEYS = ("requested", "paid", "returned")
_END = case(
    *((_entries.c.business_key.endswith(f":{name}"), name) for name in _KEYS), else_="other"
)
_ENDED = case(
    (_payouts.c.state == "PAID", "paid"),
    (_payouts.c.state.in_(["FAILED", "REJECTED", "CANCELLED"]), "returned"),
    else_="open",
)


def _on_account(like: str) -> Select[Any]:
    return (
        select(literal("account"), _accounts.c.code, _NOBODY, func.sum(_lines.c.amount_minor))
        .join(_lines, _lines.c.account_id == _accounts.c.id)
        .where(_accounts.c.code.like(like))
        .group_by(_accounts.c.code)
    )


# One statement, so that all sums are of one moment even while payouts move. A leg with vendors is
# first: PostgreSQL takes two legs of NULLs for text.
_BOOKS = union_all(
    select(literal("on the way"), _NO_CODE, _payouts.c.vendor_id, func.sum(_payouts.c.amount_minor))
    .where(_payouts.c.state.in_([state.value for state in OPEN_STATES]))
    .group_by(_payouts.c.vendor_id),
    _on_account("vendor:%:in-payout"),
    _on_account("bank:%"),
    select(literal("paid"), _payouts.c.channel, _NOBODY, func.sum(_payouts.c.amount_minor))
    .where(_payouts.c.state == "PAID")
    .group_by(_payouts.c.channel),
    select(literal("posted"), _END, _NOBODY, func.count())
    .where(_entries.c.kind == "PAYOUT")
    .group_by(_END),
    select(literal("ended"), _ENDED, _NOBODY, func.count()).group_by(_ENDED),
)


async def books(connection: AsyncConnection) -> list[tuple[str, str | None, Any, int]]:
    """Return (book, account or word, vendor, sum or count) of payouts and of the ledger."""
    rows = await connection.execute(_BOOKS)
    return [(book, code, vendor, int(total)) for book, code, vendor, total in rows]
