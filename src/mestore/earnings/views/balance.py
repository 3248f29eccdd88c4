"""What a vendor has, by account: sums of the ledger's lines, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    bindparam,
    column,
    func,
    literal,
    select,
    table,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.earnings.models import Release
from mestore.earnings.types import Purpose, vendor_codes
from mestore.kernel.columns import UtcDateTime
from mestore.ledger.types import vendor_payout_account, vendor_pending_account

ACCOUNTS = table("ledger_accounts", column("id", BigInteger), column("code", String))
LINES = table(
    "ledger_lines",
    column("id", BigInteger),
    column("entry_id", BigInteger),
    column("account_id", BigInteger),
    column("amount_minor", BigInteger),
)
ENTRIES = table(
    "ledger_entries",
    column("id", BigInteger),
    column("business_key", String),
    column("kind", String),
    column("order_id", BigInteger),
    column("currency", String),
    column("created_at", UtcDateTime),
)
_BANKS, _SENT = ACCOUNTS.alias("banks"), LINES.alias("sent")
_PAID = "paid"


def _totals(until: ColumnElement[bool] | None) -> Any:  # noqa: ANN401  a compound statement
    """Return the statement of an account's sums, up to an instant where one is given."""
    held: Select[*tuple[Any, ...]] = (
        select(ACCOUNTS.c.code, func.sum(LINES.c.amount_minor))
        .join(LINES, LINES.c.account_id == ACCOUNTS.c.id)
        .where(ACCOUNTS.c.code.in_(bindparam("codes", expanding=True)))
        .group_by(ACCOUNTS.c.code)
    )
    # What left for a bank: the other lines of entries that touch the account of payouts.
    paid: Select[*tuple[Any, ...]] = (
        select(literal(_PAID), func.sum(_SENT.c.amount_minor))
        .select_from(LINES)
        .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
        .join(_SENT, _SENT.c.entry_id == LINES.c.entry_id)
        .join(_BANKS, _BANKS.c.id == _SENT.c.account_id)
        .where(ACCOUNTS.c.code == bindparam("payouts"), _BANKS.c.code.like("bank:%"))
    )
    if until is not None:
        held = held.join(ENTRIES, ENTRIES.c.id == LINES.c.entry_id).where(until)
        paid = paid.join(ENTRIES, ENTRIES.c.id == LINES.c.entry_id).where(until)
    return union_all(held, paid)


_NOW = _totals(None)
_THEN = _totals(ENTRIES.c.created_at <= bindparam("moment", type_=UtcDateTime))
_NEXT_DAY = (
    select(func.min(Release.due_at))
    .where(
        Release.vendor_id == bindparam("vendor_id"),
        Release.released_at.is_(None),
        Release.due_at > bindparam("moment", type_=UtcDateTime),
    )
    .scalar_subquery()
)
_NEXT = (
    select(Release.due_at, func.coalesce(func.sum(LINES.c.amount_minor), 0))
    .join(ENTRIES, ENTRIES.c.order_id == Release.order_id)
    .join(LINES, LINES.c.entry_id == ENTRIES.c.id)
    .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
    .where(
        Release.vendor_id == bindparam("vendor_id"),
        Release.released_at.is_(None),
        Release.due_at == _NEXT_DAY,
        ACCOUNTS.c.code == bindparam("pending"),
    )
    .group_by(Release.due_at)
)


@dataclass(frozen=True, slots=True)
class NextRelease:
    """When something is released next, and how much, in minor units."""

    at: datetime
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What a vendor has, in minor units; negative where it owes the operator."""

    by_purpose: dict[Purpose, int]
    paid_minor: int

    @property
    def total_minor(self) -> int:
        """Return what the vendor is owed in all."""
        return sum(self.by_purpose.values())


async def balance_of(
    connection: AsyncConnection, vendor_id: UUID, as_of: datetime | None = None
) -> Balance:
    """Return what a vendor has, or had when `as_of` was."""
    values: dict[str, Any] = {
        "codes": vendor_codes(vendor_id),
        "payouts": vendor_payout_account(vendor_id),
    }
    if as_of is None:
        rows: Sequence[Any] = (await connection.execute(_NOW, values)).all()
    else:
        rows = (await connection.execute(_THEN, {**values, "moment": as_of})).all()
    found = {str(name): int(total or 0) for name, total in rows}
    codes = zip(Purpose, vendor_codes(vendor_id), strict=True)
    return Balance({purpose: -found.get(code, 0) for purpose, code in codes}, -found.get(_PAID, 0))


async def next_release_of(
    connection: AsyncConnection, vendor_id: UUID, moment: datetime
) -> NextRelease | None:
    """Return what is released next after `moment`, as far as it was delivered."""
    values = {
        "vendor_id": vendor_id,
        "moment": moment,
        "pending": vendor_pending_account(vendor_id),
    }
    row = (await connection.execute(_NEXT, values)).one_or_none()
    return None if row is None else NextRelease(row[0], -int(row[1]))
