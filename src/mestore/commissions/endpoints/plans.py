"""HTTP for plans, and for which vendor has which."""

from uuid import UUID

import msgspec
from fastapi import Response

from mestore.commissions.deps import Managing, Overseeing
from mestore.commissions.errors import PlanInUse, PlanNameTaken, PlanNotFound
from mestore.commissions.schemas.answers import PlanOut, PlansOut, VendorPlanOut
from mestore.commissions.schemas.bodies import PlanIn, VendorPlanIn
from mestore.commissions.service.plans import PlanService, page_plans, plan_of_vendor
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage, PageTooDeep
from mestore.kernel.routing import Router
from mestore.vendors.errors import VendorNotFound

router = Router(prefix="/admin/commission-plans", tags=["admin"])
vendor_router = Router(prefix="/admin/vendors/{vendor_id}/commission-plan", tags=["admin"])


@router.get(
    "",
    response_model=PlansOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, PageTooDeep),
)
async def list_plans(_: Overseeing, paging: Paging, db: Db) -> PlansOut:
    """List the plans, the oldest first."""
    async with db.read() as connection:
        page = await page_plans(connection, paging)
    return PlansOut(
        plans=[PlanOut.of(plan) for plan in page.rows],
        pagination=msgspec.to_builtins(page.pagination),
    )


@router.post("", status_code=201, responses=refuses(Unauthorized, Forbidden, PlanNameTaken))
async def add_plan(body: PlanIn, _: Managing, tx: InTx, response: Response) -> PlanOut:
    """Add a plan."""
    service = PlanService(tx)
    plan_id = await service.add(body.name)
    response.headers["location"] = f"/api/v1/admin/commission-plans/{plan_id}"
    return PlanOut.of(await service.get(plan_id))


@router.put("/{plan_id}", responses=refuses(Unauthorized, Forbidden, PlanNotFound, PlanNameTaken))
async def rename_plan(plan_id: RowId, body: PlanIn, _: Managing, tx: InTx) -> PlanOut:
    """Give a plan another name."""
    service = PlanService(tx)
    await service.rename(plan_id, body.name)
    return PlanOut.of(await service.get(plan_id))


@router.delete(
    "/{plan_id}",
    status_code=204,
    responses=refuses(Unauthorized, Forbidden, PlanNotFound, PlanInUse),
)
async def delete_plan(plan_id: RowId, _: Managing, tx: InTx) -> None:
    """Delete a plan that no vendor has and no rule names."""
    await PlanService(tx).remove(plan_id)


@vendor_router.get("", responses=refuses(Unauthorized, Forbidden, VendorNotFound))
async def vendor_plan(vendor_id: UUID, _: Overseeing, db: Db) -> VendorPlanOut:
    """Say which plan a vendor has."""
    async with db.read() as connection:
        plan_id = await plan_of_vendor(connection, vendor_id)
    return VendorPlanOut(vendor_id=vendor_id, plan_id=plan_id)


@vendor_router.put("", responses=refuses(Unauthorized, Forbidden, VendorNotFound, PlanNotFound))
async def assign_plan(vendor_id: UUID, body: VendorPlanIn, _: Managing, tx: InTx) -> VendorPlanOut:
    """Give a vendor a plan, or none; orders placed from now on follow it."""
    await PlanService(tx).assign(vendor_id, body.plan_id)
    return VendorPlanOut(vendor_id=vendor_id, plan_id=body.plan_id)
