"""HTTP for releasing what vendors earned by the word of staff."""

from typing import Annotated

import msgspec
from fastapi import Depends, Response

from mestore.accounts.deps import require_person
from mestore.accounts.types import Caller, Permission, UserType
from mestore.earnings.errors import EarlyNotAllowed
from mestore.earnings.schemas import ApprovalsOut, ApproveIn, approvals_body
from mestore.earnings.service.approve import approve
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, refuses
from mestore.kernel.routing import Router

router = Router(prefix="/commissions/approve", tags=["commissions"])

Managing = Annotated[Caller, Depends(require_person(Permission.COMMISSIONS_MANAGE))]


@router.post(
    "", response_model=ApprovalsOut, responses=refuses(Unauthorized, Forbidden, EarlyNotAllowed)
)
async def approve_commissions(body: ApproveIn, caller: Managing, db: Db) -> Response:
    """Release the parts of vendors now that were delivered and whose right of withdrawal ended.

    A commission stands for its vendor's whole part of the order. Each id gets an answer of its
    own; what cannot be released yet says from when it can. `early` is for superusers: it does not
    wait for the right of withdrawal, and never goes before the delivery. A repeat changes nothing.
    """
    if body.early and caller.user_type is not UserType.SUPERUSER:
        raise EarlyNotAllowed
    reason = body.reason if body.early else None
    found = await approve(
        db, list(dict.fromkeys(body.commission_ids)), list(dict.fromkeys(body.order_ids)), reason
    )
    return Response(msgspec.json.encode(approvals_body(found)), media_type="application/json")
