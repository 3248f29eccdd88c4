"""HTTP for staff: all disputes, claims that came by mail, and decisions."""

from typing import Annotated

import msgspec
from fastapi import Depends, Query, Request, Response

from mestore.accounts.deps import require, require_person
from mestore.accounts.types import Caller, Permission
from mestore.disputes.errors import (
    DisputeDecided,
    DisputeKnown,
    DisputeNotFound,
    DisputeTooLarge,
    EvidenceTooLate,
    NothingToDispute,
)
from mestore.disputes.schemas import (
    ClaimIn,
    DisputeListOut,
    DisputeOut,
    DisputeQuery,
    EvidenceIn,
    StateIn,
)
from mestore.disputes.service import DisputeService
from mestore.disputes.service.claims import add_evidence, open_claim
from mestore.disputes.views import DisputeViews
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, IdempotencyHeader, Paging, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.orders.errors import OrderNotFound

router = Router(prefix="/admin/disputes", tags=["admin"])

Viewing = Annotated[Caller, Depends(require(Permission.PAYMENTS_VIEW))]
Managing = Annotated[Caller, Depends(require_person(Permission.PAYMENTS_MANAGE))]


@router.get(
    "", response_model=DisputeListOut, responses=refuses(Unauthorized, Forbidden, InvalidPage)
)
async def list_disputes(
    _: Viewing, query: Annotated[DisputeQuery, Query()], paging: Paging, db: Db
) -> Response:
    """List disputes, the newest first."""
    async with db.read() as connection:
        page = await DisputeViews(connection).page(paging, query.filter())
    body = {"disputes": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.post(
    "",
    status_code=201,
    response_model=DisputeOut,
    responses=refuses(
        Unauthorized,
        Forbidden,
        OrderNotFound,
        NothingToDispute,
        DisputeTooLarge,
        DisputeKnown,
        IdempotencyKeyReused,
    ),
)
async def open_dispute(
    body: ClaimIn, request: Request, caller: Managing, db: Db, key: IdempotencyHeader = None
) -> Response:
    """Write down a claim that reached the operator by mail, once per `Idempotency-Key`.

    `bank_reference` is the bank's own number of the claim; the same one is refused twice.
    """

    async def effect(tx: Tx) -> Answer:
        dispute_id = await open_claim(tx, body.claim(), caller.user_id)
        found = await DisputeViews(tx.connection).get(dispute_id)
        return Answer(201, msgspec.json.encode(found))

    once = await once_of(request, key, f"user:{caller.user_id}")
    return answered(await run_once(db, once, effect))


@router.get(
    "/{dispute_id}",
    response_model=DisputeOut,
    responses=refuses(Unauthorized, Forbidden, DisputeNotFound),
)
async def get_dispute(dispute_id: RowId, _: Viewing, db: Db) -> Response:
    """Read a dispute with its parts, evidence and history."""
    return await _shown(db, dispute_id)


@router.post(
    "/{dispute_id}/evidence",
    status_code=201,
    response_model=DisputeOut,
    responses=refuses(
        Unauthorized, Forbidden, DisputeNotFound, EvidenceTooLate, IdempotencyKeyReused
    ),
)
async def give_evidence(
    dispute_id: RowId,
    body: EvidenceIn,
    request: Request,
    caller: Managing,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Add to the evidence, once per `Idempotency-Key`; it is sent to the bank by hand."""

    async def effect(tx: Tx) -> Answer:
        await add_evidence(tx, dispute_id, body.text, caller.user_id)
        found = await DisputeViews(tx.connection).get(dispute_id)
        return Answer(201, msgspec.json.encode(found))

    once = await once_of(request, key, f"user:{caller.user_id}")
    return answered(await run_once(db, once, effect))


@router.put(
    "/{dispute_id}/state",
    response_model=DisputeOut,
    responses=refuses(Unauthorized, Forbidden, DisputeNotFound, DisputeDecided),
)
async def set_state(dispute_id: RowId, body: StateIn, caller: Managing, db: Db) -> Response:
    """Note that evidence was sent, or what was decided; a repeat changes nothing."""
    async with db.transaction() as tx:
        await DisputeService(tx).decide(
            dispute_id, body.decision(), caller.user_id, correct=body.correct
        )
    return await _shown(db, dispute_id)


async def _shown(db: Database, dispute_id: int) -> Response:
    async with db.read() as connection:
        found = await DisputeViews(connection).get(dispute_id)
    return Response(msgspec.json.encode(found), media_type="application/json")
