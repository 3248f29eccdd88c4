"""Who looks at orders in this request."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from mestore.accounts.deps import CurrentUser, GuestSession, MaybeCaller
from mestore.accounts.types import Caller, Permission, UserType
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db
from mestore.orders.types import Viewer
from mestore.vendors.service import find_vendor_of


async def viewer(user: MaybeCaller, db: Db, session: GuestSession = None) -> Viewer:
    """Return what this caller may see: all, a vendor's parts, or their own orders."""
    if user is None:
        if session is None:
            raise Unauthorized
        return Viewer(guest_session=session)
    if user.oversees(Permission.ORDERS_VIEW):
        return Viewer(is_staff=True)
    may_view = user.can(Permission.ORDERS_VIEW)
    if user.key_id is not None and not may_view:
        raise Forbidden
    is_vendor = user.user_type is UserType.VENDOR and may_view
    vendor_id = await _vendor_id(user, db) if is_vendor else None
    return Viewer(vendor_id=vendor_id, buyer_id=user.user_id)


async def _vendor_id(user: Caller, db: Db) -> UUID | None:
    async with db.read() as connection:
        vendor = await find_vendor_of(connection, user.user_id)
    return vendor.id if vendor else None


CurrentViewer = Annotated[Viewer, Depends(viewer)]


async def shipper(user: CurrentUser, db: Db) -> Viewer:
    """Return whose parts this person may move on: all, or those of their own shop."""
    if user.oversees(Permission.ORDERS_UPDATE):
        return Viewer(is_staff=True, buyer_id=user.user_id)
    vendor_id = await _vendor_id(user, db) if user.can(Permission.ORDERS_UPDATE) else None
    if vendor_id is None:
        raise Forbidden
    return Viewer(vendor_id=vendor_id, buyer_id=user.user_id)


Shipper = Annotated[Viewer, Depends(shipper)]
