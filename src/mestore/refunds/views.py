"""Refunds and queues as clients read them, in a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ColumnElement, String, column, exists, func, select, table, true
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.columns import Minor, UtcDateTime
from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of
from mestore.payments.types.stranded import ExceptionKind, ExceptionState
from mestore.refunds.errors import RefundNotFound
from mestore.refunds.models import RefundLine, RefundRow
from mestore.refunds.types import RefundState

_ORDER = SortKey("-id", RefundRow.id, RefundRow.id, descending=True)
_EXCEPTIONS = table(
    "payment_exceptions",
    column("id", BigInteger),
    column("kind", String),
    column("state", String),
    column("gateway", String),
    column("transaction_id", String),
    column("reference", String),
    column("order_id", BigInteger),
    column("amount_minor", Minor),
    column("currency", String),
    column("created_at", UtcDateTime),
    column("resolution", String),
    column("reason", String),
    column("resolved_by", RefundRow.actor_id.type),
    column("resolved_at", UtcDateTime),
)
_REFUNDS = select(
    *RefundRow.__table__.columns,
    exists()
    .where(
        _EXCEPTIONS.c.gateway == RefundRow.gateway,
        _EXCEPTIONS.c.transaction_id == RefundRow.transaction_id,
        _EXCEPTIONS.c.kind == ExceptionKind.VOIDED_LATER.value,
    )
    .label("is_voided"),
)
_LINES = select(
    RefundLine.refund_id,
    RefundLine.order_item_id,
    RefundLine.product_name,
    RefundLine.quantity,
    RefundLine.amount_minor,
    RefundLine.tax_minor,
    RefundLine.restock,
)
_TOLD = (
    "id",
    "order_id",
    "exception_id",
    "state",
    "currency",
    "reason",
    "gateway",
    "method",
    "reference",
    "gateway_refund_id",
    "code",
    "bank_reference",
    "created_at",
    "updated_at",
    "ended_at",
)


class LineView(msgspec.Struct, frozen=True):
    """A line of a refund as clients see it."""

    order_item_id: int
    product_name: str
    quantity: int
    amount: int | float
    tax_amount: int | float
    restock: bool


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as clients see it."""

    id: int
    order_id: int | None
    exception_id: int | None
    state: RefundState
    amount: int | float
    shipping_amount: int | float
    currency: str
    reason: str
    gateway: str
    method: str | None
    reference: str
    gateway_refund_id: str | None
    code: str | None
    bank_account: dict[str, Any] | None
    bank_reference: str | None
    is_voided: bool
    lines: list[LineView]
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundViews:
    """Reads refunds; account numbers are shown in full to staff alone."""

    connection: AsyncConnection
    is_staff: bool = False

    async def get(self, refund_id: int) -> RefundView:
        """Return a refund; raises `RefundNotFound`."""
        rows = (await self.connection.execute(_REFUNDS.where(RefundRow.id == refund_id))).all()
        if not rows:
            raise RefundNotFound
        return (await self._views(rows))[0]

    async def of_order(self, order_id: int) -> list[RefundView]:
        """Return the refunds of an order, the oldest first."""
        query = _REFUNDS.where(RefundRow.order_id == order_id).order_by(RefundRow.id)
        return await self._views((await self.connection.execute(query)).all())

    async def page(self, wanted: PageRequest, state: RefundState | None) -> Page[RefundView]:
        """Return a page of all refunds, the newest first."""
        condition = true() if state is None else RefundRow.state == state
        counted = select(func.count(RefundRow.id)).where(condition)
        total: int = (await self.connection.execute(counted)).scalar_one()
        query = apply(_REFUNDS.where(condition), wanted, _ORDER)
        views = await self._views((await self.connection.execute(query)).all())
        return page_of(views, wanted, _ORDER, total, ("id", "id"))

    async def _views(self, rows: Sequence[Any]) -> list[RefundView]:
        ids = [row.id for row in rows]
        lines: dict[int, list[LineView]] = {refund_id: [] for refund_id in ids}
        if ids:
            query = _LINES.where(RefundLine.refund_id.in_(ids)).order_by(RefundLine.id)
            for row in await self.connection.execute(query):
                lines[row.refund_id].append(_line(row))
        return [self._view(row, lines[row.id]) for row in rows]

    def _view(self, row: Any, lines: list[LineView]) -> RefundView:  # noqa: ANN401  a row
        account = row.bank_account
        if account is not None and not self.is_staff:
            account = {**account, "account_number": f"…{account['account_number'][-4:]}"}
        return RefundView(
            amount=to_number(row.amount_minor),
            shipping_amount=to_number(row.shipping_minor),
            bank_account=account,
            is_voided=bool(row.is_voided),
            lines=lines,
            **{name: getattr(row, name) for name in _TOLD},
        )


def _line(row: Any) -> LineView:  # noqa: ANN401  a row
    return LineView(
        row.order_item_id,
        row.product_name,
        row.quantity,
        to_number(row.amount_minor),
        to_number(row.tax_minor),
        row.restock,
    )


_QUEUE_ORDER = SortKey("-id", _EXCEPTIONS.c.id, _EXCEPTIONS.c.id, descending=True)


class ExceptionView(msgspec.Struct, frozen=True):
    """An entry of a queue as operators see it."""

    id: int
    kind: str
    state: str
    gateway: str
    transaction_id: str
    reference: str
    order_id: int | None
    amount: int | float
    currency: str
    created_at: datetime
    resolution: str | None
    reason: str | None
    resolved_by: UUID | None
    resolved_at: datetime | None


async def page_exceptions(
    connection: AsyncConnection,
    wanted: PageRequest,
    kind: ExceptionKind | None,
    state: ExceptionState | None,
) -> Page[ExceptionView]:
    """Return a page of the queues, the newest first."""
    condition: ColumnElement[bool] = true()
    if kind is not None:
        condition = condition & (_EXCEPTIONS.c.kind == kind.value)
    if state is not None:
        condition = condition & (_EXCEPTIONS.c.state == state.value)
    counted = select(func.count()).select_from(_EXCEPTIONS).where(condition)
    total: int = (await connection.execute(counted)).scalar_one()
    query = apply(select(*_EXCEPTIONS.columns).where(condition), wanted, _QUEUE_ORDER)
    rows = (await connection.execute(query)).all()
    views = [_exception(row) for row in rows]
    return page_of(views, wanted, _QUEUE_ORDER, total, ("id", "id"))


async def get_exception(connection: AsyncConnection, exception_id: int) -> ExceptionView:
    """Return an entry of a queue that is there."""
    query = select(*_EXCEPTIONS.columns).where(_EXCEPTIONS.c.id == exception_id)
    return _exception((await connection.execute(query)).one())


def _exception(row: Any) -> ExceptionView:  # noqa: ANN401  a row
    values = dict(row._mapping)
    return ExceptionView(amount=to_number(values.pop("amount_minor")), **values)
