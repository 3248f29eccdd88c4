"""What endpoints ask for: the configured gateways, and the circuits they are called through."""

from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import Depends, Request

from mestore.kernel.breaker import Breaker
from mestore.payments.ports import PaymentGateway


async def gateways(request: Request) -> Mapping[str, PaymentGateway]:
    """Return the configured gateways by their code, the preferred one first."""
    return cast(Mapping[str, PaymentGateway], request.app.state.gateways)


async def breaker(request: Request) -> Breaker:
    """Return the circuits of this process."""
    return cast(Breaker, request.app.state.breaker)


Gateways = Annotated[Mapping[str, PaymentGateway], Depends(gateways)]
Circuits = Annotated[Breaker, Depends(breaker)]
