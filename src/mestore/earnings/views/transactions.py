"""The entries of the ledger as clients read them: two statements a page, a count if need be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, bindparam, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.earnings.types import vendor_codes
from mestore.earnings.views.balance import ACCOUNTS, ENTRIES, LINES
from mestore.kernel.db import Database
from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of
from mestore.kernel.remembered import Kept
from mestore.ledger.types import EntryKind

SECONDS = 30.0

_ORDER = SortKey("-id", ENTRIES.c.id, ENTRIES.c.id, descending=True)
_ENTRIES = select(
    ENTRIES.c.id, ENTRIES.c.kind, ENTRIES.c.order_id, ENTRIES.c.currency, ENTRIES.c.created_at
)
_ACCOUNT_IDS = select(ACCOUNTS.c.id).where(ACCOUNTS.c.code.in_(bindparam("codes", expanding=True)))
_OF_ENTRIES = (
    select(LINES.c.entry_id, ACCOUNTS.c.id, ACCOUNTS.c.code, LINES.c.amount_minor)
    .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
    .where(LINES.c.entry_id.in_(bindparam("entries", expanding=True)))
    .order_by(LINES.c.id)
)


class LineView(msgspec.Struct, frozen=True):
    """A line of an entry. For staff a debit is positive; for a vendor, what it has more of."""

    account: str
    amount: int | float


class TransactionView(msgspec.Struct, frozen=True):
    """An entry of the ledger with those of its lines that the reader may see.

    `amount` is, for a vendor, what the entry changed of all that it is owed; for staff, what it
    moved: the sum of its debits.
    """

    id: int
    kind: str
    order_id: int | None
    amount: int | float
    currency: str
    lines: list[LineView]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Which entries a list shows; all of what is set has to fit."""

    kind: EntryKind | None = None
    order_id: int | None = None
    account: str | None = None
    vendor_id: UUID | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


class EntryCounts:
    """How many entries each filter has. Other processes may be `SECONDS` behind."""

    def __init__(self, _: Database) -> None:
        self.counts: Kept[int] = Kept(SECONDS)

    def touch(self, tags: Iterable[str]) -> None:
        """Have them counted again once something was posted; a listener of the database."""
        if "ledger" in tags:
            self.counts.expire()


async def page_transactions(
    database: Database, wanted: PageRequest, filter_: TransactionFilter, owner_id: UUID | None
) -> Page[TransactionView]:
    """Return a page of entries, the newest first; of a vendor those that touch it, its lines."""
    async with database.read() as connection:
        seen = None
        if owner_id is not None:
            seen = await _account_ids(connection, vendor_codes(owner_id))
        conditions = await _conditions(connection, filter_, owner_id, seen)
        query = apply(_ENTRIES.where(*conditions), wanted, _ORDER)
        rows = (await connection.execute(query)).all()
        lines = await _lines(connection, [row.id for row in rows], seen)
    if wanted.cursor is None and wanted.page == 1 and len(rows) <= wanted.per_page:
        total = len(rows)
    else:
        counts = database.kept(EntryCounts).counts
        total = await counts.get((filter_, owner_id), lambda: _count(database, conditions))
    page = page_of(rows, wanted, _ORDER, total, ("id", "id"))
    views = [_view(row, lines[row.id], is_vendor=seen is not None) for row in page.rows]
    return Page(views, page.pagination)


async def _count(database: Database, conditions: Sequence[ColumnElement[bool]]) -> int:
    counted = select(func.count()).select_from(ENTRIES).where(*conditions)
    async with database.read() as connection:
        return int((await connection.execute(counted)).scalar_one())


async def _conditions(
    connection: AsyncConnection,
    filter_: TransactionFilter,
    owner_id: UUID | None,
    seen: Sequence[int] | None,
) -> list[ColumnElement[bool]]:
    conditions = _conditions_of(filter_)
    for accounts in await _asked_accounts(connection, filter_):
        conditions.append(_touches(accounts))
    if seen is not None:
        conditions.append(_touches(seen))
    if owner_id is not None and filter_.vendor_id not in {None, owner_id}:
        # Which of its orders have parts of another vendor is not for a vendor to know.
        conditions.append(false())
    return conditions


def _touches(account_ids: Sequence[int]) -> ColumnElement[bool]:
    # Without any id no entry fits, which an empty IN () says on every engine.
    touched = select(LINES.c.entry_id).where(LINES.c.account_id.in_(list(account_ids)))
    return ENTRIES.c.id.in_(touched)


async def _account_ids(connection: AsyncConnection, codes: Sequence[str]) -> list[int]:
    found = await connection.execute(_ACCOUNT_IDS, {"codes": list(codes)})
    return list(found.scalars())


async def _asked_accounts(
    connection: AsyncConnection, filter_: TransactionFilter
) -> list[list[int]]:
    found = []
    if filter_.account is not None:
        found.append(await _account_ids(connection, [filter_.account]))
    if filter_.vendor_id is not None:
        found.append(await _account_ids(connection, vendor_codes(filter_.vendor_id)))
    return found


def _conditions_of(filter_: TransactionFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filter_.kind is not None:
        found.append(ENTRIES.c.kind == filter_.kind.value)
    if filter_.order_id is not None:
        found.append(ENTRIES.c.order_id == filter_.order_id)
    if filter_.created_from is not None:
        found.append(ENTRIES.c.created_at >= filter_.created_from)
    if filter_.created_to is not None:
        found.append(ENTRIES.c.created_at <= filter_.created_to)
    return found


async def _lines(
    connection: AsyncConnection, entries: Sequence[int], seen: Sequence[int] | None
) -> dict[int, list[tuple[str, int]]]:
    lines: dict[int, list[tuple[str, int]]] = {entry: [] for entry in entries}
    if entries:
        for entry, account, code, amount in await connection.execute(
            _OF_ENTRIES, {"entries": list(entries)}
        ):
            if seen is None or account in seen:
                lines[entry].append((code, int(amount)))
    return lines


def _view(row: Any, lines: Sequence[tuple[str, int]], *, is_vendor: bool) -> TransactionView:  # noqa: ANN401  a row
    if is_vendor:
        # Its own name says nothing to a vendor: `pending` and not `vendor:…:pending`.
        shown = [(code.rpartition(":")[2], -amount) for code, amount in lines]
        amount = sum(each for _, each in shown)
    else:
        shown = list(lines)
        amount = sum(each for _, each in lines if each > 0)
    return TransactionView(
        row.id,
        row.kind,
        row.order_id,
        to_number(amount),
        row.currency,
        [LineView(code, to_number(each)) for code, each in shown],
        row.created_at,
    )
