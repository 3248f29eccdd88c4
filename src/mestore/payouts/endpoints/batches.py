"""HTTP for batches of payouts: made, sent, followed and answered by the operator."""

from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response

from mestore.accounts.errors import ApiKeyNotAllowed, RecentSignInRequired
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, IdempotencyHeader, Paging, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.payouts.deps import Deciding, Overseeing, World
from mestore.payouts.errors import (
    BatchNotFound,
    BatchSent,
    ChannelMissing,
    NoFile,
    NotBatchable,
    NothingToSend,
    OwnPayout,
    ResultsNotTaken,
)
from mestore.payouts.schemas import AppliedOut, BatchIn, BatchListOut, BatchOut, ResultsIn
from mestore.payouts.service.batches import call_off, make_batch, note_results
from mestore.payouts.service.files import file_of
from mestore.payouts.service.send import send
from mestore.payouts.types import BatchState, Channel
from mestore.payouts.views import get_batch, page_batches

router = Router(prefix="/admin/payout-batches", tags=["admin"])

_STAFF = (Unauthorized, Forbidden, ApiKeyNotAllowed, RecentSignInRequired, BatchNotFound)


@router.get(
    "", response_model=BatchListOut, responses=refuses(Unauthorized, Forbidden, InvalidPage)
)
async def list_batches(
    _: Overseeing,
    paging: Paging,
    db: Db,
    state: BatchState | None = None,
    channel: Channel | None = None,
) -> Response:
    """List batches, the newest first."""
    async with db.read() as connection:
        page = await page_batches(connection, paging, state, channel)
    body = {"batches": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.post(
    "",
    status_code=201,
    response_model=BatchOut,
    responses=refuses(*_STAFF, ChannelMissing, NotBatchable, NothingToSend, IdempotencyKeyReused),
)
async def add_batch(
    body: BatchIn,
    request: Request,
    caller: Deciding,
    world: World,
    key: IdempotencyHeader = None,
) -> Response:
    """Put approved payouts into a batch, once per `Idempotency-Key`: these, or all of them.

    A BANK_FILE has its file at /file; a WOMPI batch is sent at once, or as soon as Wompi answers.
    """

    async def effect(tx: Tx) -> Answer:
        found = await make_batch(tx, world, body.channel, body.payout_ids, caller.user_id)
        return Answer(201, str(found).encode())

    once = await once_of(request, key, f"user:{caller.user_id}")
    answer = await run_once(world.database, once, effect)
    if answer.status != 201:
        return answered(answer)
    batch_id = int(answer.body)
    if body.channel is Channel.WOMPI:
        await send(world, batch_id)
    async with world.database.read() as connection:
        found = await get_batch(connection, batch_id)
    return answered(Answer(201, msgspec.json.encode(found), replayed=answer.replayed))


@router.get("/{batch_id}", response_model=BatchOut, responses=refuses(*_STAFF))
async def read_batch(batch_id: RowId, _: Overseeing, db: Db) -> Response:
    """Read how a batch stands; GET /payouts?batch_id= lists what is in it."""
    return await _read(db, batch_id)


@router.delete("/{batch_id}", response_model=BatchOut, responses=refuses(*_STAFF, BatchSent))
async def call_batch_off(batch_id: RowId, _: Deciding, db: Db) -> Response:
    """Take a batch apart that is still READY; its payouts may go into another one."""
    async with db.transaction() as tx:
        if not await call_off(tx, batch_id):
            raise BatchSent
    return await _read(db, batch_id)


@router.get("/{batch_id}/file", response_class=Response, responses=refuses(*_STAFF, NoFile))
async def download(
    batch_id: RowId,
    _: Deciding,
    db: Db,
    layout: Annotated[Literal["csv", "fixed"], Query()] = "csv",
) -> Response:
    """Download the file for the bank: the same bytes however often."""
    async with db.read() as connection:
        body = await file_of(connection, batch_id, is_fixed=layout == "fixed")
    name = f"payouts-{batch_id}.{'txt' if layout == 'fixed' else 'csv'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, 200, headers, "text/plain" if layout == "fixed" else "text/csv")


@router.post("/{batch_id}/results", responses=refuses(*_STAFF, OwnPayout, ResultsNotTaken))
async def enter_results(
    batch_id: RowId, body: ResultsIn, caller: Deciding, world: World
) -> AppliedOut:
    """Enter what a bank answered; a repeat changes nothing, what breaks off is sent again."""
    return AppliedOut.of(await note_results(world, batch_id, body.lines(), caller.user_id))


async def _read(db: Database, batch_id: int) -> Response:
    async with db.read() as connection:
        found = await get_batch(connection, batch_id)
    return Response(msgspec.json.encode(found), media_type="application/json")
