"""What endpoints ask for: the configured gateways, and the circuits they are called through."""

from collections.abc import Iterable, Mapping
from typing import Annotated, cast

from fastapi import Depends, Request

from mestore.kernel.breaker import Breaker, CircuitState
from mestore.kernel.errors import NotFound
from mestore.payments.ports import CashNetwork, PaymentGateway
from mestore.payments.vouchers import EFECTY


async def gateways(request: Request) -> Mapping[str, PaymentGateway]:
    """Return the configured gateways by their code, the preferred one first."""
    return cast(Mapping[str, PaymentGateway], request.app.state.gateways)


async def breaker(request: Request) -> Breaker:
    """Return the circuits of this process."""
    return cast(Breaker, request.app.state.breaker)


def circuits_of(gateway: str, methods: Iterable[str], circuits: Breaker) -> dict[str, CircuitState]:
    """Return the circuits of a gateway's methods, used or not, and of its other operations."""
    states = dict.fromkeys(map(str, sorted(methods)), CircuitState.CLOSED)
    for (service, operation), state in circuits.snapshot().items():
        if service == gateway:
            states[operation] = state
    return states


Gateways = Annotated[Mapping[str, PaymentGateway], Depends(gateways)]
Circuits = Annotated[Breaker, Depends(breaker)]


async def cash_network(gateways: Gateways) -> CashNetwork:
    """Return the network of counters that speaks to us; 404 where there is no agreement."""
    found = gateways.get(EFECTY)
    if not isinstance(found, CashNetwork):
        raise NotFound
    return found


Network = Annotated[CashNetwork, Depends(cash_network)]
