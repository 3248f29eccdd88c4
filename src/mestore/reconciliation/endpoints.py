"""HTTP for reconciliation: read and closed by the operator."""

from typing import Annotated

import msgspec
from fastapi import Depends, Query, Response, status

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.kernel.clock import now
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.moments import Moment, end
from mestore.kernel.paging import InvalidPage, PageTooDeep
from mestore.kernel.routing import Router
from mestore.reconciliation.errors import (
    DifferenceClosed,
    DifferenceNotFound,
    SettlementKnown,
    SettlementTooLarge,
)
from mestore.reconciliation.schemas import (
    BalancesOut,
    ClosedOut,
    CloseIn,
    DifferenceQuery,
    DifferencesOut,
    Gateway,
    SettlementIn,
    SettlementKeyOut,
    SettlementsOut,
)
from mestore.reconciliation.service import ReconciliationService, settle
from mestore.reconciliation.views import balances, page_differences, page_settlements

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


@router.get(
    "/settlements",
    response_model=SettlementsOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, PageTooDeep),
)
async def list_settlements(
    _: Viewing, paging: Paging, db: Db, gateway: Gateway | None = None
) -> Response:
    """List what gateways paid into the bank, the latest recorded first."""
    async with db.read() as connection:
        page = await page_settlements(connection, paging, gateway)
    answer = {"settlements": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.post(
    "/settlements",
    status_code=status.HTTP_201_CREATED,
    responses=refuses(Unauthorized, Forbidden, SettlementKnown, SettlementTooLarge),
)
async def record_settlement(body: SettlementIn, _: Managing, tx: InTx) -> SettlementKeyOut:
    """Record what a gateway paid into the bank, once, and its fee and the tax that it withheld."""
    return SettlementKeyOut(id=await settle(tx, body.settlement()))


@router.get("/balances", response_model=BalancesOut, responses=refuses(Unauthorized, Forbidden))
async def list_balances(_: Viewing, db: Db, as_of: Moment | None = None) -> Response:
    """Read the books now, or as of an instant or the end of a day in Bogotá; a debit is positive.

    `gateway:…` is what gateways hold, `settled:…` what they paid into the bank, `bank:…` what left
    it for vendors, `vendors` what they are owed. All of it adds up to zero.
    """
    moment = now() if as_of is None else min(now(), end(as_of))
    async with db.read() as connection:
        found = await balances(connection, moment)
    answer = {"balances": found, "as_of": moment}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.post(
    "/{difference_id}/close",
    responses=refuses(Unauthorized, Forbidden, DifferenceNotFound, DifferenceClosed),
)
async def close_difference(
    difference_id: RowId,
    body: CloseIn,
    caller: Managing,
    tx: InTx,
) -> ClosedOut:
    """Close a difference; the reason stays with it."""
    await ReconciliationService(tx).close(difference_id, body.reason, caller.user_id)
    return ClosedOut()
