"""Whose earnings a request is about."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.earnings.errors import VendorNeeded
from mestore.kernel.http import Db
from mestore.vendors.errors import VendorNotFound
from mestore.vendors.service import vendor_of, vendor_with
from mestore.vendors.types import SellingVendor

Viewing = Annotated[Caller, Depends(require(Permission.PAYOUTS_VIEW))]


async def asked_vendor(caller: Viewing, db: Db, vendor_id: UUID | None = None) -> SellingVendor:
    """Return the caller's own shop; staff names any by `vendor_id`.

    Raises `VendorNeeded` where staff names none, and `VendorNotFound` for a shop of somebody else.
    """
    async with db.read() as connection:
        if caller.oversees(Permission.PAYOUTS_VIEW):
            if vendor_id is None:
                raise VendorNeeded
            return await vendor_with(connection, vendor_id)
        own = await vendor_of(connection, caller.user_id)
    if vendor_id not in {None, own.id}:
        raise VendorNotFound
    return own


AskedVendor = Annotated[SellingVendor, Depends(asked_vendor)]
