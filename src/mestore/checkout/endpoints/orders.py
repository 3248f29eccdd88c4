"""HTTP for placing and cancelling orders."""

import msgspec
from fastapi import Request, Response

from mestore.checkout.deps import CurrentOwner
from mestore.checkout.errors import (
    CartChanged,
    EmailRequired,
    EmptyCart,
    ProductNotForSale,
    TotalChanged,
)
from mestore.checkout.schemas import OrderIn
from mestore.checkout.service.place import place
from mestore.inventory.errors import InsufficientStock, VariantRequired
from mestore.kernel.db import Tx
from mestore.kernel.http import Db, IdempotencyHeader, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.routing import Router
from mestore.orders.service import view_of
from mestore.orders.types import OrderView

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
        VariantRequired,
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
