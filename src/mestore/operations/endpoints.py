"""HTTP for load balancers, scrapers and operators: liveness, what this leans on, metrics."""

import hmac
import ipaddress
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Literal, cast

from fastapi import Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import SecretStr
from sqlalchemy import select, true

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.kernel.breaker import Breaker, CircuitState
from mestore.kernel.clock import now
from mestore.kernel.errors import Forbidden, NotFound, Unauthorized
from mestore.kernel.http import Db, client_ip, refuses
from mestore.kernel.neighbours import Neighbourhood, Sighting
from mestore.kernel.routing import Router
from mestore.operations import metrics
from mestore.operations.schemas import (
    DatabaseHealth,
    ExternalHealth,
    ExternalOut,
    GatewayAbilities,
    Liveness,
)
from mestore.payments.deps import Circuits, Gateways, circuits_of
from mestore.payments.ports import PaymentGateway
from mestore.payments.types import GatewayProfile

router = Router(prefix="/health", tags=["operations"])
metrics_router = Router(tags=["operations"])
root_router = Router(root="", tags=["operations"])

_VERSION = version("mestore")


async def neighbourhood(request: Request) -> Neighbourhood:
    """Return the services outside that this program leans on."""
    return cast(Neighbourhood, request.app.state.neighbourhood)


Around = Annotated[Neighbourhood, Depends(neighbourhood)]
Seeing = Annotated[Caller, Depends(require(Permission.SYSTEM_VIEW))]


def _alive() -> Liveness:
    return Liveness(status="ok", timestamp=now().isoformat(), version=_VERSION)


@router.get("")
async def liveness() -> Liveness:
    """Say that the program runs."""
    return _alive()


@root_router.get("/health")
async def root_liveness() -> Liveness:
    """Say that the program runs, for load balancers."""
    return _alive()


@router.get("/database")
async def database_health(db: Db) -> DatabaseHealth:
    """Ask the database for nothing and say how long that took; 503 where it is gone."""
    started = time.perf_counter()
    async with db.read() as connection:
        await connection.execute(select(true()))
    took = (time.perf_counter() - started) * 1000
    return DatabaseHealth(status="ok", response_time_ms=round(took, 2))


@router.get("/external", responses=refuses(Unauthorized, Forbidden))
async def external_health(
    _: Seeing, around: Around, gateways: Gateways, circuits: Circuits
) -> ExternalHealth:
    """Say which services outside can be reached, and which ones are left alone after failures.

    Each is tried at most every 30 seconds, whoever asks how often.
    """
    services = [_service_of(each, gateways, circuits) for each in await around.look()]
    is_whole = all(each.status == "ok" for each in services)
    return ExternalHealth(status="ok" if is_whole else "degraded", services=services)


@metrics_router.get("/metrics", responses=refuses(NotFound, Unauthorized))
async def scrape(request: Request) -> Response:
    """Return the counters of this process, for callers on this machine or with METRICS_TOKEN."""
    if not _is_local(request):
        _check_token(request, cast(SecretStr | None, request.app.state.metrics_token))
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _service_of(
    sighting: Sighting, gateways: Mapping[str, PaymentGateway], circuits: Breaker
) -> ExternalOut:
    found = sighting.neighbour
    gateway = gateways.get(found.name)
    states = circuits_of(found.name, gateway.methods if gateway else (), circuits)
    is_whole = all(state is CircuitState.CLOSED for state in states.values())
    status: Literal["ok", "degraded"] = "ok" if is_whole else "degraded"
    return ExternalOut(
        name=found.name,
        kind=found.kind,
        status=status if sighting.is_reachable else "down",
        address=f"{found.host}:{found.port}" if found.host else None,
        response_time_ms=sighting.took_ms,
        circuits=states,
        abilities=_abilities_of(gateway.profile) if gateway else None,
    )


def _abilities_of(profile: GatewayProfile) -> GatewayAbilities:
    return GatewayAbilities(
        refunds=sorted(profile.refundable),
        partial_refunds=sorted(profile.partly_refundable),
        lists_transactions=profile.lists_transactions,
        tells_disputes=profile.tells_disputes,
    )


def _is_local(request: Request) -> bool:
    """Say whether the caller is on this machine, and not a proxy that speaks for somebody else."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(client_ip(request)).is_loopback
    except ValueError:
        return False


def _check_token(request: Request, token: SecretStr | None) -> None:
    if token is None:
        raise NotFound()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    if scheme.lower() != "bearer" or not is_right:
        raise Unauthorized()
