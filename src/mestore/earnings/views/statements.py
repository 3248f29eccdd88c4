"""Statements of vendors: what each entry of the ledger did to what a vendor is owed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, String, bindparam, case, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.earnings.types import Month, StatementLine, vendor_codes
from mestore.earnings.views.balance import ACCOUNTS, ENTRIES, LINES
from mestore.kernel.columns import UtcDateTime
from mestore.ledger.types import COMMISSION_INCOME, COMMISSION_TAX

MOST_MONTHS = 24
_MOMENT = UtcDateTime()
_ORDERS = table("orders", column("id", BigInteger), column("order_number", String))
_of_vendor = ACCOUNTS.c.code.in_(bindparam("codes", expanding=True))


def _bound(number: int) -> Any:  # noqa: ANN401  a bind parameter
    return bindparam(f"bound_{number}", type_=_MOMENT)


def _from_to(number: int) -> Any:  # noqa: ANN401  a condition
    created = ENTRIES.c.created_at
    return (created >= _bound(number)) & (created < _bound(number + 1))


_MONTHS = (
    select(
        func.sum(case((ENTRIES.c.created_at < _bound(0), LINES.c.amount_minor), else_=0)),
        *(
            func.sum(case((_from_to(number), LINES.c.amount_minor), else_=0))
            for number in range(MOST_MONTHS)
        ),
        func.min(ENTRIES.c.created_at),
    )
    .join(ENTRIES, ENTRIES.c.id == LINES.c.entry_id)
    .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
    .where(_of_vendor, ENTRIES.c.created_at < _bound(MOST_MONTHS))
)
_net = func.sum(LINES.c.amount_minor)
_CHANGES = (
    select(
        ENTRIES.c.id,
        ENTRIES.c.created_at,
        ENTRIES.c.kind,
        _ORDERS.c.order_number,
        _net.label("net"),
    )
    .select_from(LINES)
    .join(ENTRIES, ENTRIES.c.id == LINES.c.entry_id)
    .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
    .outerjoin(_ORDERS, _ORDERS.c.id == ENTRIES.c.order_id)
    .where(
        _of_vendor,
        ENTRIES.c.created_at >= bindparam("begins", type_=_MOMENT),
        ENTRIES.c.created_at < bindparam("ends", type_=_MOMENT),
    )
    .group_by(
        ENTRIES.c.id,
        ENTRIES.c.created_at,
        ENTRIES.c.kind,
        _ORDERS.c.order_number,
    )
    # What only moves between the vendor's own accounts changes nothing that it is owed.
    .having(_net != 0)
)
_PAGE = (
    _CHANGES.where(ENTRIES.c.id > bindparam("after"))
    .order_by(ENTRIES.c.id)
    .limit(bindparam("most"))
)
_OPENING = (
    select(func.coalesce(func.sum(LINES.c.amount_minor), 0))
    .join(ENTRIES, ENTRIES.c.id == LINES.c.entry_id)
    .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
    .where(_of_vendor, ENTRIES.c.created_at < bindparam("begins", type_=_MOMENT))
)
_LINES_OF = (
    select(LINES.c.entry_id, ACCOUNTS.c.code, LINES.c.amount_minor)
    .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
    .where(LINES.c.entry_id.in_(bindparam("entries", expanding=True)))
    .order_by(LINES.c.entry_id, LINES.c.id)
)


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """What a vendor was owed at the beginning and the end of a month, in minor units."""

    month: Month
    opening_minor: int
    closing_minor: int


async def months_of(
    connection: AsyncConnection, vendor_id: UUID, first: Month, months: int
) -> list[MonthTotals]:
    """Return the months from `first` on, but none before the vendor's first entry."""
    bounds = {f"bound_{number}": first.plus(number).begins for number in range(MOST_MONTHS + 1)}
    values = {"codes": vendor_codes(vendor_id), **bounds}
    opening, *changes, earliest = (await connection.execute(_MONTHS, values)).one()
    if earliest is None:
        return []
    owed = -int(opening or 0)
    found = []
    for number in range(months):
        month, closing = first.plus(number), owed - int(changes[number] or 0)
        if earliest < month.ends:
            found.append(MonthTotals(month, owed, closing))
        owed = closing
    return found


async def opening_of(connection: AsyncConnection, vendor_id: UUID, month: Month) -> int:
    """Return what was owed at the beginning of a month, in minor units."""
    values = {"codes": vendor_codes(vendor_id), "begins": month.begins}
    return -int((await connection.execute(_OPENING, values)).scalar_one())


async def page_of_lines(
    connection: AsyncConnection, vendor_id: UUID, month: Month, after: int, most: int
) -> list[StatementLine]:
    """Return the lines of a month that follow the entry `after`, in the order of the entries."""
    values = {
        "codes": vendor_codes(vendor_id),
        "begins": month.begins,
        "ends": month.ends,
        "after": after,
        "most": most,
    }
    rows = (await connection.execute(_PAGE, values)).all()
    kept = await _kept(connection, vendor_id, [row.id for row in rows])
    return [_line(row, kept.get(row.id, (0, 0))) for row in rows]


async def _kept(
    connection: AsyncConnection, vendor_id: UUID, entries: Sequence[int]
) -> Mapping[int, tuple[int, int]]:
    """Return what the operator kept of the vendor in each entry: commission and its IVA.

    The templates of the ledger write the lines of the operator's accounts after those of the
    vendor that they are about.
    """
    if not entries:
        return {}
    own = set(vendor_codes(vendor_id))
    found: dict[int, list[int]] = {}
    current, is_own = 0, False
    for entry, code, amount in await connection.execute(_LINES_OF, {"entries": list(entries)}):
        if entry != current or code.startswith("vendor:"):
            current, is_own = entry, code in own
        elif is_own and code in _KEPT:
            found.setdefault(entry, [0, 0])[_KEPT.index(code)] += int(amount)
    return {entry: (commission, tax) for entry, (commission, tax) in found.items()}


_KEPT = (COMMISSION_INCOME, COMMISSION_TAX)


def _line(row: Any, kept: tuple[int, int]) -> StatementLine:  # noqa: ANN401  a row
    commission, tax = kept
    amount = -int(row.net)
    return StatementLine(
        entry_id=row.id,
        at=row.created_at,
        kind=row.kind,
        order_number=row.order_number,
        gross_minor=amount - commission - tax,
        commission_minor=commission,
        tax_minor=tax,
        amount_minor=amount,
    )
