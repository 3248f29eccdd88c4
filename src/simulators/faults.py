"""Faults on demand for simulators that keep files, and the control surface that orders them."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from simulators.server import hang_up


class Fault(BaseModel):
    """What befalls the next calls; `timeout_after` and `error_500_after` act before they fail."""

    model_config = ConfigDict(extra="forbid")

    operation: Literal["put", "get", "delete"]
    fault: Literal["error_500", "rate_limit", "refuse", "timeout_after", "error_500_after"]
    times: Annotated[int, Field(ge=1)] = 1
    seconds: float = 60.0


class Faults:
    """The faults still to happen."""

    def __init__(self) -> None:
        self.coming: list[Fault] = []

    def clear(self) -> None:
        """Forget them all."""
        self.coming.clear()

    async def before(self, operation: str, request: Request) -> Response | None:
        """Return the failure of a call that is not carried out, or None."""
        fault = self._take(operation, after=False)
        if fault is None:
            return None
        if fault.fault == "refuse":
            hang_up(request.scope)
            # Returning before the server noticed would make it complain.
            await request.receive()
        return Response(status_code=429 if fault.fault == "rate_limit" else 500)

    async def after(self, operation: str, request: Request) -> Response | None:
        """Return what becomes of the answer to a call that was carried out, or None."""
        fault = self._take(operation, after=True)
        if fault is None:
            return None
        if fault.fault == "timeout_after":
            await asyncio.sleep(fault.seconds)
            hang_up(request.scope)
        return Response(status_code=500)

    def _take(self, operation: str, *, after: bool) -> Fault | None:
        for fault in self.coming:
            if fault.operation == operation and fault.fault.endswith("_after") is after:
                fault.times -= 1
                if fault.times == 0:
                    self.coming.remove(fault)
                return fault
        return None


def fault_routes(
    name: str, faults: Faults, reset: Callable[[], None], shown: Callable[[], dict[str, object]]
) -> APIRouter:
    """Return the control surface: what there is, faults to come, and a new start."""
    router = APIRouter(prefix="/_control")

    @router.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "simulator": name}

    @router.get("/files")
    async def files() -> dict[str, object]:
        return shown()

    @router.post("/faults", status_code=201)
    async def add(fault: Fault) -> None:
        faults.coming.append(fault)

    @router.post("/recover")
    async def recover() -> None:
        faults.clear()

    @router.post("/reset")
    async def start_anew() -> None:
        reset()

    return router
