"""Tables of bulk work: jobs, what was wrong with their rows, the pictures their files name."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.bulk.types import BulkState, FileForm, ImportMode, JobKind, OnError, PictureState
from mestore.kernel.columns import Base, BigPk, Code, UtcDateTime, enum_column


class BulkJob(Base):
    """A file and how far it got. `next_chunk` is the next one of its step; rows count from 1."""

    __tablename__ = "bulk_jobs"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"))
    kind: Mapped[JobKind] = mapped_column(enum_column(JobKind))
    state: Mapped[BulkState] = mapped_column(enum_column(BulkState))
    form: Mapped[FileForm] = mapped_column(enum_column(FileForm))
    mode: Mapped[ImportMode] = mapped_column(enum_column(ImportMode))
    on_error: Mapped[OnError] = mapped_column(enum_column(OnError))
    dry_run: Mapped[bool] = mapped_column(Boolean)
    language: Mapped[str] = mapped_column(String(2))
    has_pictures: Mapped[bool] = mapped_column(Boolean)
    next_chunk: Mapped[int] = mapped_column(Integer)
    chunks_total: Mapped[int] = mapped_column(Integer)
    rows_total: Mapped[int] = mapped_column(Integer)
    rows_checked: Mapped[int] = mapped_column(Integer)
    rows_done: Mapped[int] = mapped_column(Integer)
    rows_created: Mapped[int] = mapped_column(Integer)
    rows_updated: Mapped[int] = mapped_column(Integer)
    rows_unchanged: Mapped[int] = mapped_column(Integer)
    rows_failed: Mapped[int] = mapped_column(Integer)
    applied_to_row: Mapped[int] = mapped_column(Integer)
    issues_total: Mapped[int] = mapped_column(Integer)
    pictures_total: Mapped[int] = mapped_column(Integer)
    pictures_done: Mapped[int] = mapped_column(Integer)
    pictures_failed: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("next_chunk >= 0 AND rows_done >= 0", name="progress"),
        Index("ix_bulk_jobs_user", "user_id", "id"),
        Index("ix_bulk_jobs_vendor", "vendor_id", "id"),
        Index("ix_bulk_jobs_ended", "ended_at"),
    )


class BulkIssue(Base):
    """One line of a report; `row_at` is 0 where it is about the whole file."""

    __tablename__ = "bulk_issues"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("bulk_jobs.id"))
    row_at: Mapped[int] = mapped_column(Integer)
    field: Mapped[str] = mapped_column(String(100))
    code: Mapped[str] = mapped_column(String(100))
    issue: Mapped[str] = mapped_column(String(500))
    hint: Mapped[str] = mapped_column(String(500))

    __table_args__ = (Index("ix_bulk_issues_job", "job_id", "id"),)


class BulkPicture(Base):
    """A picture that a file named for a product, known by its source: never taken twice.

    It outlives its job.
    """

    __tablename__ = "bulk_pictures"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(Uuid)
    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"))
    digest: Mapped[str] = mapped_column(Code(64))
    source: Mapped[str] = mapped_column(String(500))
    row_at: Mapped[int] = mapped_column(Integer)
    state: Mapped[PictureState] = mapped_column(enum_column(PictureState))

    __table_args__ = (
        UniqueConstraint("product_id", "digest"),
        Index("ix_bulk_pictures_waiting", "job_id", "state", "id"),
    )
