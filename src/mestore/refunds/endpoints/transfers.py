"""HTTP for a refund on its own: how it stands, and where its money is to be transferred."""

import msgspec
from fastapi import Response

from mestore.checkout.deps import CurrentOwner
from mestore.checkout.service.own import own_order
from mestore.checkout.types import Owner
from mestore.kernel.db import Database
from mestore.kernel.http import Db, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.routing import Router
from mestore.orders.errors import OrderNotFound
from mestore.refunds.errors import NoTransferDue, RefundNotFound
from mestore.refunds.schemas import BankAccountIn, RefundOut
from mestore.refunds.service.transfer import name_account
from mestore.refunds.views import RefundView, RefundViews

router = Router(prefix="/refunds", tags=["refunds"])


@router.get("/{refund_id}", response_model=RefundOut, responses=refuses(RefundNotFound))
async def get_refund(refund_id: RowId, db: Db, owner: CurrentOwner) -> Response:
    """Read how a refund stands."""
    found = await _own(db, owner, refund_id)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.post(
    "/{refund_id}/bank-account",
    response_model=RefundOut,
    responses=refuses(RefundNotFound, NoTransferDue),
)
async def set_bank_account(
    refund_id: RowId, body: BankAccountIn, db: Db, owner: CurrentOwner
) -> Response:
    """Say to which bank account a refund goes that the gateway cannot send back."""
    await _own(db, owner, refund_id)
    async with db.transaction() as tx:
        await name_account(tx, refund_id, body.account())
    found = await _own(db, owner, refund_id)
    return Response(msgspec.json.encode(found), media_type="application/json")


async def _own(db: Database, owner: Owner, refund_id: int) -> RefundView:
    async with db.read() as connection:
        found = await RefundViews(connection, is_staff=owner.is_staff).get(refund_id)
        if not owner.is_staff:
            if found.order_id is None:
                raise RefundNotFound
            try:
                await own_order(connection, owner, found.order_id)
            except OrderNotFound as error:
                raise RefundNotFound from error
    return found
