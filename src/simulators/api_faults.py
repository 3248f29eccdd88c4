"""Faults on demand for simulators whose calls either send something or read."""

from collections.abc import Callable

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from simulators.fault_book import FaultBook
from simulators.server import hang_up


class Fault(BaseModel):
    """What befalls the next calls; `operation` is send or read."""

    operation: str = "send"
    fault: str
    times: int = Field(default=1, ge=1)
    seconds: float = 60.0


Refusals = Callable[[str], Response | None]
"""Gives the answer by which a fault of that name keeps a call from being carried out."""


async def served(
    faults: FaultBook[Fault],
    operation: str,
    request: Request,
    work: Callable[[], Response],
    refused: Refusals,
    failed: Callable[[], Response],
) -> Response:
    """Do the work and answer, unless a fault befalls it before or on its way back."""
    fault = faults.take(operation)
    if fault is None:
        return work()
    if fault.fault == "refuse":
        hang_up(request.scope)
        return failed()
    refusal = refused(fault.fault)
    if refusal is not None:
        return refusal
    if fault.fault == "slow":
        await faults.hang(fault.seconds)
    return await _on_its_way(faults, fault, request, work(), failed)


async def _on_its_way(
    faults: FaultBook[Fault],
    fault: Fault,
    request: Request,
    answer: Response,
    failed: Callable[[], Response],
) -> Response:
    match fault.fault:
        case "timeout_after":
            await faults.hang(fault.seconds)
        case "error_500_after":
            return failed()
        case "hang_up_after":
            hang_up(request.scope)
        case "half_json":
            half = bytes(answer.body)[: len(answer.body) // 2]
            return Response(half, answer.status_code, media_type="application/json")
    return answer
