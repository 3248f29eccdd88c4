"""What endpoints of payouts ask for: whose payouts are seen, and the outside world."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from mestore.accounts.deps import RecentUser, require, require_recent
from mestore.accounts.types import Caller, Permission
from mestore.kernel.errors import Forbidden
from mestore.kernel.http import Db
from mestore.payouts.service.world import PayoutWorld
from mestore.vendors.deps import vendor_who_can
from mestore.vendors.service import vendor_of
from mestore.vendors.types import SellingVendor

Viewing = Annotated[Caller, Depends(require(Permission.PAYOUTS_VIEW))]
Deciding = Annotated[Caller, Depends(require_recent(Permission.PAYOUTS_APPROVE))]
ViewingVendor = Annotated[SellingVendor, Depends(vendor_who_can(Permission.PAYOUTS_VIEW))]


async def overseer(caller: Viewing) -> Caller:
    """Return the caller who sees the payouts of all vendors; 403 for a vendor."""
    if not caller.oversees(Permission.PAYOUTS_VIEW):
        raise Forbidden
    return caller


Overseeing = Annotated[Caller, Depends(overseer)]


async def scope(caller: Viewing, db: Db) -> UUID | None:
    """Return the vendor whose payouts the caller sees, None where it is all of them."""
    if caller.oversees(Permission.PAYOUTS_VIEW):
        return None
    async with db.read() as connection:
        return (await vendor_of(connection, caller.user_id)).id


Scope = Annotated[UUID | None, Depends(scope)]


async def recent_vendor(caller: RecentUser, db: Db) -> SellingVendor:
    """Return the vendor that a person owns who signed in a moment ago."""
    async with db.read() as connection:
        return await vendor_of(connection, caller.user_id)


RecentVendor = Annotated[SellingVendor, Depends(recent_vendor)]


async def payout_world(request: Request) -> PayoutWorld:
    """Return the database and the provider of payouts."""
    return cast(PayoutWorld, request.app.state.payouts)


World = Annotated[PayoutWorld, Depends(payout_world)]
