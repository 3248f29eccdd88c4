"""What vendors are owed, account by account: the ledger beside orders, refunds, disputes, releases.

Every leg says what one kind of fact adds to one purpose of one vendor. A room that moves vendors'
money adds its legs to LEGS; those of a move between two purposes add up to zero.
"""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    table,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Uuid

_PARTS = table(
    "vendor_orders", column("order_id"), column("vendor_id", Uuid), column("total_minor")
)
_ORDERS = table("orders", column("id"), column("financial_status"))
_COMMISSIONS = table(
    "commissions",
    column("order_id"),
    column("vendor_id", Uuid),
    column("amount_minor"),
    column("tax_minor"),
    column("refunded_amount_minor"),
    column("refunded_tax_minor"),
    column("status"),
)
_REFUNDS = table("refunds", column("id"), column("order_id"), column("state", String))
_REFUND_LINES = table(
    "refund_lines", column("refund_id"), column("vendor_id", Uuid), column("amount_minor")
)
_DISPUTES = table("disputes", column("id"), column("order_id"), column("state", String))
_DISPUTE_PARTS = table(
    "dispute_parts",
    column("dispute_id"),
    column("vendor_id", Uuid),
    column("amount_minor"),
    column("held_minor"),
)
_RELEASES = table(
    "releases",
    column("order_id"),
    column("vendor_id", Uuid),
    column("released_at"),
    column("reserve_minor"),
    column("reserve_released_at"),
)
_PAYOUTS = table(
    "payouts", column("vendor_id", Uuid), column("amount_minor"), column("state", String)
)
_ADJUSTMENTS = table("vendor_adjustments", column("vendor_id", Uuid), column("amount_minor"))
_ACCOUNTS = table("ledger_accounts", column("id"), column("code", String))
_LINES = table("ledger_lines", column("account_id"), column("amount_minor"))

_LEDGER = "ledger"
_NO_CODE = type_coerce(null(), String)
# Where a vendor's part of an order is: what it may draw, or not yet.
_home = case(
    (_RELEASES.c.released_at.is_not(None), literal_column("'available'", String)),
    else_=literal_column("'pending'", String),
)


def _of_part(order_id: Any, vendor_id: Any) -> ColumnElement[bool]:  # noqa: ANN401  columns
    return and_(_RELEASES.c.order_id == order_id, _RELEASES.c.vendor_id == vendor_id)


def _leg(purpose: Any, vendor_id: Any, total: Any) -> Select[Any]:  # noqa: ANN401  columns
    """Return the start of a leg: what a vendor's account of this purpose is owed, in sum."""
    found = select(purpose, _NO_CODE, vendor_id, func.sum(total)).group_by(vendor_id)
    return found.group_by(purpose) if purpose is _home else found


def _reserved(purpose: str, sign: int) -> Select[Any]:
    return _leg(literal(purpose), _RELEASES.c.vendor_id, sign * _RELEASES.c.reserve_minor).where(
        _RELEASES.c.released_at.is_not(None), _RELEASES.c.reserve_released_at.is_(None)
    )


def _disputed(purpose: Any, total: Any) -> Select[Any]:  # noqa: ANN401  columns
    return (
        _leg(purpose, _DISPUTE_PARTS.c.vendor_id, total)
        .select_from(_DISPUTE_PARTS)
        .join(_DISPUTES, _DISPUTES.c.id == _DISPUTE_PARTS.c.dispute_id)
        .outerjoin(_RELEASES, _of_part(_DISPUTES.c.order_id, _DISPUTE_PARTS.c.vendor_id))
    )


def _drawn(purpose: str, sign: int, *states: str) -> Select[Any]:
    found = _leg(literal(purpose), _PAYOUTS.c.vendor_id, sign * _PAYOUTS.c.amount_minor)
    return found.where(_PAYOUTS.c.state.in_(states))


_SOLD = (
    _leg(_home, _PARTS.c.vendor_id, _PARTS.c.total_minor)
    .select_from(_PARTS)
    .join(_ORDERS, _ORDERS.c.id == _PARTS.c.order_id)
    .outerjoin(_RELEASES, _of_part(_PARTS.c.order_id, _PARTS.c.vendor_id))
    .where(_ORDERS.c.financial_status.in_(["PAID", "PARTIALLY_REFUNDED", "REFUNDED"]))
)
_KEPT = (
    _leg(
        _home,
        _COMMISSIONS.c.vendor_id,
        _COMMISSIONS.c.refunded_amount_minor
        + _COMMISSIONS.c.refunded_tax_minor
        - _COMMISSIONS.c.amount_minor
        - _COMMISSIONS.c.tax_minor,
    )
    .select_from(_COMMISSIONS)
    .outerjoin(_RELEASES, _of_part(_COMMISSIONS.c.order_id, _COMMISSIONS.c.vendor_id))
    .where(_COMMISSIONS.c.status.not_in(["QUOTED", "CANCELLED"]))
)
_REFUNDED = (
    _leg(_home, _REFUND_LINES.c.vendor_id, -_REFUND_LINES.c.amount_minor)
    .select_from(_REFUND_LINES)
    .join(_REFUNDS, _REFUNDS.c.id == _REFUND_LINES.c.refund_id)
    .outerjoin(_RELEASES, _of_part(_REFUNDS.c.order_id, _REFUND_LINES.c.vendor_id))
    .where(_REFUNDS.c.state.in_(["APPROVED", "TRANSFERRED"]))
)
_ON_THE_WAY = ("REQUESTED", "APPROVED", "SENT", "UNKNOWN")
_RUNNING = _DISPUTES.c.state.in_(["OPEN", "EVIDENCE_SENT"])

LEGS: tuple[Select[Any], ...] = (
    _SOLD,
    _KEPT,
    _REFUNDED,
    _reserved("available", -1),
    _reserved("reserve", 1),
    _disputed(_home, -_DISPUTE_PARTS.c.held_minor).where(_RUNNING),
    _disputed(literal("held"), _DISPUTE_PARTS.c.held_minor).where(_RUNNING),
    _drawn("available", -1, *_ON_THE_WAY, "PAID"),
    _drawn("in-payout", 1, *_ON_THE_WAY),
    _leg(literal("available"), _ADJUSTMENTS.c.vendor_id, _ADJUSTMENTS.c.amount_minor),
    # The commission that is given up with a loss is in the leg of commissions.
    _disputed(_home, -_DISPUTE_PARTS.c.amount_minor).where(_DISPUTES.c.state == "LOST"),
)
_BOOKED = (
    select(
        literal(_LEDGER),
        _ACCOUNTS.c.code,
        type_coerce(null(), Uuid),
        func.sum(_LINES.c.amount_minor),
    )
    .join(_LINES, _LINES.c.account_id == _ACCOUNTS.c.id)
    .where(_ACCOUNTS.c.code.like("vendor:%"))
    .group_by(_ACCOUNTS.c.code)
)
# One statement, so that all sums are of one moment even while orders are paid.
_ALL = union_all(_BOOKED, *LEGS)


async def vendor_findings(connection: AsyncConnection) -> list[str]:
    """Return where the ledger owes a vendor something else than orders and releases come to."""
    booked: Counter[tuple[UUID, str]] = Counter()
    owed: Counter[tuple[UUID, str]] = Counter()
    for purpose, code, vendor, total in await connection.execute(_ALL):
        if purpose == _LEDGER:
            _, name, account = code.split(":")
            booked[UUID(name), account] -= int(total)
        else:
            owed[vendor, purpose] += int(total)
    return [
        f"vendor {vendor}, {purpose}: the ledger owes {booked[vendor, purpose]},"
        f" the orders {owed[vendor, purpose]}"
        for vendor, purpose in sorted(booked.keys() | owed.keys())
        if booked[vendor, purpose] != owed[vendor, purpose]
    ]
