"""Reading what reconciliation compares, what it found, and what gateways paid into the bank."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.columns import UtcDateTime, enum_column
from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of
from mestore.payments.types import AttemptStatus
from mestore.reconciliation.models import GatewaySettlement
from mestore.reconciliation.models import ReconciliationDifference as Row
from mestore.reconciliation.models import ReconciliationRun as Run
from mestore.reconciliation.types import (
    AccountView,
    Booked,
    DifferenceFilter,
    DifferenceView,
    OwnAttempt,
    SettlementView,
)

_Value = TypeVar("_Value")
_MOST_VALUES = 10_000
"""Values in one statement: PostgreSQL's protocol ends at 32,767, and a day may have more."""

_PAYMENTS = table("payments", column("id", Uuid), column("order_id", BigInteger))
_ATTEMPTS = table(
    "payment_attempts",
    column("id", BigInteger),
    column("payment_id", Uuid),
    column("gateway", String),
    column("reference", String),
    column("transaction_id", String),
    column("status", enum_column(AttemptStatus)),
    column("amount_minor", BigInteger),
    column("created_at", UtcDateTime),
)
_ENTRIES = table(
    "ledger_entries",
    column("id", BigInteger),
    column("business_key", String),
    column("kind", String),
    column("order_id", BigInteger),
    column("created_at", UtcDateTime),
)
_LINES = table(
    "ledger_lines",
    column("entry_id", BigInteger),
    column("account_id", BigInteger),
    column("amount_minor", BigInteger),
)
_ACCOUNTS = table("ledger_accounts", column("id", BigInteger), column("code", String))

_OWN = (
    select(
        _PAYMENTS.c.order_id,
        _ATTEMPTS.c.reference,
        _ATTEMPTS.c.transaction_id,
        _ATTEMPTS.c.status,
        _ATTEMPTS.c.amount_minor,
    )
    .join(_PAYMENTS, _PAYMENTS.c.id == _ATTEMPTS.c.payment_id)
    .where(
        _ATTEMPTS.c.gateway == bindparam("gateway"),
        or_(
            _ATTEMPTS.c.reference.in_(bindparam("references", expanding=True)),
            and_(
                _ATTEMPTS.c.status == AttemptStatus.APPROVED,
                _ATTEMPTS.c.created_at >= bindparam("since", type_=UtcDateTime),
                _ATTEMPTS.c.created_at < bindparam("until", type_=UtcDateTime),
            ),
        ),
    )
)
_BOOKED = (
    select(_ENTRIES.c.business_key, func.sum(_LINES.c.amount_minor))
    .join(_LINES, _LINES.c.entry_id == _ENTRIES.c.id)
    .join(_ACCOUNTS, _ACCOUNTS.c.id == _LINES.c.account_id)
    .where(
        _ENTRIES.c.business_key.in_(bindparam("keys", expanding=True)),
        _ACCOUNTS.c.code == bindparam("account"),
    )
    .group_by(_ENTRIES.c.business_key)
)
_REFUNDED = (
    select(_ENTRIES.c.order_id)
    .where(
        _ENTRIES.c.kind == "REFUND", _ENTRIES.c.order_id.in_(bindparam("order_ids", expanding=True))
    )
    .distinct()
)
_RAN_SINCE = select(Run.gateway, Run.day).where(
    Run.ran_at >= bindparam("moment", type_=UtcDateTime),
    Run.day.in_(bindparam("days", expanding=True)),
)
_NEWEST_FIRST = SortKey("-id", Row.id, Row.id, descending=True)
_SHOWN = select(
    Row.id,
    Run.gateway,
    Run.day,
    Row.kind,
    Row.state,
    Row.reference,
    Row.transaction_id,
    Row.order_id,
    Row.gateway_minor,
    Row.payment_minor,
    Row.ledger_minor,
    Row.reason,
    Row.closed_by,
    Row.closed_at,
    Row.created_at,
).join(Run, Run.id == Row.run_id)

_LATEST_FIRST = SortKey("-id", GatewaySettlement.id, GatewaySettlement.id, descending=True)
_SETTLEMENTS = select(
    GatewaySettlement.id,
    GatewaySettlement.gateway,
    GatewaySettlement.bank_reference,
    GatewaySettlement.settled_on,
    GatewaySettlement.net_minor,
    GatewaySettlement.fee_minor,
    GatewaySettlement.withheld_minor,
    GatewaySettlement.created_at,
)
# Everything but the accounts of vendors, which GET /vendors/balance tells.
_BALANCES = (
    select(_ACCOUNTS.c.code, func.sum(_LINES.c.amount_minor))
    .join(_LINES, _LINES.c.account_id == _ACCOUNTS.c.id)
    .join(_ENTRIES, _ENTRIES.c.id == _LINES.c.entry_id)
    .where(
        _ACCOUNTS.c.code.not_like("vendor:%"),
        _ENTRIES.c.created_at <= bindparam("moment", type_=UtcDateTime),
    )
    .group_by(_ACCOUNTS.c.code)
    .order_by(_ACCOUNTS.c.code)
)
_OWED = (
    select(func.sum(_LINES.c.amount_minor))
    .join(_ACCOUNTS, _ACCOUNTS.c.id == _LINES.c.account_id)
    .join(_ENTRIES, _ENTRIES.c.id == _LINES.c.entry_id)
    .where(
        _ACCOUNTS.c.code.like("vendor:%"),
        _ENTRIES.c.created_at <= bindparam("moment", type_=UtcDateTime),
    )
)


async def own_attempts(
    connection: AsyncConnection,
    gateway: str,
    references: Sequence[str],
    since: datetime,
    until: datetime,
) -> list[OwnAttempt]:
    """Return the attempts with these references, and the approved ones begun in the period."""
    found: dict[str, OwnAttempt] = {}
    for part in _parts(references):
        values = {"gateway": gateway, "references": part, "since": since, "until": until}
        rows = [OwnAttempt(*row) for row in await connection.execute(_OWN, values)]
        found |= {each.reference: each for each in rows}
    return list(found.values())


async def booked(
    connection: AsyncConnection, account: str, keys: Sequence[str], order_ids: Sequence[int]
) -> Booked:
    """Return what the ledger has under these business keys on a gateway's account."""
    amounts: dict[str, int] = {}
    for some in _parts(keys):
        rows = await connection.execute(_BOOKED, {"keys": some, "account": account})
        amounts |= {key: int(amount) for key, amount in rows}
    refunded: set[int] = set()
    for part in _parts(order_ids):
        refunded.update((await connection.execute(_REFUNDED, {"order_ids": part})).scalars())
    return Booked(amounts, frozenset(refunded))


def _parts(values: Sequence[_Value]) -> list[Sequence[_Value]]:
    """Cut a list into what one statement takes; an empty one is one part."""
    return [values[at : at + _MOST_VALUES] for at in range(0, max(len(values), 1), _MOST_VALUES)]


async def ran_since(
    connection: AsyncConnection, moment: datetime, days: Sequence[date]
) -> set[tuple[str, date]]:
    """Return which gateways and days were compared at `moment` or later."""
    rows = await connection.execute(_RAN_SINCE, {"moment": moment, "days": days})
    return {(gateway, day) for gateway, day in rows}


async def page_differences(
    connection: AsyncConnection, wanted: PageRequest, which: DifferenceFilter
) -> Page[DifferenceView]:
    """Return a page of differences, the newest first."""
    condition = _condition(which)
    counted = select(func.count(Row.id)).join(Run, Run.id == Row.run_id).where(condition)
    total: int = (await connection.execute(counted)).scalar_one()
    query: Select[*tuple[Any, ...]] = _SHOWN.where(condition)
    rows = (await connection.execute(apply(query, wanted, _NEWEST_FIRST))).all()
    return page_of([_view(row) for row in rows], wanted, _NEWEST_FIRST, total, ("id", "id"))


def _condition(which: DifferenceFilter) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [true()]
    if which.state is not None:
        found.append(Row.state == which.state)
    if which.kind is not None:
        found.append(Row.kind == which.kind)
    if which.gateway is not None:
        found.append(Run.gateway == which.gateway)
    return and_(*found)


def _view(row: Any) -> DifferenceView:  # noqa: ANN401  a row of _SHOWN
    values = dict(row._mapping)
    for name in ("gateway", "payment", "ledger"):
        minor = values.pop(f"{name}_minor")
        values[f"{name}_amount"] = None if minor is None else to_number(minor)
    return DifferenceView(**values)


async def page_settlements(
    connection: AsyncConnection, wanted: PageRequest, gateway: str | None
) -> Page[SettlementView]:
    """Return a page of settlements, the latest recorded first."""
    condition = true() if gateway is None else GatewaySettlement.gateway == gateway
    counted = select(func.count(GatewaySettlement.id)).where(condition)
    total: int = (await connection.execute(counted)).scalar_one()
    query: Select[*tuple[Any, ...]] = _SETTLEMENTS.where(condition)
    rows = (await connection.execute(apply(query, wanted, _LATEST_FIRST))).all()
    views = [
        SettlementView(
            id=row.id,
            gateway=row.gateway,
            bank_reference=row.bank_reference,
            settled_on=row.settled_on,
            amount=to_number(row.net_minor),
            fee=to_number(row.fee_minor),
            withheld=to_number(row.withheld_minor),
            created_at=row.created_at,
        )
        for row in rows
    ]
    return page_of(views, wanted, _LATEST_FIRST, total, ("id", "id"))


async def balances(connection: AsyncConnection, moment: datetime) -> list[AccountView]:
    """Return the books at an instant: every account, those of vendors in one sum, `vendors`."""
    found = [
        AccountView(code, to_number(int(total)))
        for code, total in await connection.execute(_BALANCES, {"moment": moment})
    ]
    owed = (await connection.execute(_OWED, {"moment": moment})).scalar_one()
    return [*found, AccountView("vendors", to_number(int(owed or 0)))]
