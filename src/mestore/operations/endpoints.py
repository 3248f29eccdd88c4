"""HTTP for load balancers and operators: liveness and the database."""

import time
from importlib.metadata import version

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select, true

from mestore.kernel.clock import now
from mestore.kernel.http import Db

router = APIRouter(prefix="/health", tags=["operations"])
root_router = APIRouter(tags=["operations"])


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
    return Liveness(status="ok", timestamp=now().isoformat(), version=version("mestore"))


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
