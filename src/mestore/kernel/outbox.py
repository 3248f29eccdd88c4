"""The outbox: messages are rows of the transaction that sends them; they leave if it commits.

A row is one message for one handler, with its own tries and its own dead letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.clock import now
from mestore.kernel.columns import Base, BigPk, Code, Json, UtcDateTime, enum_column
from mestore.kernel.messages import Message


class JobState(StrEnum):
    """Where a job stands. RUNNING is no state: a lease says who works on it and until when."""

    READY = "READY"
    DONE = "DONE"
    DEAD = "DEAD"


class Job(Base):
    """One message for one handler: when it is due, who holds its lease, how often it was tried."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    handler: Mapped[str] = mapped_column(String(100))
    message: Mapped[str] = mapped_column(String(100))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    key: Mapped[str | None] = mapped_column(Code(200))
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.READY)
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_jobs_due", "state", "run_at"),
    )


@dataclass(frozen=True, slots=True)
class Outbox:
    """The post office: knows which handlers each kind of message goes to."""

    routes: Mapping[type[Message], tuple[str, ...]]

    def rows(
        self, message: Message, *, run_at: datetime | None = None, key: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the job rows that deliver `message`, one a handler. Unknown messages are a bug."""
        handlers = self.routes[type(message)]
        created = now()
        return [
            {
                "handler": handler,
                "message": type(message).__name__,
                "payload": msgspec.to_builtins(message),
                "key": key,
                "state": JobState.READY,
                "run_at": run_at or created,
                "tries": 0,
                "created_at": created,
            }
            for handler in handlers
        ]
