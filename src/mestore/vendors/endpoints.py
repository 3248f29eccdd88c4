"""HTTP for vendors: registering, the public profile, one's own, and the operator's decisions."""

from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from fastapi import Depends, Query, Request, Response

from mestore.accounts.deps import (
    CallingDevice,
    CurrentUser,
    GuestSession,
    MaybeCaller,
    PasswordHasher,
    require,
)
from mestore.accounts.errors import EmailTaken
from mestore.accounts.types import Caller, Permission
from mestore.kernel.cache import HotRoute, tag
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.paging import InvalidPage, UnknownSort
from mestore.kernel.routing import Router
from mestore.vendors.deps import CurrentVendor
from mestore.vendors.errors import NitTaken, NotAVendor, NotYourShop, VendorNotFound
from mestore.vendors.schemas import (
    VendorChanged,
    VendorIn,
    VendorRegisterIn,
    VendorsOut,
    VendorStatusIn,
)
from mestore.vendors.service import VendorService
from mestore.vendors.service import register as register_vendor
from mestore.vendors.types import PublicVendor, RegisteredVendor, SellingVendor, VendorStatus
from mestore.vendors.views import find_vendor, page_vendors

log = structlog.get_logger(__name__)

router = Router(prefix="/vendors", tags=["vendors"])
admin_router = Router(prefix="/admin/vendors", tags=["admin"])


Viewing = Annotated[Caller, Depends(require(Permission.VENDORS_VIEW))]
Deciding = Annotated[Caller, Depends(require(Permission.VENDORS_MANAGE))]


@router.post("/register", status_code=201, responses=refuses(EmailTaken, NitTaken))
async def register(
    body: VendorRegisterIn,
    device: CallingDevice,
    guest_session: GuestSession = None,
    *,
    db: Db,
    passwords: PasswordHasher,
) -> RegisteredVendor:
    """Create a vendor's account with its shop, and sign in."""
    return await register_vendor(
        db, passwords, body.person(), body.password, body.business(), device, guest_session
    )


@router.put("/profile", responses=refuses(Unauthorized, NotAVendor))
async def update_own_profile(body: VendorIn, vendor: CurrentVendor, tx: InTx) -> VendorChanged:
    """Change one's own shop."""
    return VendorChanged(vendor=await VendorService(tx).update_profile(vendor.id, body.changes()))


async def get_vendor(vendor_id: UUID, caller: MaybeCaller, request: Request, db: Db) -> Response:
    """Return a shop that is open; its owner and the operator see it in any status."""
    tag(request, f"vendor:{vendor_id}")
    async with db.read() as connection:
        vendor = await find_vendor(connection, vendor_id)
    if vendor is None or not _may_see(caller, vendor.user_id, vendor.status):
        raise VendorNotFound()
    return Response(msgspec.json.encode(vendor.public()), media_type="application/json")


router.add_api_route(
    "/{vendor_id}",
    get_vendor,
    methods=["GET"],
    response_model=PublicVendor,
    responses=refuses(VendorNotFound),
    route_class_override=HotRoute,
)


@router.put("/{vendor_id}", responses=refuses(Unauthorized, NotYourShop, VendorNotFound))
async def update_vendor(
    vendor_id: UUID, body: VendorIn, caller: CurrentUser, tx: InTx
) -> VendorChanged:
    """Change a shop, as its owner or the operator."""
    vendors = VendorService(tx)
    _check_may_change(caller, await vendors.get(vendor_id))
    return VendorChanged(vendor=await vendors.update_profile(vendor_id, body.changes()))


@admin_router.get(
    "",
    response_model=VendorsOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, UnknownSort),
)
async def list_vendors(
    _: Viewing,
    paging: Paging,
    db: Db,
    status: VendorStatus | None = None,
    sort: Annotated[str | None, Query(max_length=50)] = None,
) -> Response:
    """List all vendors, the newest first; sort by created_at or business_name."""
    async with db.read() as connection:
        page = await page_vendors(connection, paging, status=status, sort=sort)
    answer = {"vendors": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@admin_router.put("/{vendor_id}/status", responses=refuses(Unauthorized, Forbidden, VendorNotFound))
async def set_status(
    vendor_id: UUID, body: VendorStatusIn, caller: Deciding, tx: InTx
) -> VendorChanged:
    """Approve or suspend a vendor; the status it has already changes nothing."""
    vendors = VendorService(tx)
    if body.status is VendorStatus.APPROVED:
        vendor = await vendors.approve(vendor_id)
    else:
        vendor = await vendors.suspend(vendor_id, body.reason)
    log.info(
        "vendor_status_set",
        vendor_id=str(vendor_id),
        status=vendor.status.value,
        reason=body.reason,
        by=str(caller.user_id),
    )
    return VendorChanged(vendor=vendor)


def _may_see(caller: Caller | None, owner_id: UUID, status: VendorStatus) -> bool:
    if status is VendorStatus.APPROVED:
        return True
    if caller is None:
        return False
    return caller.oversees(Permission.VENDORS_VIEW) or caller.user_id == owner_id


def _check_may_change(caller: Caller, vendor: SellingVendor) -> None:
    if caller.oversees(Permission.VENDORS_MANAGE) or caller.user_id == vendor.user_id:
        return
    raise NotYourShop() if _may_see(caller, vendor.user_id, vendor.status) else VendorNotFound()
