"""HTTP for starting payments and following them."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Path, Request, Response

from mestore.checkout.deps import CurrentOwner, World
from mestore.checkout.schemas import PaymentIn, ReturnOut
from mestore.checkout.service.ask import ask
from mestore.checkout.service.own import own_order
from mestore.checkout.service.pay import pay, view_of
from mestore.checkout.types import PaymentView
from mestore.kernel.http import Db, IdempotencyHeader, answered, client_ip, once_of, refuses
from mestore.kernel.idempotency import IdempotencyKeyReused
from mestore.kernel.routing import Router
from mestore.orders.errors import OrderNotFound, OrderNotPayable
from mestore.payments.errors import (
    AlreadyPaid,
    AmountMismatch,
    Declined,
    MethodUnavailable,
    NotSubmitted,
    PaymentInProgress,
    PaymentNotFound,
)
from mestore.payments.service import Attempts
from mestore.payments.types import AttemptState

router = Router(prefix="/payments", tags=["payments"])


@router.post(
    "/process",
    response_model=PaymentView,
    responses=refuses(
        OrderNotFound,
        OrderNotPayable,
        AlreadyPaid,
        AmountMismatch,
        Declined,
        MethodUnavailable,
        PaymentInProgress,
        NotSubmitted,
        IdempotencyKeyReused,
    ),
)
async def start_payment(
    body: PaymentIn,
    request: Request,
    owner: CurrentOwner,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Pay an order. `payment_url`, where there is one, is where the buyer goes on."""
    once = await once_of(request, key, owner.principal)
    return answered(await pay(world, owner, body.request(client_ip(request)), once))


@router.get(
    "/status/order/{order_id}", response_model=PaymentView, responses=refuses(PaymentNotFound)
)
async def payment_of_order(
    order_id: Annotated[int, Path(ge=1, le=2**63 - 1)], db: Db, owner: CurrentOwner
) -> Response:
    """Read how the payment of an order stands."""
    async with db.read() as connection:
        await own_order(connection, owner, order_id)
        attempt = await Attempts(connection).latest(order_id)
    return _shown(attempt)


@router.get("/status/{intent_id}", response_model=PaymentView, responses=refuses(PaymentNotFound))
async def payment_status(intent_id: UUID, db: Db, owner: CurrentOwner) -> Response:
    """Read how a payment stands."""
    async with db.read() as connection:
        attempt = await Attempts(connection).latest_of_payment(intent_id)
        if attempt is None:
            raise PaymentNotFound
        await own_order(connection, owner, attempt.order_id)
    return _shown(attempt)


@router.get("/return/{intent_id}", response_model=ReturnOut, responses=refuses(PaymentNotFound))
async def come_back(intent_id: UUID, db: Db, world: World) -> Response:
    """Where banks send the browser back to. What the address says is not believed: we ask."""
    async with db.read() as connection:
        attempt = await Attempts(connection).latest_of_payment(intent_id)
    if attempt is None:
        raise PaymentNotFound
    if attempt.is_open:
        await ask(world, attempt)
        async with db.read() as connection:
            attempt = await Attempts(connection).latest_of_payment(intent_id) or attempt
    body = {"intent_id": attempt.payment_id, "status": view_of(attempt).status}
    return Response(msgspec.json.encode(body), media_type="application/json")


def _shown(attempt: AttemptState | None) -> Response:
    if attempt is None:
        raise PaymentNotFound
    return Response(msgspec.json.encode(view_of(attempt)), media_type="application/json")
