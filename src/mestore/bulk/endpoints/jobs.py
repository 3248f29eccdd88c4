"""HTTP for jobs: how far they are, what was wrong, and calling them off."""

import csv
from collections.abc import AsyncIterator
from io import StringIO
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Response
from fastapi.responses import StreamingResponse

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.bulk.errors import JobEnded, JobNotFound
from mestore.bulk.schemas import JobsOut
from mestore.bulk.service.cells import guarded
from mestore.bulk.service.jobs import JobService
from mestore.bulk.types import JobView
from mestore.bulk.views.jobs import Onlooker, get_job, lines_of_report, page_of_jobs
from mestore.kernel.db import Database
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.routing import Router

router = Router(prefix="/jobs", tags=["bulk"])

_JSON = "application/json"
_HEADER = ["row", "field", "code", "issue", "hint"]


async def onlooker(
    caller: Annotated[Caller, Depends(require(Permission.PRODUCTS_VIEW))],
) -> Onlooker:
    """Return who looks at jobs."""
    return Onlooker(caller.user_id, caller.oversees(Permission.PRODUCTS_VIEW))


async def canceller(
    caller: Annotated[Caller, Depends(require(Permission.PRODUCTS_UPDATE))],
) -> Onlooker:
    """Return who calls jobs off."""
    return Onlooker(caller.user_id, caller.oversees(Permission.PRODUCTS_UPDATE))


Looking = Annotated[Onlooker, Depends(onlooker)]
Cancelling = Annotated[Onlooker, Depends(canceller)]


@router.get("", response_model=JobsOut)
async def list_jobs(who: Looking, db: Db, paging: Paging) -> Response:
    """List your imports, the newest first."""
    async with db.read() as connection:
        page = await page_of_jobs(connection, who, paging)
    body = msgspec.json.encode({"jobs": page.rows, "pagination": page.pagination})
    return Response(body, media_type=_JSON)


@router.get("/{job_id}", response_model=JobView, responses=refuses(JobNotFound))
async def one_job(job_id: UUID, who: Looking, db: Db) -> Response:
    """Show how far an import is."""
    async with db.read() as connection:
        job = await get_job(connection, who, job_id)
    return Response(msgspec.json.encode(job), media_type=_JSON)


@router.delete("/{job_id}", response_model=JobView, responses=refuses(JobNotFound, JobEnded))
async def cancel_job(job_id: UUID, who: Cancelling, tx: InTx) -> Response:
    """Stop an import before its next chunk; what was applied stays, up to `applied_to_row`."""
    job = await JobService(tx).cancel(who, job_id)
    return Response(msgspec.json.encode(job), media_type=_JSON)


@router.get("/{job_id}/report", response_class=Response, responses=refuses(JobNotFound))
async def report_of_job(job_id: UUID, who: Looking, db: Db) -> Response:
    """Download what was wrong with the rows, as CSV: row, field, code, issue, hint."""
    async with db.read() as connection:
        await get_job(connection, who, job_id)
    headers = {"Content-Disposition": f'attachment; filename="report-{job_id}.csv"'}
    return StreamingResponse(_report(db, job_id), headers=headers, media_type="text/csv")


async def _report(db: Database, job_id: UUID) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbf" + _lines([_HEADER])
    async for rows in lines_of_report(db, job_id):
        # What a file said comes back here: no spreadsheet may run it.
        yield _lines([[guarded(cell or None) for cell in row] for row in rows])


def _lines(rows: list[list[str]]) -> bytes:
    written = StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
