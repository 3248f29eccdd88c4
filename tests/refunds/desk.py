"""Where tests give money back, through the same services as the API."""

from sqlalchemy import select

from mestore.checkout.types import Outside
from mestore.orders.models import Order, OrderItem
from mestore.refunds.models import RefundRow
from mestore.refunds.service.request import request_refund
from mestore.refunds.service.send import send
from mestore.refunds.types import BankAccount, LineWish, RefundState, RefundWish
from tests.checkout.till import Till


def of_line(item_id: int, quantity: int = 1, **more: object) -> RefundWish:
    """Return the wish for units of one line."""
    return RefundWish("broken", (LineWish(item_id, quantity),), **more)  # type: ignore[arg-type]


ALL = RefundWish("all of it")
ACCOUNT = BankAccount("Banco Ejemplo", "SAVINGS", "12345678", "Persona Ejemplo", "CC", "1023456789")


async def ask_back(outside: Outside, order_id: int, wish: RefundWish = ALL) -> int:
    """Write a refund and send it."""
    async with outside.database.transaction() as tx:
        refund_id = await request_refund(tx, outside.gateways, order_id, wish, actor_id=None)
    await send(outside, refund_id)
    return refund_id


async def state_of(till: Till, refund_id: int) -> RefundState:
    """Return how a refund stands."""
    async with till.database.read() as connection:
        query = select(RefundRow.state).where(RefundRow.id == refund_id)
        state: RefundState = (await connection.execute(query)).scalar_one()
    return state


async def counters(till: Till, order_id: int) -> tuple[int, int, list[tuple[int, int]]]:
    """Return what an order and its lines say was given back."""
    order = select(Order.refunded_minor, Order.refunded_shipping_minor).where(Order.id == order_id)
    lines = (
        select(OrderItem.refunded_quantity, OrderItem.refunded_minor)
        .where(OrderItem.order_id == order_id)
        .order_by(OrderItem.id)
    )
    async with till.database.read() as connection:
        money, shipping = (await connection.execute(order)).one()
        rows = [(units, amount) for units, amount in await connection.execute(lines)]
    return money, shipping, rows


async def amounts(till: Till, order_id: int) -> list[int]:
    """Return the amounts of an order's refunds, the oldest first."""
    query = select(RefundRow.amount_minor).where(RefundRow.order_id == order_id)
    async with till.database.read() as connection:
        return list((await connection.execute(query.order_by(RefundRow.id))).scalars())
