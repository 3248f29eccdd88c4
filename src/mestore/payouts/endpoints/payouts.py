"""HTTP for payouts: asked for by vendors, decided about by the operator."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Request, Response

from mestore.accounts.errors import ApiKeyNotAllowed, RecentSignInRequired
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, IdempotencyHeader, Paging, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.payouts.deps import Deciding, Scope
from mestore.payouts.errors import (
    AlreadyApprovedByYou,
    BankAccountOnHold,
    BankAccountRejected,
    BelowMinimum,
    InsufficientBalance,
    NegativeBalance,
    NoBankAccount,
    OwnPayout,
    PayoutNotFound,
    PayoutNotPossible,
    VendorSuspended,
    WalletFull,
)
from mestore.payouts.schemas import (
    PaidIn,
    PayoutIn,
    PayoutListOut,
    PayoutOut,
    PayoutQuery,
    RejectIn,
)
from mestore.payouts.service.decide import approve, cancel, pay_by_hand, reject
from mestore.payouts.service.request import request_payout
from mestore.payouts.views import PayoutViews
from mestore.vendors.deps import CurrentVendor
from mestore.vendors.errors import NotAVendor

router = Router(prefix="/payouts", tags=["payouts"])

_STAFF = refuses(
    Unauthorized,
    Forbidden,
    ApiKeyNotAllowed,
    RecentSignInRequired,
    OwnPayout,
    PayoutNotFound,
    PayoutNotPossible,
)


@router.get(
    "", response_model=PayoutListOut, responses=refuses(Unauthorized, Forbidden, InvalidPage)
)
async def list_payouts(
    query: Annotated[PayoutQuery, Query()], paging: Paging, scope: Scope, db: Db
) -> Response:
    """List payouts, the newest first: a vendor's own, or for the operator those of all."""
    async with db.read() as connection:
        page = await PayoutViews(connection, scope).page(paging, query.filter())
    body = {"payouts": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.post(
    "",
    status_code=201,
    response_model=PayoutOut,
    responses=refuses(
        Unauthorized,
        NotAVendor,
        ApiKeyNotAllowed,
        VendorSuspended,
        NegativeBalance,
        InsufficientBalance,
        BelowMinimum,
        WalletFull,
        NoBankAccount,
        BankAccountOnHold,
        BankAccountRejected,
        IdempotencyKeyReused,
    ),
)
async def ask_for_payout(
    body: PayoutIn,
    request: Request,
    vendor: CurrentVendor,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Ask for money as a vendor, once per `Idempotency-Key`: an amount, or all that is available.

    It waits for the operator's approval; until then it can be called off. Of all that is available
    goes to a wallet what it may take in this month.
    """

    async def effect(tx: Tx) -> Answer:
        found = await request_payout(tx, vendor, body.amount_minor, vendor.user_id)
        return Answer(201, str(found).encode())

    once = await once_of(request, key, f"user:{vendor.user_id}")
    answer = await run_once(db, once, effect)
    return await _shown(db, answer, vendor.id)


@router.get(
    "/{payout_id}",
    response_model=PayoutOut,
    responses=refuses(Unauthorized, Forbidden, PayoutNotFound),
)
async def get_payout(payout_id: UUID, scope: Scope, db: Db) -> Response:
    """Read how a payout stands."""
    return await _read(db, payout_id, scope)


@router.post(
    "/{payout_id}/approve",
    response_model=PayoutOut,
    responses=_STAFF | refuses(PayoutNotPossible, AlreadyApprovedByYou),
)
async def approve_payout(
    payout_id: UUID,
    request: Request,
    caller: Deciding,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Approve a payout, signed in at most ten minutes ago.

    From PAYOUT_FOUR_EYES_FROM on it takes two people, neither of whom asked for it or gets it.
    """

    async def effect(tx: Tx) -> Answer:
        await approve(tx, payout_id, caller.user_id)
        return Answer(200, str(payout_id).encode())

    once = await once_of(request, key, f"user:{caller.user_id}")
    return await _shown(db, await run_once(db, once, effect), None)


@router.post("/{payout_id}/reject", response_model=PayoutOut, responses=_STAFF)
async def reject_payout(
    payout_id: UUID,
    body: RejectIn,
    request: Request,
    caller: Deciding,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Refuse a payout that was not sent: its money is available to the vendor again."""

    async def effect(tx: Tx) -> Answer:
        await reject(tx, payout_id, caller.user_id, body.reason)
        return Answer(200, str(payout_id).encode())

    once = await once_of(request, key, f"user:{caller.user_id}")
    return await _shown(db, await run_once(db, once, effect), None)


@router.post("/{payout_id}/pay", response_model=PayoutOut, responses=_STAFF)
async def pay_payout(
    payout_id: UUID,
    body: PaidIn,
    request: Request,
    caller: Deciding,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Say that an approved payout was transferred by hand, with the bank's reference."""

    async def effect(tx: Tx) -> Answer:
        await pay_by_hand(tx, payout_id, caller.user_id, body.bank_reference)
        return Answer(200, str(payout_id).encode())

    once = await once_of(request, key, f"user:{caller.user_id}")
    return await _shown(db, await run_once(db, once, effect), None)


@router.delete(
    "/{payout_id}",
    response_model=PayoutOut,
    responses=refuses(Unauthorized, NotAVendor, PayoutNotFound, PayoutNotPossible),
)
async def cancel_payout(payout_id: UUID, vendor: CurrentVendor, db: Db) -> Response:
    """Call off one's own payout while nobody has decided about it."""
    async with db.transaction() as tx:
        await cancel(tx, payout_id, vendor.id)
    return await _read(db, payout_id, vendor.id)


async def _read(db: Database, payout_id: UUID, scope: UUID | None) -> Response:
    async with db.read() as connection:
        found = await PayoutViews(connection, scope).get(payout_id)
    return Response(msgspec.json.encode(found), media_type="application/json")


async def _shown(db: Database, answer: Answer, scope: UUID | None) -> Response:
    """Return the payout whose id the answer holds; a refusal that is remembered as it is."""
    if answer.status not in {200, 201}:
        return answered(answer)
    async with db.read() as connection:
        found = await PayoutViews(connection, scope).get(UUID(answer.body.decode()))
    body = msgspec.json.encode(found)
    return answered(Answer(answer.status, body, replayed=answer.replayed))
