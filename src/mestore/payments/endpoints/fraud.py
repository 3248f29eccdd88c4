"""HTTP for staff: the fraud rules and the reviews. Deciding belongs to checkout."""

from typing import Annotated

import msgspec
from fastapi import Depends, Path, Response

from mestore.accounts.deps import require, require_person
from mestore.accounts.types import Caller, Permission
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.payments.errors import ReviewNotFound, RulesChanged
from mestore.payments.schemas.fraud import (
    ReviewListOut,
    ReviewOut,
    RulesIn,
    RulesOut,
    VersionListOut,
)
from mestore.payments.service import change_rules, rules_in_force
from mestore.payments.types.screening import FraudPolicy, ReviewState
from mestore.payments.views import get_review, page_reviews, page_versions

router = Router(prefix="/admin/payments/fraud", tags=["admin"])

Viewing = Annotated[Caller, Depends(require(Permission.PAYMENTS_VIEW))]
Managing = Annotated[Caller, Depends(require_person(Permission.PAYMENTS_MANAGE))]


@router.get("/rules", responses=refuses(Unauthorized, Forbidden))
async def get_rules(_: Viewing, db: Db) -> RulesOut:
    """Read the rules in force, with the version that a change is made from."""
    async with db.read() as connection:
        return RulesOut.of(await rules_in_force(connection, db.policy(FraudPolicy)))


@router.put("/rules", responses=refuses(Unauthorized, Forbidden, RulesChanged))
async def put_rules(body: RulesIn, caller: Managing, tx: InTx) -> RulesOut:
    """Write the next version of the rules; other processes know it within half a minute."""
    scores = (body.review_from, body.refuse_from)
    after = await change_rules(
        tx, body.version, scores, body.choices(), body.reason, caller.user_id
    )
    return RulesOut.of(after)


@router.get(
    "/rules/versions",
    response_model=VersionListOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage),
)
async def list_versions(_: Viewing, db: Db, paging: Paging) -> Response:
    """List the versions that staff wrote, the newest first."""
    async with db.read() as connection:
        page = await page_versions(connection, paging)
    body = {"versions": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get(
    "/reviews",
    response_model=ReviewListOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage),
)
async def list_reviews(
    _: Viewing,
    db: Db,
    paging: Paging,
    state: ReviewState | None = None,
    overdue: bool | None = None,
) -> Response:
    """List the orders that wait or waited for staff, the newest first."""
    async with db.read() as connection:
        page = await page_reviews(connection, paging, state, overdue)
    body = {"reviews": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get(
    "/reviews/{review_id}",
    response_model=ReviewOut,
    responses=refuses(Unauthorized, Forbidden, ReviewNotFound),
)
async def read_review(
    review_id: Annotated[int, Path(ge=1, le=2**63 - 1)], _: Viewing, db: Db
) -> Response:
    """Read a review with what the rules saw."""
    async with db.read() as connection:
        found = await get_review(connection, review_id)
    return Response(msgspec.json.encode(found), media_type="application/json")
