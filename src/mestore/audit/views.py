"""Reading the audit log: pages for operators, batches for whoever checks the chain."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.audit.models import AuditEntry, AuditHead
from mestore.audit.types import AuditFilter, Entry, Head
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

_ORDER = SortKey("-sequence", AuditEntry.sequence, AuditEntry.sequence, descending=True)
_USERS = table("users", column("id", Uuid), column("email", String))
_LINKS = tuple(getattr(AuditEntry, name) for name in Entry.__dataclass_fields__)
_SHOWN = select(
    AuditEntry.sequence,
    AuditEntry.at,
    AuditEntry.actor_id,
    AuditEntry.actor_type,
    _USERS.c.email,
    AuditEntry.action,
    AuditEntry.subject_type,
    AuditEntry.subject_id,
    AuditEntry.before,
    AuditEntry.after,
    AuditEntry.ip_address,
    AuditEntry.request_id,
    AuditEntry.hash,
).outerjoin(_USERS, _USERS.c.id == AuditEntry.actor_id)
_AFTER = (
    select(*_LINKS, AuditEntry.hash)
    .where(AuditEntry.sequence > bindparam("sequence"))
    .order_by(AuditEntry.sequence)
    .limit(bindparam("most"))
)
_HEAD = select(AuditHead.sequence, AuditHead.hash)


class EntryView(msgspec.Struct, frozen=True):
    """An entry as operators see it; `actor_email` is the actor's address of now."""

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


async def page_entries(
    connection: AsyncConnection, wanted: PageRequest, which: AuditFilter
) -> Page[EntryView]:
    """Return a page of entries, the newest first."""
    condition = _condition(which)
    counted = select(func.count(AuditEntry.sequence)).where(condition)
    total: int = (await connection.execute(counted)).scalar_one()
    query: Select[Any] = _SHOWN.where(condition)
    rows = (await connection.execute(apply(query, wanted, _ORDER))).all()
    views = [EntryView(*row) for row in rows]
    return page_of(views, wanted, _ORDER, total, ("sequence", "sequence"))


async def entries_after(
    connection: AsyncConnection, sequence: int, most: int
) -> list[tuple[Entry, str]]:
    """Return the next entries of the chain, each with the hash that is stored of it."""
    rows = await connection.execute(_AFTER, {"sequence": sequence, "most": most})
    return [(Entry(*row[:-1]), row[-1]) for row in rows]


async def find_head(connection: AsyncConnection) -> Head | None:
    """Return the last link as the head tells it."""
    row = (await connection.execute(_HEAD)).first()
    return Head(*row) if row else None


def _condition(which: AuditFilter) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [AuditEntry.sequence > 0]
    for name in ("actor_id", "action", "subject_type", "subject_id", "ip_address"):
        wanted = getattr(which, name)
        if wanted is not None:
            found.append(getattr(AuditEntry, name) == wanted)
    if which.since is not None:
        found.append(AuditEntry.at >= which.since)
    if which.until is not None:
        found.append(AuditEntry.at <= which.until)
    return and_(*found)
