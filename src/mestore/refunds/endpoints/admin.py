"""HTTP for staff: all refunds, and those that were transferred by hand."""

from typing import Annotated

import msgspec
from fastapi import Depends, Response

from mestore.accounts.deps import require, require_person
from mestore.accounts.types import Caller, Permission
from mestore.kernel.db import Database
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.refunds.errors import (
    BankAccountMissing,
    NoTransferDue,
    NotUnderWay,
    RefundNotFound,
    TakenByBank,
    VoidedByGateway,
)
from mestore.refunds.schemas import EndedIn, RefundListOut, RefundOut, TransferredIn
from mestore.refunds.service.transfer import end_by_hand, note_transferred
from mestore.refunds.types import RefundState
from mestore.refunds.views import RefundViews

router = Router(prefix="/admin/refunds", tags=["admin"])

Viewing = Annotated[Caller, Depends(require(Permission.PAYMENTS_VIEW))]
Refunding = Annotated[Caller, Depends(require_person(Permission.ORDERS_REFUND))]


@router.get(
    "", response_model=RefundListOut, responses=refuses(Unauthorized, Forbidden, InvalidPage)
)
async def list_refunds(
    _: Viewing, db: Db, paging: Paging, state: RefundState | None = None
) -> Response:
    """List refunds, the newest first."""
    async with db.read() as connection:
        page = await RefundViews(connection, is_staff=True).page(paging, state)
    body = {"refunds": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.post(
    "/{refund_id}/transferred",
    response_model=RefundOut,
    responses=refuses(
        Unauthorized,
        Forbidden,
        RefundNotFound,
        NoTransferDue,
        BankAccountMissing,
        TakenByBank,
        VoidedByGateway,
    ),
)
async def mark_transferred(refund_id: RowId, body: TransferredIn, _: Refunding, db: Db) -> Response:
    """Say that the money of a refund was transferred to the buyer's bank account."""
    async with db.transaction() as tx:
        await note_transferred(tx, refund_id, body.bank_reference)
    return await _shown(db, refund_id)


@router.post(
    "/{refund_id}/ended",
    response_model=RefundOut,
    responses=refuses(Unauthorized, Forbidden, RefundNotFound, NotUnderWay),
)
async def mark_ended(refund_id: RowId, body: EndedIn, _: Refunding, db: Db) -> Response:
    """Say how a refund ended that the gateway's panel shows and its API does not tell.

    One that waits for a transfer and `is_voided` ends as given: nothing is transferred.
    """
    async with db.transaction() as tx:
        await end_by_hand(tx, refund_id, body.reason, is_given=body.is_given)
    return await _shown(db, refund_id)


async def _shown(db: Database, refund_id: int) -> Response:
    async with db.read() as connection:
        found = await RefundViews(connection, is_staff=True).get(refund_id)
    return Response(msgspec.json.encode(found), media_type="application/json")
