"""Orders that are paid and wait for staff, and what payments of the past tell of an order."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.orders.events import OrderPaid
from mestore.orders.repository import HoldRepository, OrderRepository
from mestore.orders.types import PaidHistory
from mestore.orders.views import paid_by, sales_before


class HeldOrders:
    """Keeps orders from being prepared, and lets them go."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.holds = HoldRepository(tx.connection)

    async def hold(self, order_id: int) -> None:
        """Let nobody prepare an order once it is paid; that it is paid is told at its release."""
        await self.holds.hold(order_id, now())

    async def forget(self, order_id: int) -> None:
        """Take the hold back from an order that did not become paid."""
        await self.holds.hold(order_id, None)

    async def release(self, order_id: int) -> bool:
        """Let a paid order go on; False where it was not held, or is not there to be sent."""
        released = await self.holds.release(order_id, now())
        if released:
            self.tx.publish(OrderPaid(order_id))
        return released


async def paid_history(
    connection: AsyncConnection, order_id: int, buyer_id: UUID | None
) -> PaidHistory:
    """Return what the buyer, and the shop with the largest part of an order, did before it."""
    parts = await OrderRepository(connection).all_parts(order_id)
    vendor_id, part = max(parts, key=lambda each: each[1])
    sales, sold = await sales_before(connection, vendor_id, order_id)
    count, spent = (0, 0) if buyer_id is None else await paid_by(connection, buyer_id)
    return PaidHistory(
        paid_orders=count,
        average_minor=spent // count if count else 0,
        part_minor=part,
        shop_sales=sales,
        shop_average_minor=sold // sales if sales else 0,
    )
