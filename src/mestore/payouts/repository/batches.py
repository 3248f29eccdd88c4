"""SQL that writes batches and signals, and the reads that writing needs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import affected, inserted_id, unless_taken
from mestore.payouts.models import PayoutBatch, PayoutEvent, PayoutRow
from mestore.payouts.types import Batch, BatchState, Channel, Signal

_BATCH = select(*(getattr(PayoutBatch, each.name) for each in fields(Batch)))
_BY_ID = _BATCH.where(PayoutBatch.id == bindparam("batch_id"))
_DUE = (
    _BATCH.where(PayoutBatch.poll_at <= bindparam("moment"))
    .order_by(PayoutBatch.poll_at)
    .limit(bindparam("most"))
)
_OF_SIGNAL = _BATCH.where(
    PayoutBatch.poll_at.is_not(None),
    or_(
        PayoutBatch.provider_id == bindparam("provider_id"),
        PayoutBatch.reference == bindparam("of_reference"),
        PayoutBatch.id.in_(
            select(PayoutRow.batch_id).where(PayoutRow.reference == bindparam("of_reference"))
        ),
    ),
).order_by(PayoutBatch.id)
_ADD = insert(PayoutBatch)
_HURRY = (
    update(PayoutBatch)
    .where(PayoutBatch.channel == Channel.WOMPI, PayoutBatch.poll_at > bindparam("moment"))
    .values(poll_at=bindparam("moment"))
)
_KEEP = insert(PayoutEvent)
_UNREAD = select(PayoutEvent.provider_id, PayoutEvent.reference).where(
    PayoutEvent.id == bindparam("event_id"), PayoutEvent.handled_at.is_(None)
)
_READ = (
    update(PayoutEvent)
    .where(PayoutEvent.id == bindparam("event_id"))
    .values(handled_at=bindparam("moment"))
)


@dataclass(frozen=True, slots=True)
class BatchRepository:
    """Batches, and the signals about them."""

    connection: AsyncConnection

    async def add(self, row: Mapping[str, Any]) -> int:
        """Write a batch and return its id."""
        return await inserted_id(self.connection, _ADD, row)

    async def find(self, batch_id: int) -> Batch | None:
        """Return a batch."""
        row = (await self.connection.execute(_BY_ID, {"batch_id": batch_id})).one_or_none()
        return None if row is None else Batch(*row)

    async def all_due(self, moment: datetime, most: int) -> list[Batch]:
        """Return batches to be sent or asked about by now, the longest due first."""
        rows = await self.connection.execute(_DUE, {"moment": moment, "most": most})
        return [Batch(*row) for row in rows]

    async def open_of(self, provider_id: str | None, reference: str | None) -> list[Batch]:
        """Return the open batches that a signal names, by the channel's id or by a reference."""
        values = {"provider_id": provider_id, "of_reference": reference}
        rows = await self.connection.execute(_OF_SIGNAL, values)
        return [Batch(*row) for row in rows]

    async def move(
        self, batch_id: int, come_from: Collection[BatchState], to: BatchState, **more: object
    ) -> bool:
        """Change a batch's state if it still stands in one of `come_from`."""
        change = update(PayoutBatch).where(
            PayoutBatch.id == batch_id, PayoutBatch.state.in_(come_from)
        )
        values = {"state": to, "updated_at": now(), **more}
        return await affected(self.connection, change.values(**values)) == 1

    async def hurry(self) -> None:
        """Have every open batch of the channel asked about at once."""
        await affected(self.connection, _HURRY, moment=now())

    async def keep_event(self, signal: Signal, body: bytes) -> int | None:
        """Store a signal and return its id; None for one that is there already."""
        row = {
            "event_key": signal.key,
            "provider_id": signal.provider_id,
            "reference": signal.reference,
            "body": body,
            "received_at": now(),
        }
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, _KEEP, row)
        return None

    async def unread(self, event_id: int) -> tuple[str | None, str | None] | None:
        """Return whom an unread signal is about: the channel's id, and a reference of ours."""
        row = (await self.connection.execute(_UNREAD, {"event_id": event_id})).one_or_none()
        return None if row is None else (row[0], row[1])

    async def mark_read(self, event_id: int) -> None:
        """Note that a signal was acted upon."""
        await affected(self.connection, _READ, event_id=event_id, moment=now())
