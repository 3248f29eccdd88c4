"""What the endpoints of bulk work ask for."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from mestore.accounts.types import Caller, Permission
from mestore.bulk.errors import VendorRequired
from mestore.bulk.service.workshop import Workshop
from mestore.bulk.types import BulkPolicy
from mestore.kernel.db import Database
from mestore.kernel.errors import Forbidden
from mestore.vendors.errors import VendorNotFound
from mestore.vendors.service import VendorService, vendor_of


async def workshop(request: Request) -> Workshop:
    """Return what jobs work with."""
    return cast(Workshop, request.app.state.workshop)


async def bulk_policy(request: Request) -> BulkPolicy:
    """Return how large uploads may be."""
    return cast(BulkPolicy, request.app.state.bulk_policy)


Works = Annotated[Workshop, Depends(workshop)]
Limits = Annotated[BulkPolicy, Depends(bulk_policy)]


async def shop_of(
    db: Database, caller: Caller, vendor_id: UUID | None, *permissions: Permission
) -> UUID:
    """Return whose products a caller works on: its own, or for staff those they name.

    Raises `Forbidden`, `VendorRequired`, `VendorNotFound`.
    """
    if not all(caller.can(permission) for permission in permissions):
        raise Forbidden
    if all(caller.oversees(permission) for permission in permissions):
        if vendor_id is None:
            raise VendorRequired
        async with db.transaction() as tx:
            return (await VendorService(tx).get(vendor_id)).id
    async with db.read() as connection:
        vendor = await vendor_of(connection, caller.user_id)
    if vendor_id not in {None, vendor.id}:
        raise VendorNotFound
    return vendor.id
