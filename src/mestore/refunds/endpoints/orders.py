"""HTTP for giving an order's money back, and for calling the order off."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.checkout.deps import CurrentOwner, World
from mestore.checkout.schemas import CancelledOut
from mestore.checkout.service.own import own_order
from mestore.checkout.types import Outside
from mestore.kernel.db import Tx
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, IdempotencyHeader, InTx, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.ids import RowId
from mestore.kernel.routing import Router
from mestore.orders.errors import OrderNotCancellable, OrderNotFound
from mestore.orders.service import read_order
from mestore.orders.types import CancelReason, Viewer
from mestore.refunds.errors import NotALineOfTheOrder, NotRefundable, OverRefund
from mestore.refunds.schemas import QuoteOut, RefundIn, RefundOut, RefundsOut
from mestore.refunds.service.cancel import call_off
from mestore.refunds.service.request import quote, request_refund
from mestore.refunds.service.send import send
from mestore.refunds.views import RefundViews

router = Router(tags=["refunds"])

Refunding = Annotated[Caller, Depends(require(Permission.ORDERS_REFUND))]
_REFUSALS = refuses(
    Unauthorized,
    Forbidden,
    OrderNotFound,
    NotRefundable,
    OverRefund,
    NotALineOfTheOrder,
    IdempotencyKeyReused,
)


@router.delete(
    "/orders/{order_id}",
    response_model=CancelledOut,
    responses=refuses(OrderNotFound, OrderNotCancellable),
)
async def cancel_order(order_id: RowId, db: Db, owner: CurrentOwner, world: World) -> Response:
    """Cancel an order that was not sent: its stock is free again, its money goes back.

    A payment under way is asked about first.
    """
    async with db.read() as connection:
        await own_order(connection, owner, order_id)
    reason = CancelReason.STAFF if owner.is_staff else CancelReason.BUYER
    await call_off(world, order_id, reason, owner.buyer_id)
    async with db.read() as connection:
        order = await read_order(connection, Viewer(is_staff=True), order_id)
    body = msgspec.json.encode({"success": True, "order": order})
    return Response(body, media_type="application/json")


@router.post("/orders/{order_id}/refund", response_model=RefundOut, responses=_REFUSALS)
async def refund_order(
    order_id: RowId,
    body: RefundIn,
    request: Request,
    caller: Refunding,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Give money of an order back through the gateway that took it, once per `Idempotency-Key`.

    Where the gateway cannot, the refund is TRANSFER_DUE: the buyer names a bank account.
    """
    return await _refund(order_id, body, request, caller, world, key)


@router.post("/admin/orders/{order_id}/refund", response_model=RefundOut, responses=_REFUSALS)
async def refund_order_as_admin(
    order_id: RowId,
    body: RefundIn,
    request: Request,
    caller: Refunding,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Give money of an order back: the same as /orders/{order_id}/refund."""
    return await _refund(order_id, body, request, caller, world, key)


async def _refund(
    order_id: int,
    body: RefundIn,
    request: Request,
    caller: Caller,
    world: Outside,
    key: str | None,
) -> Response:
    wish = body.wish()

    async def effect(tx: Tx) -> Answer:
        refund_id = await request_refund(
            tx, world.gateways, order_id, wish, actor_id=caller.user_id
        )
        return Answer(200, str(refund_id).encode())

    once = await once_of(request, key, f"user:{caller.user_id}")
    answer = await run_once(world.database, once, effect)
    if answer.status != 200:
        return answered(answer)
    refund_id = int(answer.body)
    await send(world, refund_id)
    async with world.database.read() as connection:
        found = await RefundViews(connection, is_staff=True).get(refund_id)
    return answered(Answer(200, msgspec.json.encode(found), replayed=answer.replayed))


@router.post("/orders/{order_id}/refund-quotes", responses=_REFUSALS)
async def quote_refund(order_id: RowId, body: RefundIn, _: Refunding, tx: InTx) -> QuoteOut:
    """Say what a refund would come to, and how much can go back at most."""
    return QuoteOut.of(await quote(tx, order_id, body.wish()))


@router.get(
    "/orders/{order_id}/refunds", response_model=RefundsOut, responses=refuses(OrderNotFound)
)
async def refunds_of_order(order_id: RowId, db: Db, owner: CurrentOwner) -> Response:
    """List the refunds of an order, the oldest first."""
    async with db.read() as connection:
        await own_order(connection, owner, order_id)
        found = await RefundViews(connection, is_staff=owner.is_staff).of_order(order_id)
    return Response(msgspec.json.encode({"refunds": found}), media_type="application/json")
