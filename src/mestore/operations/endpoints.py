"""HTTP for load balancers, scrapers and operators: liveness, the database, metrics."""

import hmac
import ipaddress
import time
from importlib.metadata import version
from typing import cast

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, SecretStr
from sqlalchemy import select, true

from mestore.kernel.clock import now
from mestore.kernel.errors import NotFound, Unauthorized
from mestore.kernel.http import Db, client_ip, refuses
from mestore.kernel.routing import Router
from mestore.operations import metrics

router = Router(prefix="/health", tags=["operations"])
metrics_router = Router(tags=["operations"])
root_router = Router(tags=["operations"])

_VERSION = version("mestore")


class Liveness(BaseModel):
    """The program answers."""

    status: str
    timestamp: str
    version: str


class DatabaseHealth(BaseModel):
    """The database answers."""

    status: str
    response_time_ms: float


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


@metrics_router.get("/metrics", responses=refuses(NotFound, Unauthorized))
async def scrape(request: Request) -> Response:
    """Return the counters of this process, for callers on this machine or with METRICS_TOKEN."""
    if not _is_local(request):
        _check_token(request, cast(SecretStr | None, request.app.state.metrics_token))
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)


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
