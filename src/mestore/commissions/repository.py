"""Every SQL statement of commissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.commissions.models import Commission
from mestore.commissions.types import CommissionStatus
from mestore.kernel.db import add_rows, affected

_INSERT = insert(Commission).inline()
_MOVE = (
    update(Commission)
    .where(
        Commission.order_id == bindparam("of_order"),
        Commission.status.in_(bindparam("from_statuses", expanding=True)),
    )
    .values(status=bindparam("to_status"))
)
_BY_VENDOR = (
    select(Commission.vendor_id, func.sum(Commission.amount_minor), func.sum(Commission.tax_minor))
    .where(Commission.order_id == bindparam("of_order"))
    .group_by(Commission.vendor_id)
    .order_by(Commission.vendor_id)
)


@dataclass(frozen=True, slots=True)
class CommissionRepository:
    """Commission lines of orders."""

    connection: AsyncConnection

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the lines of one order in one statement."""
        await add_rows(self.connection, _INSERT, rows)

    async def move(
        self, order_id: int, come_from: Sequence[CommissionStatus], to: CommissionStatus
    ) -> bool:
        """Move all lines of an order that stand in one of `come_from`."""
        values = {"of_order": order_id, "from_statuses": list(come_from), "to_status": to}
        return await affected(self.connection, _MOVE, **values) > 0

    async def by_vendor(self, order_id: int) -> list[tuple[UUID, int, int]]:
        """Return vendor, commission and its IVA of an order, in minor units."""
        rows = await self.connection.execute(_BY_VENDOR, {"of_order": order_id})
        return [(vendor, int(amount), int(tax)) for vendor, amount, tax in rows]
