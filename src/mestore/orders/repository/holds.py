"""Every SQL statement that holds orders for staff, and lets them go."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import affected
from mestore.orders.models import Order
from mestore.orders.repository.orders import by_key
from mestore.orders.types import OrderStatus

_HELD_AT = select(Order.held_at).where(Order.id == bindparam("order_id"))
_HOLD = update(Order).where(Order.id == bindparam("of_order")).values(held_at=bindparam("moment"))
_RELEASE = (
    update(Order)
    .where(
        Order.id == bindparam("of_order"),
        by_key(and_(Order.held_at.is_not(None), Order.status == OrderStatus.CONFIRMED)),
    )
    .values(held_at=None, updated_at=bindparam("moment"), version=Order.version + 1)
)


@dataclass(frozen=True, slots=True)
class HoldRepository:
    """Which orders wait for staff."""

    connection: AsyncConnection

    async def is_held(self, order_id: int) -> bool:
        """Say whether an order waits for staff."""
        rows = await self.connection.execute(_HELD_AT, {"order_id": order_id})
        return rows.scalar_one() is not None

    async def hold(self, order_id: int, moment: datetime | None) -> None:
        """Let an order wait for staff since then, or not."""
        await affected(self.connection, _HOLD, of_order=order_id, moment=moment)

    async def release(self, order_id: int, moment: datetime) -> bool:
        """Let a paid order that waits go on."""
        return await affected(self.connection, _RELEASE, of_order=order_id, moment=moment) == 1
