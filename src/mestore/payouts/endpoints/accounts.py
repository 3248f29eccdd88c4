"""HTTP for a vendor's bank account."""

import msgspec
from fastapi import Response

from mestore.accounts.errors import ApiKeyNotAllowed, RecentSignInRequired
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, refuses
from mestore.kernel.routing import Router
from mestore.payouts.deps import RecentVendor, ViewingVendor
from mestore.payouts.errors import BankAccountNotFound, HolderMismatch
from mestore.payouts.schemas import BankAccountIn, OwnAccountOut
from mestore.payouts.service.accounts import name_account
from mestore.payouts.views import get_account
from mestore.vendors.errors import NotAVendor

router = Router(prefix="/vendors/bank-account", tags=["vendors"])


@router.get(
    "",
    response_model=OwnAccountOut,
    responses=refuses(Unauthorized, Forbidden, NotAVendor, BankAccountNotFound),
)
async def read_account(vendor: ViewingVendor, db: Db) -> Response:
    """Read one's own bank account; of its number the last four digits."""
    async with db.read() as connection:
        found = await get_account(connection, vendor.id)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.put(
    "",
    response_model=OwnAccountOut,
    responses=refuses(
        Unauthorized, NotAVendor, ApiKeyNotAllowed, RecentSignInRequired, HolderMismatch
    ),
)
async def write_account(body: BankAccountIn, vendor: RecentVendor, db: Db) -> Response:
    """Name one's bank account, signed in at most ten minutes ago.

    Another account than before takes money after 72 hours, and the owner is written to.
    """
    async with db.transaction() as tx:
        await name_account(tx, vendor.id, body.account())
    async with db.read() as connection:
        found = await get_account(connection, vendor.id)
    return Response(msgspec.json.encode(found), media_type="application/json")
