"""Who looks at orders in this request."""

from typing import Annotated

from fastapi import Depends

from mestore.accounts.deps import MaybeUser
from mestore.accounts.types import UserType
from mestore.carts.deps import GuestSession
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db
from mestore.orders.types import Viewer
from mestore.vendors.service import VendorReads


async def viewer(user: MaybeUser, session: GuestSession, db: Db) -> Viewer:
    """Return what this caller may see: all, a vendor's parts, or their own orders."""
    if user is None:
        if session is None:
            raise Unauthorized
        return Viewer(guest_session=session)
    if user.is_staff:
        return Viewer(is_staff=True)
    if user.user_type is UserType.VENDOR:
        async with db.read() as connection:
            vendor = await VendorReads(connection).find_of_user(user.user_id)
        if vendor is not None:
            return Viewer(vendor_id=vendor.id)
    return Viewer(buyer_id=user.user_id)


CurrentViewer = Annotated[Viewer, Depends(viewer)]
