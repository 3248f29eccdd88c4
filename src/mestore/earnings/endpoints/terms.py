"""HTTP for the terms of vendors, and for what the operator gives or charges them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, status

from mestore.accounts.deps import require_person, require_recent
from mestore.accounts.errors import ApiKeyNotAllowed, RecentSignInRequired
from mestore.accounts.types import Caller, Permission
from mestore.earnings.errors import AdjustmentKnown
from mestore.earnings.schemas import AdjustmentIn, AdjustmentOut, TermsIn, TermsOut
from mestore.earnings.service import EarningsService
from mestore.earnings.service.adjust import adjust
from mestore.earnings.service.terms import read_terms, set_terms
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import InTx, refuses
from mestore.kernel.routing import Router
from mestore.vendors.errors import VendorNotFound

router = Router(prefix="/admin/vendors", tags=["admin"])

Managing = Annotated[Caller, Depends(require_person(Permission.PAYOUTS_APPROVE))]
Deciding = Annotated[Caller, Depends(require_recent(Permission.PAYOUTS_APPROVE))]
_REFUSALS = (Unauthorized, Forbidden, VendorNotFound)


@router.get("/{vendor_id}/terms", responses=refuses(*_REFUSALS))
async def get_terms(vendor_id: UUID, _: Managing, tx: InTx) -> TermsOut:
    """Say what is kept back of a vendor's releases, and for how long."""
    return TermsOut.of(vendor_id, await read_terms(tx, vendor_id))


@router.put("/{vendor_id}/terms", responses=refuses(*_REFUSALS))
async def put_terms(vendor_id: UUID, body: TermsIn, _: Managing, tx: InTx) -> TermsOut:
    """Set what is kept back of a vendor's releases from now on, by how risky it is."""
    await set_terms(tx, vendor_id, body.terms(), body.reason)
    return TermsOut.of(vendor_id, body.terms())


@router.post(
    "/{vendor_id}/adjustments",
    status_code=status.HTTP_201_CREATED,
    responses=refuses(*_REFUSALS, ApiKeyNotAllowed, RecentSignInRequired, AdjustmentKnown),
)
async def post_adjustment(
    vendor_id: UUID, body: AdjustmentIn, caller: Deciding, tx: InTx
) -> AdjustmentOut:
    """Give a vendor an amount, or charge it a negative one, signed in at most ten minutes ago."""
    wish = body.adjustment()
    adjustment_id = await adjust(tx, vendor_id, wish, caller.user_id)
    return AdjustmentOut(
        id=adjustment_id,
        vendor_id=vendor_id,
        amount=wish.amount_minor,
        reference=wish.reference,
        reason=wish.reason,
        available=await EarningsService(tx).available(vendor_id),
    )
