"""Which vendor is calling."""

from typing import Annotated

from fastapi import Depends

from mestore.accounts.deps import CurrentUser
from mestore.kernel.http import Db
from mestore.vendors.service import vendor_of
from mestore.vendors.types import SellingVendor


async def current_vendor(caller: CurrentUser, db: Db) -> SellingVendor:
    """Return the vendor that the signed-in user owns, in any status; 403 where there is none."""
    async with db.read() as connection:
        return await vendor_of(connection, caller.user_id)


CurrentVendor = Annotated[SellingVendor, Depends(current_vendor)]
