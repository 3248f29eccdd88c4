"""HTTP for staff: deciding about an order whose payment looked like a fraud."""

from typing import Annotated

import msgspec
from fastapi import Depends, Path, Response

from mestore.accounts.deps import require_person
from mestore.accounts.types import Caller, Permission
from mestore.checkout.service.review import decide_review
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import InTx, refuses
from mestore.kernel.routing import Router
from mestore.payments.errors import ReviewEnded, ReviewNotFound
from mestore.payments.schemas.fraud import DecisionIn, ReviewOut
from mestore.payments.service import read_review

router = Router(prefix="/admin/payments/fraud/reviews", tags=["admin"])

Managing = Annotated[Caller, Depends(require_person(Permission.PAYMENTS_MANAGE))]


@router.post(
    "/{review_id}/decide",
    response_model=ReviewOut,
    responses=refuses(Unauthorized, Forbidden, ReviewNotFound, ReviewEnded),
)
async def decide(
    review_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    body: DecisionIn,
    caller: Managing,
    tx: InTx,
) -> Response:
    """Let an order go on, or refuse it: then it is called off at once, and its money goes back."""
    is_approved = body.decision == "approve"
    await decide_review(tx, review_id, body.reason, caller.user_id, is_approved=is_approved)
    found = await read_review(tx.connection, review_id)
    return Response(msgspec.json.encode(found), media_type="application/json")
