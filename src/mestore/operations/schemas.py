"""The JSON of health."""

from typing import Literal

from pydantic import BaseModel

from mestore.kernel.breaker import CircuitState
from mestore.kernel.neighbours import NeighbourKind
from mestore.payments.types import PaymentMethod


class Liveness(BaseModel):
    """The program answers."""

    status: str
    timestamp: str
    version: str


class DatabaseHealth(BaseModel):
    """The database answers."""

    status: str
    response_time_ms: float


class GatewayAbilities(BaseModel):
    """What a gateway does by itself; the rest is done by hand."""

    refunds: list[PaymentMethod]
    partial_refunds: list[PaymentMethod]
    lists_transactions: bool
    tells_disputes: bool


class ExternalOut(BaseModel):
    """A service outside: `down` cannot be reached, `degraded` fails and is left alone for a while.

    `address` and `response_time_ms` are null for what is a part of this program. The circuits are
    those of the process that answers, and a worker has its own.
    """

    name: str
    kind: NeighbourKind
    status: Literal["ok", "degraded", "down"]
    address: str | None
    response_time_ms: float | None
    circuits: dict[str, CircuitState]
    abilities: GatewayAbilities | None


class ExternalHealth(BaseModel):
    """`degraded` while a service is not ok."""

    status: Literal["ok", "degraded"]
    services: list[ExternalOut]
