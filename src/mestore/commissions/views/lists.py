"""Commissions as clients read them, in two statements a page."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.commissions.models import Commission
from mestore.commissions.types import CommissionFilter, CommissionStatus, FeeKind
from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

MOST_COUNTED = 10_000
"""How far commissions are counted: `total` says at most this."""

_NEWEST_FIRST = SortKey("-created_at", Commission.created_at, Commission.id, descending=True)
_COMMISSIONS = select(
    Commission.id,
    Commission.order_id,
    Commission.order_item_id,
    Commission.vendor_id,
    Commission.kind,
    Commission.base_minor,
    Commission.gross_minor,
    Commission.rate_basis_points,
    Commission.amount_minor,
    Commission.tax_minor,
    Commission.refunded_amount_minor,
    Commission.refunded_tax_minor,
    Commission.is_kept_on_refund,
    Commission.status,
    Commission.rule,
    Commission.rule_id,
    Commission.rule_version,
    Commission.formula,
    Commission.created_at,
    Commission.approved_at,
    Commission.paid_at,
)


class CommissionView(msgspec.Struct, frozen=True, kw_only=True):
    """One fee of one order line as clients see it.

    `rate` is in per cent of `base_amount`; `tax_amount` is the IVA on the fee.
    """

    id: int
    order_id: int
    order_item_id: int
    vendor_id: UUID
    kind: FeeKind
    base_amount: int | float
    rate: int | float
    amount: int | float
    tax_amount: int | float
    refunded_amount: int | float
    refunded_tax_amount: int | float
    keep_on_refund: bool
    status: CommissionStatus
    rule: str
    rule_id: int | None
    rule_version: int | None
    formula: str
    created_at: datetime
    approved_at: datetime | None
    paid_at: datetime | None


async def page_commissions(
    connection: AsyncConnection, wanted: PageRequest, which: CommissionFilter
) -> Page[CommissionView]:
    """Return a page of commissions, the newest first; counted as far as `MOST_COUNTED`."""
    conditions = _conditions(which)
    counted = select(Commission.id).where(*conditions).limit(MOST_COUNTED).subquery()
    count = select(func.count()).select_from(counted)
    total: int = (await connection.execute(count)).scalar_one()
    query = apply(_COMMISSIONS.where(*conditions), wanted, _NEWEST_FIRST)
    views = [_view(row) for row in (await connection.execute(query)).all()]
    return page_of(views, wanted, _NEWEST_FIRST, total, ("created_at", "id"))


def _conditions(which: CommissionFilter) -> list[ColumnElement[bool]]:
    equal: tuple[tuple[Any, object], ...] = (
        (Commission.vendor_id, which.own_of),
        (Commission.vendor_id, which.vendor_id),
        (Commission.status, which.status),
        (Commission.kind, which.kind),
        (Commission.order_id, which.order_id),
    )
    found: list[ColumnElement[bool]] = [
        column == value for column, value in equal if value is not None
    ]
    if which.date_from is not None:
        found.append(Commission.created_at >= which.date_from)
    if which.date_to is not None:
        found.append(Commission.created_at <= which.date_to)
    return found


def _view(row: Any) -> CommissionView:  # noqa: ANN401  a row of _COMMISSIONS
    base = row.base_minor if row.gross_minor is None else row.gross_minor
    return CommissionView(
        id=row.id,
        order_id=row.order_id,
        order_item_id=row.order_item_id,
        vendor_id=row.vendor_id,
        kind=row.kind,
        base_amount=to_number(base),
        rate=to_number(row.rate_basis_points),
        amount=to_number(row.amount_minor),
        tax_amount=to_number(row.tax_minor),
        refunded_amount=to_number(row.refunded_amount_minor),
        refunded_tax_amount=to_number(row.refunded_tax_minor),
        keep_on_refund=row.is_kept_on_refund,
        status=row.status,
        rule=row.rule,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        formula=row.formula,
        created_at=row.created_at,
        approved_at=row.approved_at,
        paid_at=row.paid_at,
    )
