"""What the audit log's endpoint takes and answers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from mestore.accounts.types.acts import Act, Subject
from mestore.audit.types import AuditFilter
from mestore.kernel.moments import Moment, beginning, end
from mestore.kernel.paging import PaginationOut


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
            since=beginning(self.date_from) if self.date_from else None,
            until=end(self.date_to) if self.date_to else None,
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
