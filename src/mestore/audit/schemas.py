"""What the audit log's endpoint takes and answers."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from mestore.accounts.types.acts import Act, Subject
from mestore.audit.types import AuditFilter
from mestore.kernel.clock import BOGOTA
from mestore.kernel.paging import PaginationOut

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_LAST = datetime(2999, 12, 31, tzinfo=UTC)


def _only_a_day(value: object) -> object:
    """Refuse a time without a zone, which would pass for a day."""
    if isinstance(value, str) and len(value) != len("2026-01-01"):
        raise ValueError("write a day as 2026-01-31, or a time with its zone")
    return value


Moment = Annotated[
    Annotated[AwareDatetime, Field(ge=_FIRST, le=_LAST)]
    | Annotated[date, BeforeValidator(_only_a_day), Field(ge=_FIRST_DAY, le=_LAST_DAY)],
    Field(union_mode="left_to_right"),
]
"""A time with its zone, or a whole day in Bogotá."""


class AuditQuery(BaseModel):
    """Which entries to list; all that is given has to fit."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    actor_id: UUID | None = None
    action: Act | None = None
    subject_type: Subject | None = None
    subject_id: Annotated[
        str | None, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")
    ] = None
    ip_address: Annotated[str | None, Field(min_length=1, max_length=45, pattern=r"^[^\x00]*$")] = (
        None
    )
    date_from: Moment | None = None
    date_to: Moment | None = None

    def filter(self) -> AuditFilter:
        """Return the entries that are meant; a day as `date_to` counts to its end."""
        return AuditFilter(
            actor_id=self.actor_id,
            action=self.action.value if self.action else None,
            subject_type=self.subject_type.value if self.subject_type else None,
            subject_id=self.subject_id,
            ip_address=self.ip_address,
            since=_instant(self.date_from, time.min),
            until=_instant(self.date_to, time.max),
        )


class AuditEntryOut(BaseModel):
    """One act; `before` and `after` hold only what changed, of persons only which fields."""

    sequence: int
    at: datetime
    actor_id: UUID | None
    actor_type: str | None
    actor_email: str | None
    action: str
    subject_type: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip_address: str | None
    request_id: str | None
    hash: str


class AuditLogOut(BaseModel):
    """A page of the audit log, the newest first."""

    entries: list[AuditEntryOut]
    pagination: PaginationOut


def _instant(moment: datetime | date | None, of_day: time) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, of_day, BOGOTA).astimezone(UTC)
