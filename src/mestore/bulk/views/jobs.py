"""Jobs and their reports as clients read them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, column, func, or_, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.bulk.errors import JobNotFound
from mestore.bulk.models import BulkIssue, BulkJob
from mestore.bulk.types import JobView
from mestore.kernel.db import Database
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

_VENDORS = table("vendors", column("id", Uuid), column("user_id", Uuid))
_ORDER = SortKey("-id", BulkJob.id, BulkJob.id, descending=True)
_BATCH = 500


_FIELDS = tuple(field.name for field in fields(JobView))
_TOLD = tuple(name for name in _FIELDS if name not in {"format", "report"})
_JOBS = select(BulkJob.form, *(getattr(BulkJob, name) for name in _TOLD))


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who looks: jobs of one's own and of one's own shop are seen, by staff all of them."""

    user_id: UUID
    is_staff: bool = False

    def sees(self) -> Any:  # noqa: ANN401  a condition
        """Return the condition for what they may see."""
        own = select(_VENDORS.c.id).where(_VENDORS.c.user_id == self.user_id)
        return or_(BulkJob.user_id == self.user_id, BulkJob.vendor_id.in_(own))


async def get_job(connection: AsyncConnection, onlooker: Onlooker, job_id: UUID) -> JobView:
    """Return a job; raises `JobNotFound`."""
    query = _JOBS.where(BulkJob.id == job_id)
    if not onlooker.is_staff:
        query = query.where(onlooker.sees())
    row = (await connection.execute(query)).first()
    if row is None:
        raise JobNotFound
    return _view(row)


async def page_of_jobs(
    connection: AsyncConnection, onlooker: Onlooker, wanted: PageRequest
) -> Page[JobView]:
    """Return a page of one's own jobs, the newest first."""
    counted = select(func.count(BulkJob.id)).where(onlooker.sees())
    total: int = (await connection.execute(counted)).scalar_one()
    query = apply(_JOBS.where(onlooker.sees()), wanted, _ORDER)
    views = [_view(row) for row in await connection.execute(query)]
    return page_of(views, wanted, _ORDER, total, ("id", "id"))


async def lines_of_report(database: Database, job_id: UUID) -> AsyncIterator[list[list[str]]]:
    """Yield the lines of a report in batches: row, field, code, issue, hint."""
    last = 0
    while True:
        query = (
            select(
                BulkIssue.id,
                BulkIssue.row_at,
                BulkIssue.field,
                BulkIssue.code,
                BulkIssue.issue,
                BulkIssue.hint,
            )
            .where(BulkIssue.job_id == job_id, BulkIssue.id > last)
            .order_by(BulkIssue.id)
            .limit(_BATCH)
        )
        async with database.read() as connection:
            rows = (await connection.execute(query)).all()
        yield [[str(row.row_at or ""), *map(str, row[2:])] for row in rows]
        if len(rows) < _BATCH:
            return
        last = rows[-1].id


def _view(row: Any) -> JobView:  # noqa: ANN401  a row
    told = {name: getattr(row, name) for name in _TOLD}
    report = f"/api/v1/jobs/{row.id}/report" if row.issues_total else None
    return JobView(**told, format=row.form, report=report)
