"""Calling an unpaid order off: by its buyer, by staff, or because its time is over."""

from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.checkout.service.ask import ask_all_open
from mestore.checkout.types import Outside
from mestore.commissions.service import CommissionService
from mestore.inventory.service import InventoryService
from mestore.kernel.db import Tx
from mestore.orders.errors import OrderNotCancellable
from mestore.orders.service import OrderService
from mestore.orders.types import CancelReason, OrderStatus


async def cancel(
    outside: Outside, order_id: int, reason: CancelReason, actor_id: UUID | None
) -> None:
    """Cancel an order and free its stock; gateways with an open attempt are asked first.

    An order that is cancelled already stays as it is.
    """
    await ask_all_open(outside, order_id)
    async with outside.database.transaction() as tx:
        orders = OrderService(tx)
        if await orders.cancel(order_id, reason, actor_id=actor_id):
            await _give_back(tx, order_id)
            if reason is CancelReason.STAFF:
                before, after = {"status": OrderStatus.PENDING}, {"status": OrderStatus.CANCELLED}
                record(tx, Act.ORDER_CANCELLED, Subject.ORDER, order_id, before=before, after=after)
            return
        money = await orders.money(order_id)
        if money.status is not OrderStatus.CANCELLED:
            raise OrderNotCancellable(status=money.status.value)


async def expire(outside: Outside, order_id: int) -> bool:
    """Cancel an order whose time is over, but only after asking the gateway once more."""
    if not await ask_all_open(outside, order_id):
        return False
    async with outside.database.transaction() as tx:
        if not await OrderService(tx).expire(order_id):
            return False
        await _give_back(tx, order_id)
    return True


async def _give_back(tx: Tx, order_id: int) -> None:
    await InventoryService(tx).release(order_id)
    await CommissionService(tx).cancel(order_id)
