"""Whose order it is: what is not the caller's own is not there."""

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.checkout.types import Owner
from mestore.orders.errors import OrderNotFound
from mestore.orders.service import read_money
from mestore.orders.types import OrderMoney


def owns(owner: Owner, order: OrderMoney) -> bool:
    """Say whether an order is this buyer's, or this guest's."""
    if order.buyer_id is not None:
        return order.buyer_id == owner.buyer_id
    return order.guest_session is not None and order.guest_session == owner.guest_session


async def own_order(connection: AsyncConnection, owner: Owner, order_id: int) -> OrderMoney:
    """Return an order of the caller, or any for staff; raises `OrderNotFound`."""
    order = await read_money(connection, order_id)
    if not (owner.is_staff or owns(owner, order)):
        raise OrderNotFound
    return order
