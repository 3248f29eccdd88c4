"""Which vendor is calling."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends

from mestore.accounts.deps import AnyCaller, CurrentUser
from mestore.accounts.types import Caller, Permission
from mestore.kernel.errors import Forbidden
from mestore.kernel.http import Db
from mestore.vendors.service import vendor_of
from mestore.vendors.types import SellingVendor


async def current_vendor(caller: CurrentUser, db: Db) -> SellingVendor:
    """Return the vendor that the signed-in user owns, in any status; 403 where there is none."""
    async with db.read() as connection:
        return await vendor_of(connection, caller.user_id)


CurrentVendor = Annotated[SellingVendor, Depends(current_vendor)]


def vendor_who_can(
    permission: Permission,
) -> Callable[[Caller, Db], Awaitable[SellingVendor]]:
    """Return the dependency like `current_vendor` that takes API keys and asks for a permission."""

    async def check(caller: AnyCaller, db: Db) -> SellingVendor:
        async with db.read() as connection:
            vendor = await vendor_of(connection, caller.user_id)
        if not caller.can(permission):
            raise Forbidden
        return vendor

    return check
