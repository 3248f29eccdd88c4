"""Payouts, batches and accounts as clients read them, in a constant number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of
from mestore.payouts.banks import BANKS
from mestore.payouts.errors import BankAccountNotFound, BatchNotFound, PayoutNotFound
from mestore.payouts.models import PayoutAccount, PayoutApproval, PayoutBatch, PayoutRow
from mestore.payouts.types import (
    AccountState,
    BatchState,
    Channel,
    PayoutFilter,
    PayoutState,
)

_ORDER = SortKey("-number", PayoutRow.number, PayoutRow.number, descending=True)
_BATCH_ORDER = SortKey("-id", PayoutBatch.id, PayoutBatch.id, descending=True)
_TOLD = (
    "id",
    "number",
    "vendor_id",
    "currency",
    "state",
    "channel",
    "reference",
    "batch_id",
    "reason",
    "code",
    "bank_reference",
    "created_at",
    "updated_at",
    "approved_at",
    "sent_at",
    "paid_at",
    "ended_at",
)
_PAYOUTS = select(
    *(getattr(PayoutRow, name) for name in _TOLD), PayoutRow.amount_minor, PayoutRow.account
)
_APPROVALS = select(
    PayoutApproval.payout_id, PayoutApproval.user_id, PayoutApproval.created_at
).order_by(PayoutApproval.id)
_TOLD_OF_BATCH = (
    "id",
    "reference",
    "channel",
    "state",
    "payout_count",
    "currency",
    "provider_id",
    "code",
    "created_at",
    "updated_at",
    "sent_at",
    "ended_at",
)
_BATCHES = select(*(getattr(PayoutBatch, name) for name in _TOLD_OF_BATCH), PayoutBatch.total_minor)
_BY_STATE = select(PayoutRow.batch_id, PayoutRow.state, func.count()).group_by(
    PayoutRow.batch_id, PayoutRow.state
)


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """A bank account as clients see it: of its number the last four digits."""

    bank_code: str
    bank_name: str
    account_type: str
    account_number: str
    holder_name: str
    document_type: str
    document_number: str


class OwnAccountView(AccountView, frozen=True, kw_only=True):
    """A vendor's present bank account."""

    state: AccountState
    usable_from: datetime
    created_at: datetime
    updated_at: datetime


class ApprovalView(msgspec.Struct, frozen=True):
    """Who approved a payout, and when."""

    user_id: UUID
    created_at: datetime


class PayoutView(msgspec.Struct, frozen=True, kw_only=True):
    """A payout as clients see it; a vendor does not see who approved."""

    id: UUID
    number: int
    vendor_id: UUID
    amount: int | float
    currency: str
    state: PayoutState
    channel: Channel | None
    reference: str
    batch_id: int | None
    account: AccountView
    approvals: list[ApprovalView]
    reason: str | None
    code: str | None
    bank_reference: str | None
    created_at: datetime
    updated_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None
    paid_at: datetime | None
    ended_at: datetime | None


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as operators see it, with how many of its payouts are in which state."""

    id: int
    reference: str
    channel: Channel
    state: BatchState
    payout_count: int
    total: int | float
    currency: str
    provider_id: str | None
    code: str | None
    by_state: dict[str, int]
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PayoutViews:
    """Reads payouts of one vendor, or of all where `vendor_id` is None."""

    connection: AsyncConnection
    vendor_id: UUID | None = None

    async def get(self, payout_id: UUID) -> PayoutView:
        """Return a payout; raises `PayoutNotFound`, also for another vendor's."""
        query = _PAYOUTS.where(PayoutRow.id == payout_id)
        rows = (await self.connection.execute(query)).all()
        if not rows or self.vendor_id not in (None, rows[0].vendor_id):
            raise PayoutNotFound
        return (await self._views(rows))[0]

    async def page(self, wanted: PageRequest, which: PayoutFilter) -> Page[PayoutView]:
        """Return a page of payouts, the newest first."""
        condition = and_(true(), *self._conditions(which))
        counted = select(func.count(PayoutRow.number)).where(condition)
        total: int = (await self.connection.execute(counted)).scalar_one()
        query = apply(_PAYOUTS.where(condition), wanted, _ORDER)
        views = await self._views((await self.connection.execute(query)).all())
        return page_of(views, wanted, _ORDER, total, ("number", "number"))

    def _conditions(self, which: PayoutFilter) -> list[ColumnElement[bool]]:
        wanted: list[tuple[Any, object]] = [
            (PayoutRow.vendor_id, self.vendor_id or which.vendor_id),
            (PayoutRow.state, which.state),
            (PayoutRow.channel, which.channel),
            (PayoutRow.batch_id, which.batch_id),
        ]
        found = [column == value for column, value in wanted if value is not None]
        if self.vendor_id is not None and which.vendor_id is not None:
            found.append(PayoutRow.vendor_id == which.vendor_id)
        if which.since is not None:
            found.append(PayoutRow.created_at >= which.since)
        if which.until is not None:
            found.append(PayoutRow.created_at <= which.until)
        return found

    async def _views(self, rows: Sequence[Any]) -> list[PayoutView]:
        approvals: dict[UUID, list[ApprovalView]] = {row.id: [] for row in rows}
        if rows and self.vendor_id is None:
            query = _APPROVALS.where(PayoutApproval.payout_id.in_(approvals))
            for payout_id, user_id, created_at in await self.connection.execute(query):
                approvals[payout_id].append(ApprovalView(user_id, created_at))
        return [
            PayoutView(
                amount=to_number(row.amount_minor),
                account=AccountView(**_masked(row.account)),
                approvals=approvals[row.id],
                **{name: getattr(row, name) for name in _TOLD},
            )
            for row in rows
        ]


async def get_account(connection: AsyncConnection, vendor_id: UUID) -> OwnAccountView:
    """Return a vendor's bank account; raises `BankAccountNotFound`."""
    columns = (each for each in PayoutAccount.__table__.columns if each.name != "vendor_id")
    query = select(*columns).where(PayoutAccount.vendor_id == vendor_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise BankAccountNotFound
    name = BANKS.get(row["bank_code"], row["bank_code"])
    return OwnAccountView(**_masked({**row, "bank_name": name}))


async def page_batches(
    connection: AsyncConnection,
    wanted: PageRequest,
    state: BatchState | None,
    channel: Channel | None,
) -> Page[BatchView]:
    """Return a page of batches, the newest first."""
    condition: ColumnElement[bool] = true()
    if state is not None:
        condition = condition & (PayoutBatch.state == state)
    if channel is not None:
        condition = condition & (PayoutBatch.channel == channel)
    counted = select(func.count(PayoutBatch.id)).where(condition)
    total: int = (await connection.execute(counted)).scalar_one()
    query = apply(_BATCHES.where(condition), wanted, _BATCH_ORDER)
    views = await _batches(connection, (await connection.execute(query)).all())
    return page_of(views, wanted, _BATCH_ORDER, total, ("id", "id"))


async def get_batch(connection: AsyncConnection, batch_id: int) -> BatchView:
    """Return a batch; raises `BatchNotFound`."""
    rows = (await connection.execute(_BATCHES.where(PayoutBatch.id == batch_id))).all()
    if not rows:
        raise BatchNotFound
    return (await _batches(connection, rows))[0]


async def _batches(connection: AsyncConnection, rows: Sequence[Any]) -> list[BatchView]:
    counts: dict[int, dict[str, int]] = {row.id: {} for row in rows}
    if rows:
        query = _BY_STATE.where(PayoutRow.batch_id.in_(counts))
        for batch_id, state, count in await connection.execute(query):
            counts[batch_id or 0][state.value] = count
    return [
        BatchView(
            total=to_number(row.total_minor),
            by_state=counts[row.id],
            **{name: getattr(row, name) for name in _TOLD_OF_BATCH},
        )
        for row in rows
    ]


def _masked(account: Mapping[str, Any]) -> dict[str, Any]:
    return {**account, "account_number": f"…{account['account_number'][-4:]}"}
