"""HTTP for reconciliation: read and closed by the operator."""

from typing import Annotated

import msgspec
from fastapi import Depends, Path, Query, Response

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.paging import InvalidPage, PageTooDeep
from mestore.kernel.routing import Router
from mestore.reconciliation.errors import DifferenceClosed, DifferenceNotFound
from mestore.reconciliation.schemas import ClosedOut, CloseIn, DifferenceQuery, DifferencesOut
from mestore.reconciliation.service import ReconciliationService
from mestore.reconciliation.views import page_differences

router = Router(prefix="/admin/reconciliation", tags=["admin"])

Viewing = Annotated[Caller, Depends(require(Permission.PAYMENTS_VIEW))]
Managing = Annotated[Caller, Depends(require(Permission.PAYMENTS_MANAGE))]


@router.get(
    "",
    response_model=DifferencesOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, PageTooDeep),
)
async def list_differences(
    _: Viewing, query: Annotated[DifferenceQuery, Query()], paging: Paging, db: Db
) -> Response:
    """List where gateway, payments and ledger disagree, the newest first."""
    async with db.read() as connection:
        page = await page_differences(connection, paging, query.filter())
    answer = {"differences": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.post(
    "/{difference_id}/close",
    responses=refuses(Unauthorized, Forbidden, DifferenceNotFound, DifferenceClosed),
)
async def close_difference(
    difference_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    body: CloseIn,
    caller: Managing,
    tx: InTx,
) -> ClosedOut:
    """Close a difference; the reason stays with it."""
    await ReconciliationService(tx).close(difference_id, body.reason, caller.user_id)
    return ClosedOut()
