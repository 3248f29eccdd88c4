"""Disputes as staff and vendors read them, in a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.disputes.errors import DisputeNotFound
from mestore.disputes.models import DisputeChange, DisputeEvidence, DisputePart, DisputeRow
from mestore.disputes.types import DisputeFilter
from mestore.kernel.money import to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

_ORDER = SortKey("-id", DisputeRow.id, DisputeRow.id, descending=True)
_TOLD = (
    "id",
    "gateway",
    "gateway_dispute_id",
    "order_id",
    "currency",
    "kind",
    "reason",
    "state",
    "loss_reason",
    "evidence_due_at",
    "created_at",
    "updated_at",
    "decided_at",
)
_COLUMNS = (
    *(getattr(DisputeRow, name) for name in _TOLD),
    DisputeRow.reference,
    DisputeRow.transaction_id,
    DisputeRow.amount_minor,
    DisputeRow.is_withdrawn,
    DisputeRow.decided_by,
)
_DISPUTES = select(*_COLUMNS)
_OWN = select(*_COLUMNS, DisputePart.amount_minor.label("share_minor")).join(
    DisputePart, DisputePart.dispute_id == DisputeRow.id
)
_PARTS = (
    select(DisputePart.vendor_id, DisputePart.amount_minor)
    .where(DisputePart.dispute_id == bindparam("dispute_id"))
    .order_by(DisputePart.vendor_id)
)
_EVIDENCE = (
    select(
        DisputeEvidence.id,
        DisputeEvidence.vendor_id,
        DisputeEvidence.text,
        DisputeEvidence.created_at,
    )
    .where(DisputeEvidence.dispute_id == bindparam("dispute_id"))
    .order_by(DisputeEvidence.id)
)
_HISTORY = (
    select(
        DisputeChange.from_state,
        DisputeChange.to_state,
        DisputeChange.actor_id,
        DisputeChange.reason,
        DisputeChange.created_at,
    )
    .where(DisputeChange.dispute_id == bindparam("dispute_id"))
    .order_by(DisputeChange.id)
)


class EvidenceView(msgspec.Struct, frozen=True):
    """What somebody said; `vendor_id` is null for the operator."""

    id: int
    vendor_id: UUID | None
    text: str
    created_at: datetime


class ChangeView(msgspec.Struct, frozen=True):
    """A step of a dispute; `actor_id` is null where the gateway said so."""

    from_state: str | None
    to_state: str
    actor_id: UUID | None
    reason: str
    created_at: datetime


class PartView(msgspec.Struct, frozen=True):
    """What one vendor would lose, IVA included."""

    vendor_id: UUID
    amount: int | float


class VendorDisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as a vendor sees it: the amount is its own share."""

    id: int
    gateway: str
    gateway_dispute_id: str
    order_id: int | None
    amount: int | float
    currency: str
    kind: str
    reason: str
    state: str
    loss_reason: str | None
    evidence_due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    evidence: list[EvidenceView] | None = None


class DisputeView(VendorDisputeView, frozen=True, kw_only=True):
    """A dispute as staff sees it; what is behind the row comes only with a single one."""

    reference: str | None
    transaction_id: str
    funds_withdrawn: bool
    decided_by: UUID | None
    parts: list[PartView] | None = None
    history: list[ChangeView] | None = None


@dataclass(frozen=True, slots=True)
class DisputeViews:
    """Reads disputes for staff."""

    connection: AsyncConnection

    async def page(self, wanted: PageRequest, which: DisputeFilter) -> Page[DisputeView]:
        """Return a page, the newest first."""
        condition: ColumnElement[bool] = true()
        for column, value in (
            (DisputeRow.state, which.state),
            (DisputeRow.gateway, which.gateway),
            (DisputeRow.order_id, which.order_id),
        ):
            if value is not None:
                condition = condition & (column == value)
        counted = select(func.count(DisputeRow.id)).where(condition)
        total: int = (await self.connection.execute(counted)).scalar_one()
        query = apply(_DISPUTES.where(condition), wanted, _ORDER)
        rows = (await self.connection.execute(query)).all()
        return page_of([_view(row) for row in rows], wanted, _ORDER, total, ("id", "id"))

    async def get(self, dispute_id: int) -> DisputeView:
        """Return a dispute with all that is behind it; raises `DisputeNotFound`."""
        query = _DISPUTES.where(DisputeRow.id == dispute_id)
        row = (await self.connection.execute(query)).one_or_none()
        if row is None:
            raise DisputeNotFound
        values = {"dispute_id": dispute_id}
        parts = await self.connection.execute(_PARTS, values)
        evidence = await self.connection.execute(_EVIDENCE, values)
        history = await self.connection.execute(_HISTORY, values)
        return _view(
            row,
            parts=[PartView(vendor, to_number(minor)) for vendor, minor in parts],
            evidence=[EvidenceView(*each) for each in evidence],
            history=[ChangeView(*each) for each in history],
        )


@dataclass(frozen=True, slots=True)
class VendorDisputeViews:
    """Reads the disputes about one vendor's own parts; other ones are not there."""

    connection: AsyncConnection
    vendor_id: UUID

    async def page(self, wanted: PageRequest, which: DisputeFilter) -> Page[VendorDisputeView]:
        """Return a page, the newest first."""
        condition: ColumnElement[bool] = DisputePart.vendor_id == self.vendor_id
        if which.state is not None:
            condition = condition & (DisputeRow.state == which.state)
        counted = (
            select(func.count(DisputeRow.id))
            .join(DisputePart, DisputePart.dispute_id == DisputeRow.id)
            .where(condition)
        )
        total: int = (await self.connection.execute(counted)).scalar_one()
        query = apply(_OWN.where(condition), wanted, _ORDER)
        rows = (await self.connection.execute(query)).all()
        return page_of([_own_view(row) for row in rows], wanted, _ORDER, total, ("id", "id"))

    async def get(self, dispute_id: int) -> VendorDisputeView:
        """Return a dispute with the vendor's own evidence; raises `DisputeNotFound`."""
        query = _OWN.where(DisputeRow.id == dispute_id, DisputePart.vendor_id == self.vendor_id)
        row = (await self.connection.execute(query)).one_or_none()
        if row is None:
            raise DisputeNotFound
        found = await self.connection.execute(_EVIDENCE, {"dispute_id": dispute_id})
        own = [EvidenceView(*each) for each in found if each.vendor_id == self.vendor_id]
        return _own_view(row, own)


def _told(row: Any) -> dict[str, Any]:  # noqa: ANN401  a row
    return {name: getattr(row, name) for name in _TOLD}


def _own_view(row: Any, evidence: list[EvidenceView] | None = None) -> VendorDisputeView:  # noqa: ANN401  a row
    return VendorDisputeView(amount=to_number(row.share_minor), evidence=evidence, **_told(row))


def _view(
    row: Any,  # noqa: ANN401  a row
    parts: Sequence[PartView] | None = None,
    evidence: Sequence[EvidenceView] | None = None,
    history: Sequence[ChangeView] | None = None,
) -> DisputeView:
    return DisputeView(
        amount=to_number(row.amount_minor),
        reference=row.reference,
        transaction_id=row.transaction_id,
        funds_withdrawn=row.is_withdrawn,
        decided_by=row.decided_by,
        parts=None if parts is None else list(parts),
        evidence=None if evidence is None else list(evidence),
        history=None if history is None else list(history),
        **_told(row),
    )
