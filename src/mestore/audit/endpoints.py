"""HTTP for the audit log: read by operators, changed by nobody."""

from typing import Annotated

import msgspec
from fastapi import Depends, Query, Response

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.audit.schemas import AuditLogOut, AuditQuery
from mestore.audit.views import page_entries
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, Paging, refuses
from mestore.kernel.paging import InvalidPage, PageTooDeep
from mestore.kernel.routing import Router

router = Router(prefix="/admin/audit-log", tags=["admin"])

Auditing = Annotated[Caller, Depends(require(Permission.AUDIT_VIEW))]


@router.get(
    "",
    response_model=AuditLogOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, PageTooDeep),
)
async def audit_log(
    _: Auditing, query: Annotated[AuditQuery, Query()], paging: Paging, db: Db
) -> Response:
    """List what staff did and every security event, the newest first.

    `date_from` and `date_to` are times with a zone, or days in Bogotá, both included.
    """
    async with db.read() as connection:
        page = await page_entries(connection, paging, query.filter())
    answer = {"entries": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(answer), media_type="application/json")
