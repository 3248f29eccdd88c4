"""Every SQL statement that writes reconciliation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import add_rows, affected, inserted_id, unless_taken
from mestore.reconciliation.models import (
    GatewaySettlement,
    ReconciliationDifference,
    ReconciliationRun,
)
from mestore.reconciliation.types import Difference, DifferenceState, RunState

_OF_DAY = (
    select(ReconciliationRun.id)
    .where(
        ReconciliationRun.gateway == bindparam("gateway"), ReconciliationRun.day == bindparam("day")
    )
    .with_for_update()
)
_CLOSED = select(ReconciliationDifference.reference, ReconciliationDifference.transaction_id).where(
    ReconciliationDifference.run_id == bindparam("run_id"),
    ReconciliationDifference.state == DifferenceState.CLOSED,
)
_FORGET = delete(ReconciliationDifference).where(
    ReconciliationDifference.run_id == bindparam("of_run"),
    ReconciliationDifference.state == DifferenceState.OPEN,
)
_CLOSE = (
    update(ReconciliationDifference)
    .where(
        ReconciliationDifference.id == bindparam("difference_id"),
        ReconciliationDifference.state == DifferenceState.OPEN,
    )
    .values(
        state=DifferenceState.CLOSED,
        reason=bindparam("why"),
        closed_by=bindparam("by"),
        closed_at=bindparam("moment"),
    )
)
_EXISTS = select(func.count()).where(ReconciliationDifference.id == bindparam("difference_id"))
_INSERT = insert(ReconciliationDifference).inline()
_SETTLE = insert(GatewaySettlement)


@dataclass(frozen=True, slots=True)
class ReconciliationRepository:
    """Runs and differences."""

    connection: AsyncConnection

    async def save_run(self, gateway: str, day: date, state: RunState, matched: int) -> int:
        """Write how a day's comparison ended, in place of an earlier one, and return its id."""
        row = {"state": state, "matched": matched, "ran_at": now()}
        found = await self.connection.execute(_OF_DAY, {"gateway": gateway, "day": day})
        run_id: int | None = found.scalar_one_or_none()
        if run_id is None:
            values = {"gateway": gateway, "day": day, **row}
            return await inserted_id(self.connection, insert(ReconciliationRun), values)
        change = update(ReconciliationRun).where(ReconciliationRun.id == run_id)
        await affected(self.connection, change.values(**row))
        return run_id

    async def replace_open(self, run_id: int, differences: Sequence[Difference]) -> int:
        """Put these differences in place of the open ones; those closed before stay closed."""
        await affected(self.connection, _FORGET, of_run=run_id)
        closed = set(map(tuple, await self.connection.execute(_CLOSED, {"run_id": run_id})))
        rows = [
            _row(run_id, each)
            for each in differences
            if (each.reference, each.transaction_id) not in closed
        ]
        if rows:
            await add_rows(self.connection, _INSERT, rows)
        return len(rows)

    async def close(self, difference_id: int, reason: str, by: UUID) -> bool:
        """Close an open difference; False where it is not open."""
        values = {"difference_id": difference_id, "why": reason, "by": by, "moment": now()}
        return await affected(self.connection, _CLOSE, **values) == 1

    async def exists(self, difference_id: int) -> bool:
        """Say whether there is such a difference."""
        found = await self.connection.execute(_EXISTS, {"difference_id": difference_id})
        return bool(found.scalar_one())

    async def add_settlement(self, row: Mapping[str, Any]) -> int | None:
        """Write a settlement and return its id; None where its reference is known."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, _SETTLE, row)
        return None


def _row(run_id: int, each: Difference) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "kind": each.kind,
        "state": DifferenceState.OPEN,
        "reference": each.reference,
        "transaction_id": each.transaction_id,
        "order_id": each.order_id,
        "gateway_minor": each.gateway_minor,
        "payment_minor": each.payment_minor,
        "ledger_minor": each.ledger_minor,
        "created_at": now(),
    }
