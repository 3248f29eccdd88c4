"""SQL that writes jobs: every step is one conditional UPDATE, so none is taken twice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.bulk.models import BulkIssue, BulkJob, BulkPicture
from mestore.bulk.types import BulkState, Issue, Job, PictureState, storable
from mestore.kernel.db import affected

_JOB = select(
    BulkJob.id,
    BulkJob.user_id,
    BulkJob.vendor_id,
    BulkJob.kind,
    BulkJob.state,
    BulkJob.form,
    BulkJob.mode,
    BulkJob.on_error,
    BulkJob.dry_run,
    BulkJob.language,
    BulkJob.has_pictures,
    BulkJob.next_chunk,
    BulkJob.chunks_total,
    BulkJob.issues_total,
    BulkJob.rows_failed,
    BulkJob.applied_to_row,
).where(BulkJob.id == bindparam("of_job"))
_AT = (
    BulkJob.id == bindparam("of_job"),
    BulkJob.state == bindparam("of_state"),
    BulkJob.next_chunk == bindparam("of_chunk"),
)
_IS_OPEN = BulkJob.state.in_((BulkState.QUEUED, BulkState.VALIDATING, BulkState.APPLYING))
_END = update(BulkJob).where(BulkJob.id == bindparam("of_job"), _IS_OPEN)
_TAKE_PICTURES = select(
    BulkPicture.id, BulkPicture.product_id, BulkPicture.source, BulkPicture.row_at
).where(BulkPicture.job_id == bindparam("of_job"), BulkPicture.state == PictureState.WAITING)
_KNOWN_PICTURES = select(
    BulkPicture.product_id, BulkPicture.digest, BulkPicture.state, BulkPicture.id
).where(BulkPicture.product_id.in_(bindparam("products", expanding=True)))
_MOVE_PICTURE = (
    update(BulkPicture)
    .where(BulkPicture.id == bindparam("of_picture"), BulkPicture.state == PictureState.WAITING)
    .values(state=bindparam("to"))
)
_AGAIN = (
    update(BulkPicture)
    .where(BulkPicture.id == bindparam("of_picture"), BulkPicture.state != PictureState.DONE)
    .values(state=PictureState.WAITING, job_id=bindparam("to_job"), row_at=bindparam("to_row"))
)
_ENDED_BEFORE = select(BulkJob.id).where(BulkJob.ended_at < bindparam("moment")).limit(100)
_OF_USER = select(BulkJob.id).where(BulkJob.user_id == bindparam("of_user")).order_by(BulkJob.id)


@dataclass(frozen=True, slots=True)
class JobRepository:
    """Jobs, their issues and their pictures."""

    connection: AsyncConnection

    async def add(self, values: Mapping[str, Any]) -> None:
        """Write a new job."""
        await self.connection.execute(insert(BulkJob), values)

    async def find(self, job_id: UUID) -> Job | None:
        """Return a job."""
        row = (await self.connection.execute(_JOB, {"of_job": job_id})).first()
        return Job(*tuple(row)) if row else None

    async def advance(
        self, job: Job, values: Mapping[str, Any], added: Mapping[str, int] | None = None
    ) -> bool:
        """Change a job if it still is where it was read; `added` counts up columns."""
        counted = {name: getattr(BulkJob, name) + units for name, units in (added or {}).items()}
        statement = update(BulkJob).where(*_AT).values(**values, **counted)
        at = {"of_job": job.id, "of_state": job.state, "of_chunk": job.next_chunk}
        return await affected(self.connection, statement, **at) == 1

    async def count(self, job_id: UUID, added: Mapping[str, int]) -> bool:
        """Count up columns of a job that has not ended."""
        counted = {name: getattr(BulkJob, name) + units for name, units in added.items()}
        return await affected(self.connection, _END.values(**counted), of_job=job_id) == 1

    async def end(self, job_id: UUID, state: BulkState, moment: datetime) -> bool:
        """End a job that has not ended yet."""
        values = {"state": state, "ended_at": moment}
        return await affected(self.connection, _END.values(**values), of_job=job_id) == 1

    async def add_issues(self, job_id: UUID, issues: Sequence[Issue]) -> None:
        """Write lines of a report."""
        rows = [
            {
                "job_id": job_id,
                "row_at": issue.row,
                "field": storable(issue.field)[:100],
                "code": issue.code[:100],
                "issue": storable(issue.issue)[:500],
                "hint": storable(issue.hint)[:500],
            }
            for issue in issues
        ]
        if rows:
            await self.connection.execute(insert(BulkIssue), rows)

    async def known_pictures(
        self, products: Collection[UUID]
    ) -> dict[tuple[UUID, str], tuple[PictureState, int]]:
        """Return the pictures that files named before, by product and digest."""
        found = await self.connection.execute(_KNOWN_PICTURES, {"products": list(products)})
        return {(row.product_id, row.digest): (row.state, row.id) for row in found}

    async def add_pictures(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write pictures that wait to be fetched."""
        await self.connection.execute(insert(BulkPicture), list(rows))

    async def retry_picture(self, picture_id: int, job_id: UUID, row: int) -> bool:
        """Let a picture that is not there yet wait again, for this job."""
        values = {"of_picture": picture_id, "to_job": job_id, "to_row": row}
        return await affected(self.connection, _AGAIN, **values) == 1

    async def waiting_pictures(self, job_id: UUID, limit: int) -> Sequence[Any]:
        """Return the next pictures of a job: id, product, source and row."""
        query = _TAKE_PICTURES.order_by(BulkPicture.id).limit(limit)
        return (await self.connection.execute(query, {"of_job": job_id})).all()

    async def move_picture(self, picture_id: int, state: PictureState) -> bool:
        """End the waiting of a picture."""
        values = {"of_picture": picture_id, "to": state}
        return await affected(self.connection, _MOVE_PICTURE, **values) == 1

    async def ended_before(self, moment: datetime) -> list[UUID]:
        """Return jobs that ended before a moment, some at a time."""
        found = await self.connection.execute(_ENDED_BEFORE, {"moment": moment})
        return list(found.scalars())

    async def of_user(self, user_id: UUID) -> list[UUID]:
        """Return all jobs of a user."""
        return list((await self.connection.execute(_OF_USER, {"of_user": user_id})).scalars())

    async def delete(self, job_ids: Sequence[UUID]) -> None:
        """Delete jobs with their reports."""
        for table, column in ((BulkIssue, BulkIssue.job_id), (BulkJob, BulkJob.id)):
            await affected(self.connection, delete(table).where(column.in_(job_ids)))
