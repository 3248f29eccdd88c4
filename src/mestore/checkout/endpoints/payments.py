"""HTTP for starting payments and following them."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Path, Request, Response

from mestore.checkout.deps import CurrentOwner, World
from mestore.checkout.schemas import (
    ConfirmIn,
    EfectyIn,
    IntentIn,
    IntentOut,
    PaymentIn,
    PayUIn,
    ReturnOut,
)
from mestore.checkout.service.ask import ask
from mestore.checkout.service.own import own_order
from mestore.checkout.service.pay import intend, pay
from mestore.checkout.service.show import view_of
from mestore.checkout.types import Outside, Owner, PaymentView
from mestore.kernel.http import Db, IdempotencyHeader, answered, client_ip, once_of, refuses
from mestore.kernel.idempotency import IdempotencyKeyReused
from mestore.kernel.money import to_minor
from mestore.kernel.routing import Router
from mestore.orders.errors import OrderNotFound, OrderNotPayable
from mestore.payments.errors import (
    AlreadyPaid,
    AmountMismatch,
    AmountNotWhole,
    AmountOutOfLimits,
    Declined,
    MethodUnavailable,
    NotSubmitted,
    PaymentInProgress,
    PaymentInReview,
    PaymentNotFound,
    PaymentRefused,
)
from mestore.payments.service import Attempts
from mestore.payments.types import AttemptState, PaymentStatus

router = Router(prefix="/payments", tags=["payments"])

USER_AGENT_LENGTH = 1024

_PAYING = refuses(
    OrderNotFound,
    OrderNotPayable,
    AlreadyPaid,
    AmountMismatch,
    AmountNotWhole,
    AmountOutOfLimits,
    Declined,
    MethodUnavailable,
    PaymentInProgress,
    PaymentInReview,
    PaymentRefused,
    NotSubmitted,
    IdempotencyKeyReused,
)


@router.post("/process", response_model=PaymentView, responses=_PAYING)
async def start_payment(
    body: PaymentIn,
    request: Request,
    owner: CurrentOwner,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Pay an order. `payment_url`, where there is one, is where the buyer goes on."""
    return await _paid(request, owner, world, body, key)


@router.post("/process/payu", response_model=PaymentView, responses=_PAYING)
async def start_payment_at_payu(
    body: PayUIn,
    request: Request,
    owner: CurrentOwner,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Pay an order at PayU: the same as /payments/process with that gateway."""
    return await _paid(request, owner, world, body, key)


@router.post("/process/efecty", response_model=PaymentView, responses=_PAYING)
async def start_payment_at_efecty(
    body: EfectyIn,
    request: Request,
    owner: CurrentOwner,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Get a voucher that is paid in cash at a counter of Efecty."""
    return await _paid(request, owner, world, body, key)


@router.post(
    "/create-intent",
    responses=refuses(OrderNotFound, OrderNotPayable, AlreadyPaid, AmountMismatch),
)
async def create_intent(body: IntentIn, owner: CurrentOwner, world: World) -> IntentOut:
    """Make the payment of an order ready. A repeat returns the same intent."""
    intent = await intend(world, owner, body.order_id, to_minor(body.amount))
    return IntentOut(
        intent_id=intent.payment_id,
        order_id=intent.order_id,
        status=PaymentStatus.PENDING,
        amount=intent.amount_minor,
        currency=intent.currency,
    )


@router.post(
    "/confirm", response_model=PaymentView, responses={**_PAYING, **refuses(PaymentNotFound)}
)
async def confirm_intent(
    body: ConfirmIn,
    request: Request,
    db: Db,
    owner: CurrentOwner,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Pay an intent: the same as /payments/process for its order."""
    async with db.read() as connection:
        order_id = await Attempts(connection).order_of(body.intent_id)
        if order_id is None:
            raise PaymentNotFound
        try:
            await own_order(connection, owner, order_id)
        except OrderNotFound as error:
            raise PaymentNotFound from error
    return await _paid(request, owner, world, body.payment(order_id), key)


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
    return _shown(attempt, owner)


@router.get("/status/{intent_id}", response_model=PaymentView, responses=refuses(PaymentNotFound))
async def payment_status(intent_id: UUID, db: Db, owner: CurrentOwner) -> Response:
    """Read how a payment stands."""
    async with db.read() as connection:
        attempt = await Attempts(connection).latest_of_payment(intent_id)
        if attempt is None:
            raise PaymentNotFound
        await own_order(connection, owner, attempt.order_id)
    return _shown(attempt, owner)


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


async def _paid(
    request: Request,
    owner: Owner,
    world: Outside,
    body: PaymentIn | EfectyIn,
    key: str | None,
) -> Response:
    """Start a payment once for its key, from the browser that this request came from."""
    once = await once_of(request, key, owner.principal)
    wanted = replace(body.request(client_ip(request)), user_agent=_browser(request))
    return answered(await pay(world, owner, wanted, once))


def _browser(request: Request) -> str | None:
    """Return how the browser calls itself, as long as gateways take it."""
    return request.headers.get("user-agent", "")[:USER_AGENT_LENGTH] or None


def _shown(attempt: AttemptState | None, owner: Owner) -> Response:
    if attempt is None:
        raise PaymentNotFound
    body = msgspec.json.encode(view_of(attempt, is_staff=owner.is_staff))
    return Response(body, media_type="application/json")
