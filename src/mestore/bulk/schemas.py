"""What clients see of jobs."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from mestore.bulk.types import BulkState, FileForm, ImportMode, JobKind, OnError
from mestore.kernel.paging import PaginationOut


class JobOut(BaseModel):
    """A job; `report` is where its file of errors lies, null while there is nothing to tell.

    Rows count from 1, in tables with the header. What stands up to `applied_to_row` was applied.
    """

    id: UUID
    vendor_id: UUID
    kind: JobKind
    state: BulkState
    format: FileForm
    mode: ImportMode
    on_error: OnError
    dry_run: bool
    rows_total: int
    rows_checked: int
    rows_done: int
    rows_created: int
    rows_updated: int
    rows_unchanged: int
    rows_failed: int
    applied_to_row: int
    issues_total: int
    pictures_total: int
    pictures_done: int
    pictures_failed: int
    report: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JobsOut(BaseModel):
    """A page of one's own jobs, the newest first."""

    jobs: list[JobOut]
    pagination: PaginationOut
