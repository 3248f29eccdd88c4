"""The control surface for tests and demo; the real gateway has nothing like it."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulators.wompi.errors import Problems
from simulators.wompi.faults import Fault
from simulators.wompi.gateway import Gateway
from simulators.wompi.wire import Amount, Status


class StatusChange(BaseModel):
    """A status, and perhaps an amount or a currency, imposed against all rules."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    amount_in_cents: Amount | None = None
    currency: str | None = None
    send_event: bool = True


class EventOrder(BaseModel):
    """An event to send now, true or not."""

    model_config = ConfigDict(extra="forbid")

    times: Annotated[int, Field(ge=1)] = 1
    status: Status | None = None
    bad_signature: bool = False


def routes(gateway: Gateway) -> APIRouter:
    """Serve everything under /_control."""
    router = APIRouter(prefix="/_control")
    router.include_router(_running(gateway))
    router.include_router(_faults(gateway))
    router.include_router(_transactions(gateway))
    return router


def _running(gateway: Gateway) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "simulator": "wompi", "transactions": len(gateway.all())}

    @router.get("/settings")
    async def settings() -> dict[str, object]:
        return {"data": gateway.settings.model_dump()}

    @router.post("/settings")
    async def change(changes: Annotated[dict[str, object], Body()]) -> dict[str, object]:
        try:
            gateway.settings.change(changes)
        except ValidationError as error:
            problems = Problems()
            problems.add_all(error.errors())
            problems.refuse()
        return await settings()

    @router.post("/reset")
    async def reset() -> dict[str, object]:
        gateway.reset()
        return await health()

    @router.get("/refunds")
    async def refunds() -> dict[str, object]:
        return {"data": [each.shown() for each in gateway.refunds.given]}

    @router.get("/events")
    async def events() -> dict[str, object]:
        return {"data": [delivery.shown() for delivery in gateway.events.deliveries]}

    return router


def _faults(gateway: Gateway) -> APIRouter:
    router = APIRouter(prefix="/faults")

    @router.get("")
    async def show() -> dict[str, object]:
        return {"data": [fault.model_dump() for fault in gateway.faults.faults]}

    @router.post("", status_code=201)
    async def add(fault: Fault) -> dict[str, object]:
        gateway.faults.add(fault)
        return await show()

    @router.delete("")
    async def clear() -> dict[str, object]:
        gateway.faults.clear()
        return await show()

    return router


def _transactions(gateway: Gateway) -> APIRouter:
    router = APIRouter(prefix="/transactions")

    @router.get("")
    async def show() -> dict[str, object]:
        return {"data": [gateway.view(transaction) for transaction in gateway.all()]}

    @router.post("/{transaction_id}/status")
    async def impose(transaction_id: str, wanted: StatusChange) -> dict[str, object]:
        transaction = gateway.get(transaction_id)
        transaction.become(wanted.status)
        transaction.amount_in_cents = wanted.amount_in_cents or transaction.amount_in_cents
        transaction.currency = wanted.currency or transaction.currency
        if wanted.send_event:
            gateway.tell(transaction)
        return {"data": gateway.view(transaction)}

    @router.post("/{transaction_id}/send-event")
    async def send_event(
        transaction_id: str, order: Annotated[EventOrder | None, Body()] = None
    ) -> dict[str, object]:
        order = order or EventOrder()
        claimed = gateway.view(gateway.get(transaction_id))
        if order.status is not None:
            claimed["status"] = order.status.value
        gateway.events.send(claimed, order.times, bad_signature=order.bad_signature)
        return {"data": claimed}

    return router
