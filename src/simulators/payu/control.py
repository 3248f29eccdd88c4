"""The control surface for tests and demo; the real gateway has nothing like it."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, HTTPException
from pydantic import BaseModel, ConfigDict

from simulators.payu.account import Order, Row, Transaction
from simulators.payu.config import Config
from simulators.payu.gateway import Fault, Gateway
from simulators.payu.queries import order_of

State = Literal["APPROVED", "DECLINED", "ERROR", "EXPIRED", "PENDING"]


class StateChange(BaseModel):
    """A state, and perhaps an amount in pesos, imposed against all rules."""

    model_config = ConfigDict(extra="forbid")

    state: State
    code: str | None = None
    value: Decimal | None = None
    send: bool = True


class ConfirmationOrder(BaseModel):
    """A confirmation to send now, true or not."""

    model_config = ConfigDict(extra="forbid")

    times: int = 1
    state: State | None = None


def routes(gateway: Gateway) -> APIRouter:
    """Serve everything under /_control."""
    router = APIRouter(prefix="/_control")
    for part in (_running, _faults, _lists, _states, _confirmations):
        router.include_router(part(gateway))
    return router


def _running(gateway: Gateway) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> Row:
        orders = len(gateway.account.orders)
        return {"status": "ok", "simulator": "payu", "orders": orders}

    @router.post("/reset")
    async def reset() -> Row:
        gateway.reset()
        return await health()

    @router.post("/settings")
    async def change(changes: Annotated[Row, Body()]) -> Row:
        checked = Config.model_validate(gateway.config.model_dump() | changes)
        for name in changes:
            setattr(gateway.config, name, getattr(checked, name))
        return gateway.config.model_dump()

    @router.post("/clock")
    async def advance(seconds: Annotated[float, Body(embed=True)]) -> Row:
        gateway.account.ahead += seconds
        gateway.ripen()
        return {"ahead": gateway.account.ahead}

    return router


def _faults(gateway: Gateway) -> APIRouter:
    router = APIRouter()

    @router.post("/faults", status_code=201)
    async def fault(wanted: Fault) -> list[Row]:
        gateway.faults.add(wanted)
        return [each.model_dump() for each in gateway.faults.faults]

    @router.delete("/faults")
    async def clear() -> None:
        gateway.faults.clear()

    return router


def _lists(gateway: Gateway) -> APIRouter:
    router = APIRouter()

    @router.get("/confirmations")
    async def confirmations() -> list[Row]:
        return [each.shown() for each in gateway.confirmations.deliveries]

    @router.get("/orders")
    async def orders() -> list[Row]:
        return [order_of(each) for each in gateway.account.orders.values()]

    @router.get("/refunds")
    async def refunds() -> list[Row]:
        """List all money back, also what is under review and no query shows."""
        return [
            {"id": each.id, "parent": each.parent, "value": str(each.value), "state": each.state}
            for order in gateway.account.orders.values()
            for each in order.transactions
            if each.parent is not None
        ]

    return router


def _states(gateway: Gateway) -> APIRouter:
    router = APIRouter(prefix="/transactions/{transaction_id}")

    @router.post("/state")
    async def impose(transaction_id: str, wanted: StateChange) -> Row:
        order, found = _find(gateway, transaction_id)
        gateway.account.end(found, wanted.state, wanted.code)
        found.value = wanted.value or found.value
        if wanted.send and found.is_final and found.parent is None:
            gateway.confirmations.send(order, found)
        return order_of(order)

    @router.post("/again")
    async def again(transaction_id: str, wanted: StateChange) -> Row:
        """Let the shopper try once more under the same order, as at PayU's own page."""
        order, first = _find(gateway, transaction_id)
        made = gateway.account.add(order, first.type, first.method, order.value)
        gateway.account.end(made, wanted.state, wanted.code)
        if wanted.send and made.is_final:
            gateway.confirmations.send(order, made)
        return {"id": made.id}

    @router.post("/refund")
    async def review(transaction_id: str, state: Annotated[State, Body(embed=True)]) -> Row:
        """End the youngest refund of a charge that is being reviewed."""
        order, found = _find(gateway, transaction_id)
        waiting = [each for each in order.transactions if each.parent and not each.is_final]
        if not waiting:
            raise HTTPException(404)
        gateway.account.end(waiting[-1], state)
        return order_of(order)

    return router


def _confirmations(gateway: Gateway) -> APIRouter:
    router = APIRouter(prefix="/transactions/{transaction_id}")

    @router.get("/confirmation")
    async def confirmation(transaction_id: str) -> Any:  # noqa: ANN401
        order, found = _find(gateway, transaction_id)
        kept = gateway.confirmations
        return {"genuine": kept.form(order, found), "forged": kept.forged(order, found)}

    @router.post("/confirm")
    async def confirm(transaction_id: str, wanted: ConfirmationOrder) -> None:
        order, found = _find(gateway, transaction_id)
        changes = {"state": wanted.state} if wanted.state else {}
        for _ in range(wanted.times):
            gateway.confirmations.send(order, found, **changes)

    return router


def _find(gateway: Gateway, transaction_id: str) -> tuple[Order, Transaction]:
    pair = gateway.account.find(transaction_id)
    if pair is None:
        raise HTTPException(404)
    return pair
