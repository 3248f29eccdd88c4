"""HTTP for placing and cancelling orders."""

from typing import Annotated

import msgspec
from fastapi import Path, Request, Response

from mestore.checkout.deps import CurrentOwner, World
from mestore.checkout.errors import (
    CartChanged,
    EmailRequired,
    EmptyCart,
    ProductNotForSale,
    TotalChanged,
)
from mestore.checkout.schemas import CancelledOut, OrderIn
from mestore.checkout.service.cancel import cancel
from mestore.checkout.service.own import own_order
from mestore.checkout.service.place import place
from mestore.inventory.errors import InsufficientStock
from mestore.kernel.db import Tx
from mestore.kernel.http import Db, IdempotencyHeader, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.routing import Router
from mestore.orders.errors import OrderNotCancellable, OrderNotFound
from mestore.orders.service import read_order, view_of
from mestore.orders.types import CancelReason, OrderView, Viewer

router = Router(prefix="/orders", tags=["orders"])


@router.post(
    "",
    status_code=201,
    response_model=OrderView,
    responses=refuses(
        InsufficientStock,
        CartChanged,
        TotalChanged,
        ProductNotForSale,
        EmptyCart,
        EmailRequired,
        IdempotencyKeyReused,
    ),
)
async def place_order(
    body: OrderIn, request: Request, db: Db, owner: CurrentOwner, key: IdempotencyHeader = None
) -> Response:
    """Place an order from `items` or the cart, once per `Idempotency-Key`.

    Stock is reserved until `expires_at`. Prices, IVA and shipping are computed here.
    """
    wanted = body.request(owner.email)

    async def effect(tx: Tx) -> Answer:
        placed = await place(tx, owner, wanted)
        return Answer(201, msgspec.json.encode(view_of(placed)))

    once = await once_of(request, key, owner.principal)
    return answered(await run_once(db, once, effect))


@router.delete(
    "/{order_id}",
    response_model=CancelledOut,
    responses=refuses(OrderNotFound, OrderNotCancellable),
)
async def cancel_order(
    order_id: Annotated[int, Path(ge=1, le=2**63 - 1)], db: Db, owner: CurrentOwner, world: World
) -> Response:
    """Cancel an unpaid order: its stock is free again, a payment under way is asked about first."""
    async with db.read() as connection:
        await own_order(connection, owner, order_id)
    reason = CancelReason.STAFF if owner.is_staff else CancelReason.BUYER
    await cancel(world, order_id, reason, owner.buyer_id)
    async with db.read() as connection:
        order = await read_order(connection, Viewer(is_staff=True), order_id)
    body = msgspec.json.encode({"success": True, "order": order})
    return Response(body, media_type="application/json")
