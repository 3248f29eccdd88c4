"""HTTP for the signals of payout providers."""

from fastapi import Request

from mestore.kernel.errors import BodyTooLarge, NotFound
from mestore.kernel.http import Db, refuses
from mestore.kernel.routing import Router
from mestore.payments.errors import BadSignature, NotAnEvent
from mestore.payouts.deps import World
from mestore.payouts.schemas import ReceivedOut
from mestore.payouts.service.signals import receive

router = Router(prefix="/payouts/webhook", tags=["payouts"])

EVENT_LIMIT_BYTES = 256 * 1024
"""Also the size of the inbox column."""


@router.post(
    "/wompi",
    responses=refuses(BadSignature, NotAnEvent, NotFound, BodyTooLarge),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def receive_wompi_event(request: Request, world: World, db: Db) -> ReceivedOut:
    """Store a signed event of Wompi payouts once; what is true is asked of Wompi later."""
    if world.provider is None:
        raise NotFound
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > EVENT_LIMIT_BYTES:
            raise BodyTooLarge(limit_bytes=EVENT_LIMIT_BYTES)
    signal = world.provider.verify(request.headers, bytes(body))
    async with db.transaction() as tx:
        await receive(tx, signal, bytes(body))
    return ReceivedOut()
