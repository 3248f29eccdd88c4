"""Every SQL statement that writes disputes, and the reads that writing needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.disputes.models import (
    DisputeChange,
    DisputeEvidence,
    DisputeLine,
    DisputePart,
    DisputeRow,
)
from mestore.disputes.types import RUNNING, Dispute, DisputedLine, DisputeState
from mestore.kernel.clock import now
from mestore.kernel.db import add_rows, affected, inserted_id

_DISPUTE: Select[*tuple[Any, ...]] = select(
    *(getattr(DisputeRow, each.name) for each in fields(Dispute))
)
_BY_ID = _DISPUTE.where(DisputeRow.id == bindparam("dispute_id"))
_LOCK = _BY_ID.with_for_update()
_BY_GATEWAY_ID = _DISPUTE.where(
    DisputeRow.gateway == bindparam("of_gateway"),
    DisputeRow.gateway_dispute_id == bindparam("object_id"),
).with_for_update()
_DUE = (
    select(DisputeRow.id, DisputeRow.gateway, DisputeRow.gateway_dispute_id)
    .where(DisputeRow.poll_at <= bindparam("moment"))
    .order_by(DisputeRow.poll_at)
    .limit(bindparam("most"))
)
_POSTPONE = (
    update(DisputeRow)
    .where(DisputeRow.id == bindparam("of_dispute"), DisputeRow.poll_at.is_not(None))
    .values(poll_at=bindparam("next_poll"))
)
_RUNNING_OF_ORDER = (
    select(func.count())
    .select_from(DisputeRow)
    .where(DisputeRow.order_id == bindparam("order_id"), DisputeRow.state.in_(RUNNING))
)
_TAKEN = select(
    func.coalesce(func.sum(DisputeRow.amount_minor), 0),
    func.coalesce(func.sum(DisputeRow.excess_minor), 0),
).where(DisputeRow.order_id == bindparam("order_id"), DisputeRow.is_withdrawn)
_TAKEN_OF_TRANSACTION = (
    select(func.count())
    .select_from(DisputeRow)
    .where(
        DisputeRow.gateway == bindparam("of_gateway"),
        DisputeRow.transaction_id == bindparam("of_transaction"),
        DisputeRow.is_withdrawn,
    )
)
_LINES = (
    select(*(getattr(DisputeLine, each.name) for each in fields(DisputedLine)))
    .where(DisputeLine.dispute_id == bindparam("dispute_id"))
    .order_by(DisputeLine.id)
)
_FORGET_LINES = delete(DisputeLine).where(DisputeLine.dispute_id == bindparam("of_dispute"))
_PARTS = (
    select(DisputePart.vendor_id, DisputePart.held_minor)
    .where(DisputePart.dispute_id == bindparam("dispute_id"))
    .order_by(DisputePart.vendor_id)
)
_SET_PART = (
    update(DisputePart)
    .where(
        DisputePart.dispute_id == bindparam("of_dispute"),
        DisputePart.vendor_id == bindparam("of_vendor"),
    )
    .values(amount_minor=bindparam("new_amount"), held_minor=bindparam("new_held"))
)
_ADD = insert(DisputeRow)
_ADD_PARTS = insert(DisputePart).inline()
_ADD_LINES = insert(DisputeLine).inline()
_ADD_EVIDENCE = insert(DisputeEvidence)
_ADD_CHANGE = insert(DisputeChange).inline()


@dataclass(frozen=True, slots=True)
class DisputeRepository:
    """Disputes with their parts, lines, evidence and history."""

    connection: AsyncConnection

    async def add(self, row: Mapping[str, Any], vendor_ids: Collection[UUID]) -> int:
        """Write a dispute with an empty part for each vendor, and return its id."""
        dispute_id = await inserted_id(self.connection, _ADD, row)
        parts = [
            {"dispute_id": dispute_id, "vendor_id": vendor, "amount_minor": 0, "held_minor": 0}
            for vendor in sorted(vendor_ids)
        ]
        if parts:
            await add_rows(self.connection, _ADD_PARTS, parts)
        return dispute_id

    async def find(self, dispute_id: int) -> Dispute | None:
        """Return a dispute."""
        return await self._one(_BY_ID, dispute_id=dispute_id)

    async def lock(self, dispute_id: int) -> Dispute | None:
        """Hold a dispute and return it."""
        return await self._one(_LOCK, dispute_id=dispute_id)

    async def lock_by_gateway_id(self, gateway: str, object_id: str) -> Dispute | None:
        """Hold the dispute that a gateway knows by this id, and return it."""
        return await self._one(_BY_GATEWAY_ID, of_gateway=gateway, object_id=object_id)

    async def all_due(self, moment: datetime, most: int) -> list[tuple[int, str, str]]:
        """Return id, gateway and the gateway's id of disputes to be asked about by now."""
        rows = await self.connection.execute(_DUE, {"moment": moment, "most": most})
        return [(one, gateway, object_id) for one, gateway, object_id in rows]

    async def postpone(self, dispute_id: int, until: datetime) -> None:
        """Ask about a running dispute again at `until`."""
        await affected(self.connection, _POSTPONE, of_dispute=dispute_id, next_poll=until)

    async def exists_running(self, order_id: int) -> bool:
        """Say whether a dispute of an order runs."""
        rows = await self.connection.execute(_RUNNING_OF_ORDER, {"order_id": order_id})
        return bool(rows.scalar_one())

    async def taken(self, order_id: int) -> tuple[int, int]:
        """Return what banks have of an order, and what of that was not left of it."""
        amount, excess = (await self.connection.execute(_TAKEN, {"order_id": order_id})).one()
        return int(amount), int(excess)

    async def exists_taken(self, gateway: str, transaction_id: str) -> bool:
        """Say whether a bank has the money of a transaction."""
        values = {"of_gateway": gateway, "of_transaction": transaction_id}
        return bool((await self.connection.execute(_TAKEN_OF_TRANSACTION, values)).scalar_one())

    async def move(
        self, dispute: Dispute, come_from: Collection[DisputeState], **values: object
    ) -> bool:
        """Change a dispute that still stands in one of `come_from`, in the round it was read in."""
        change = update(DisputeRow).where(
            DisputeRow.id == dispute.id,
            DisputeRow.state.in_(come_from),
            DisputeRow.round == dispute.round,
        )
        values = {"updated_at": now(), **values}
        return await affected(self.connection, change.values(**values)) == 1

    async def all_lines(self, dispute_id: int) -> list[DisputedLine]:
        """Return what a bank has of each order line."""
        rows = await self.connection.execute(_LINES, {"dispute_id": dispute_id})
        return [DisputedLine(*row) for row in rows]

    async def add_lines(self, dispute_id: int, lines: Sequence[DisputedLine]) -> None:
        """Write what a bank takes of order lines."""
        rows = [{**asdict(line), "dispute_id": dispute_id} for line in lines]
        if rows:
            await add_rows(self.connection, _ADD_LINES, rows)

    async def forget_lines(self, dispute_id: int) -> None:
        """Forget what a bank had: it gave that back."""
        await affected(self.connection, _FORGET_LINES, of_dispute=dispute_id)

    async def held_by_vendor(self, dispute_id: int) -> dict[UUID, int]:
        """Return what is held of each vendor's money, in minor units."""
        rows = await self.connection.execute(_PARTS, {"dispute_id": dispute_id})
        return {vendor: held for vendor, held in rows}

    async def set_part(self, dispute_id: int, vendor_id: UUID, amount: int, held: int) -> None:
        """Set what a bank takes of one vendor's part, and what of that is held."""
        values = {"of_dispute": dispute_id, "of_vendor": vendor_id}
        await affected(self.connection, _SET_PART, **values, new_amount=amount, new_held=held)

    async def add_evidence(self, row: Mapping[str, Any]) -> int:
        """Write what somebody says, and return its id."""
        return await inserted_id(self.connection, _ADD_EVIDENCE, row)

    async def add_change(self, row: Mapping[str, Any]) -> None:
        """Add to the history."""
        await add_rows(self.connection, _ADD_CHANGE, [row])

    async def _one(self, query: Select[*tuple[Any, ...]], **values: object) -> Dispute | None:
        row = (await self.connection.execute(query, values)).one_or_none()
        return None if row is None else Dispute(*row)
