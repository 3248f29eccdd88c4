"""SQL that writes payouts and approvals, and the reads that writing needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import affected, inserted_id, rows_of
from mestore.payouts.models import PayoutApproval, PayoutRow
from mestore.payouts.types import OPEN_STATES, BankAccount, Payout, PayoutState, account_of

_PAYOUT = select(*(getattr(PayoutRow, each.name) for each in fields(Payout)))
_BY_ID = _PAYOUT.where(PayoutRow.id == bindparam("payout_id"))
_OF_BATCH = _PAYOUT.where(PayoutRow.batch_id == bindparam("of_batch")).order_by(PayoutRow.number)
_SINCE = select(PayoutRow.account, PayoutRow.amount_minor).where(
    PayoutRow.vendor_id == bindparam("of_vendor"),
    PayoutRow.created_at >= bindparam("moment", type_=UtcDateTime),
    PayoutRow.state.in_(sorted({*OPEN_STATES, PayoutState.PAID})),
)
_ADD = insert(PayoutRow)
_APPROVE = insert(PayoutApproval)
_COUNT = (
    update(PayoutRow)
    .where(PayoutRow.id == bindparam("payout_id"), PayoutRow.state == PayoutState.REQUESTED)
    .values(approvals=PayoutRow.approvals + 1, updated_at=bindparam("moment"))
)
_IS_FREE = (PayoutRow.state == PayoutState.APPROVED, PayoutRow.batch_id.is_(None))
_FREE = (
    _PAYOUT.where(*_IS_FREE).order_by(PayoutRow.number).limit(bindparam("most")).with_for_update()
)
_FREE_OF = (
    _PAYOUT.where(*_IS_FREE, PayoutRow.id.in_(bindparam("payout_ids", expanding=True)))
    .order_by(PayoutRow.number)
    .with_for_update()
)
_HELD_OF_BATCH = _OF_BATCH.with_for_update()


@dataclass(frozen=True, slots=True)
class PayoutRepository:
    """Payouts and who approved them."""

    connection: AsyncConnection

    async def add(self, row: Mapping[str, Any]) -> int:
        """Write a payout and return its number."""
        return await inserted_id(self.connection, _ADD, row)

    async def find(self, payout_id: UUID) -> Payout | None:
        """Return a payout."""
        row = (await self.connection.execute(_BY_ID, {"payout_id": payout_id})).one_or_none()
        return None if row is None else Payout(*row)

    async def since(self, vendor_id: UUID, moment: datetime) -> list[tuple[BankAccount, int]]:
        """Return where payouts of a vendor went or will go that were asked for since then."""
        rows = await rows_of(self.connection, _SINCE, of_vendor=vendor_id, moment=moment)
        return [(account_of(account), amount) for account, amount in rows]

    async def of_batch(self, batch_id: int, *, held: bool = False) -> list[Payout]:
        """Return the payouts of a batch, the oldest first."""
        query = _HELD_OF_BATCH if held else _OF_BATCH
        rows = await self.connection.execute(query, {"of_batch": batch_id})
        return [Payout(*row) for row in rows]

    async def hold_free(self, payout_ids: Sequence[UUID] | None, most: int) -> list[Payout]:
        """Hold approved payouts that are in no batch, the oldest first: these, or all."""
        if payout_ids is None:
            rows = await self.connection.execute(_FREE, {"most": most})
        else:
            rows = await self.connection.execute(_FREE_OF, {"payout_ids": list(payout_ids)})
        return [Payout(*row) for row in rows]

    async def move(
        self,
        payout_id: UUID,
        come_from: Collection[PayoutState],
        to: PayoutState,
        *,
        in_batch: int | None,
        **more: object,
    ) -> bool:
        """Change a payout's state if it still stands in one of `come_from`, in that batch."""
        change = update(PayoutRow).where(
            PayoutRow.id == payout_id,
            PayoutRow.state.in_(come_from),
            PayoutRow.batch_id.is_(None) if in_batch is None else PayoutRow.batch_id == in_batch,
        )
        values = {"state": to, "updated_at": now(), **more}
        return await affected(self.connection, change.values(**values)) == 1

    async def move_batch(
        self, of_batch: int, come_from: Collection[PayoutState], to: PayoutState, **more: object
    ) -> int:
        """Change the state of a batch's payouts, which the caller holds; return how many."""
        change = update(PayoutRow).where(
            PayoutRow.batch_id == of_batch, PayoutRow.state.in_(come_from)
        )
        return await affected(self.connection, change.values(state=to, updated_at=now(), **more))

    async def put_into_batch(self, numbers: Sequence[int], batch_id: int, **more: object) -> int:
        """Put payouts that are free into a batch, and return how many were."""
        change = update(PayoutRow).where(PayoutRow.number.in_(numbers), *_IS_FREE)
        values = {"batch_id": batch_id, "updated_at": now(), **more}
        return await affected(self.connection, change.values(**values))

    async def count_approval(self, payout_id: UUID, moment: datetime) -> bool:
        """Hold a payout that waits for approval, and count one more."""
        return await affected(self.connection, _COUNT, payout_id=payout_id, moment=moment) == 1

    async def add_approval(self, payout_id: UUID, user_id: UUID, moment: datetime) -> None:
        """Write who approved; the same person twice is a conflict of the unique key."""
        row = {"payout_id": payout_id, "user_id": user_id, "created_at": moment}
        await self.connection.execute(_APPROVE, row)
