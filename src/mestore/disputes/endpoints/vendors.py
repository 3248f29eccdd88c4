"""HTTP for vendors: the disputes about their own parts of orders."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response

from mestore.accounts.types import Permission
from mestore.disputes.errors import DisputeNotFound, EvidenceTooLate
from mestore.disputes.schemas import EvidenceIn, VendorDisputeListOut, VendorDisputeOut
from mestore.disputes.service.claims import add_evidence
from mestore.disputes.types import DisputeFilter, DisputeState
from mestore.disputes.views import VendorDisputeViews
from mestore.kernel.db import Tx
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, IdempotencyHeader, Paging, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.vendors.deps import CurrentVendor, vendor_who_can
from mestore.vendors.types import SellingVendor

router = Router(prefix="/vendors/disputes", tags=["vendors"])

Viewing = Annotated[SellingVendor, Depends(vendor_who_can(Permission.ORDERS_VIEW))]


@router.get(
    "", response_model=VendorDisputeListOut, responses=refuses(Unauthorized, Forbidden, InvalidPage)
)
async def list_own_disputes(
    vendor: Viewing, paging: Paging, db: Db, state: DisputeState | None = None
) -> Response:
    """List the disputes about the shop's parts of orders, the newest first."""
    async with db.read() as connection:
        page = await VendorDisputeViews(connection, vendor.id).page(paging, DisputeFilter(state))
    body = {"disputes": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get(
    "/{dispute_id}",
    response_model=VendorDisputeOut,
    responses=refuses(Unauthorized, Forbidden, DisputeNotFound),
)
async def get_own_dispute(dispute_id: RowId, vendor: Viewing, db: Db) -> Response:
    """Read a dispute with the shop's own share and evidence."""
    async with db.read() as connection:
        found = await VendorDisputeViews(connection, vendor.id).get(dispute_id)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.post(
    "/{dispute_id}/evidence",
    status_code=201,
    response_model=VendorDisputeOut,
    responses=refuses(
        Unauthorized, Forbidden, DisputeNotFound, EvidenceTooLate, IdempotencyKeyReused
    ),
)
async def give_own_evidence(
    dispute_id: RowId,
    body: EvidenceIn,
    request: Request,
    vendor: CurrentVendor,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Say what speaks against a dispute, once per `Idempotency-Key`; the operator passes it on."""

    async def effect(tx: Tx) -> Answer:
        await add_evidence(tx, dispute_id, body.text, vendor.user_id, vendor.id)
        found = await VendorDisputeViews(tx.connection, vendor.id).get(dispute_id)
        return Answer(201, msgspec.json.encode(found))

    once = await once_of(request, key, f"user:{vendor.user_id}")
    return answered(await run_once(db, once, effect))
