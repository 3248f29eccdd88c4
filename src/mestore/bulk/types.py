"""The words of bulk work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from mestore.kernel.messages import Task

MOST_ROWS = 100_000
CHUNK = 500
"""Products, or rows of stock, that one transaction writes."""
MOST_LETTERS = 300 * 1024 * 1024
"""Of all rows together: a workbook says a text once and may use it in every row."""
CHUNK_LETTERS = 4 * 1024 * 1024
"""A chunk with so many ends; read as JSON, a letter may take thirty bytes."""
MOST_ISSUES = 10_000
"""Lines that a report keeps; the job goes on counting."""
MOST_PICTURES = 20
"""Pictures that one row may name: as many as a product may have."""
KEEP_JOBS = timedelta(days=30)


class JobKind(StrEnum):
    """What a file holds."""

    PRODUCTS = "PRODUCTS"
    STOCK = "STOCK"


class BulkState(StrEnum):
    """Where a job stands. FAILED: nothing, or only the rows up to `applied_to_row`, was applied."""

    QUEUED = "QUEUED"
    VALIDATING = "VALIDATING"
    APPLYING = "APPLYING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED = (BulkState.DONE, BulkState.FAILED, BulkState.CANCELLED)


class FileForm(StrEnum):
    """How a file is written."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


class ImportMode(StrEnum):
    """Which products a file may write: both, new ones only, or known ones only."""

    UPSERT = "upsert"
    CREATE = "create"
    UPDATE = "update"


class OnError(StrEnum):
    """What bad rows do: refuse the whole file, or stay out of it."""

    ABORT = "abort"
    SKIP = "skip"


class PictureState(StrEnum):
    """Where a picture that a file names stands."""

    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class BulkPolicy:
    """How large uploads may be, in bytes: the file, what a workbook unpacks to, the pictures."""

    file_bytes: int = 50 * 1024 * 1024
    unpacked_bytes: int = 300 * 1024 * 1024
    pictures_bytes: int = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done with a file."""

    kind: JobKind
    dry_run: bool = False
    mode: ImportMode = ImportMode.UPSERT
    on_error: OnError = OnError.ABORT
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its own steps read it. `next_chunk` is of the step it is in."""

    id: UUID
    user_id: UUID
    vendor_id: UUID
    kind: JobKind
    state: BulkState
    form: FileForm
    mode: ImportMode
    on_error: OnError
    dry_run: bool
    language: str
    has_pictures: bool
    next_chunk: int
    chunks_total: int
    issues_total: int
    rows_failed: int
    applied_to_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
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


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with a row, and what to do; `row` counts from 1, the header of a table too."""

    row: int
    field: str
    code: str
    issue: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of a file before it is judged: a product with its variants, or a level.

    `last` is the last row that belongs to it, `letters` how many are in it.
    """

    row: int
    values: Mapping[str, Any]
    last: int = 0
    issues: tuple[Issue, ...] = ()
    letters: int = 0


@dataclass(slots=True)
class Outcome:
    """What a chunk came to, in rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    issues: list[Issue] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StageFile(Task):
    """Split the file of a job into chunks."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class CheckChunk(Task):
    """Judge one chunk of a job."""

    job_id: UUID
    chunk: int


@dataclass(frozen=True, slots=True)
class ApplyChunk(Task):
    """Write one chunk of a job."""

    job_id: UUID
    chunk: int


@dataclass(frozen=True, slots=True)
class FetchPictures(Task):
    """Fetch the next pictures that a job's file named."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class GiveUpJob(Task):
    """Fail a job whose step was tried too often, if it still is at that step.

    `chunk` is None where the step has none.
    """

    job_id: UUID
    state: BulkState
    chunk: int | None


@dataclass(frozen=True, slots=True)
class DropJobFiles(Task):
    """Remove the files of a job that ended, or never began."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class PurgeJobs(Task):
    """Delete jobs that ended long ago, with their reports."""


def storable(text: str) -> str:
    """Return a text without what no database keeps: NUL, and halves of letters."""
    return text.replace("\0", "").encode(errors="ignore").decode()


class UnreadableFile(Exception):
    """A file that cannot be read on: where, and what to do."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(issue.issue)


class PictureRefused(Exception):  # noqa: N818  a refusal
    """A picture that is not fetched, by the code of why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)
