"""SQL of plans, and of which vendor has which."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.commissions.models import CommissionPlan, CommissionPlanVendor
from mestore.commissions.types import Plan
from mestore.kernel.db import affected, inserted_id
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

_VENDORS = (
    select(func.count(CommissionPlanVendor.vendor_id))
    .where(CommissionPlanVendor.plan_id == CommissionPlan.id)
    .correlate(CommissionPlan)
    .scalar_subquery()
    .label("vendor_count")
)
_PLANS = select(
    CommissionPlan.id,
    CommissionPlan.name,
    _VENDORS,
    CommissionPlan.created_at,
    CommissionPlan.updated_at,
)
_ONE = _PLANS.where(CommissionPlan.id == bindparam("of_plan"))
_COUNT = select(func.count(CommissionPlan.id))
_BY_ID = SortKey("id", CommissionPlan.id, CommissionPlan.id, descending=False)
_NAMED = select(CommissionPlan.id).where(CommissionPlan.name == bindparam("of_name"))
_RENAME = (
    update(CommissionPlan)
    .where(CommissionPlan.id == bindparam("of_plan"))
    .values(name=bindparam("to_name"), updated_at=bindparam("moment"))
)
_REMOVE = delete(CommissionPlan).where(CommissionPlan.id == bindparam("of_plan"))
_ASSIGN = (
    update(CommissionPlanVendor)
    .where(CommissionPlanVendor.vendor_id == bindparam("of_vendor"))
    .values(plan_id=bindparam("to_plan"), assigned_at=bindparam("moment"))
)
_UNASSIGN = delete(CommissionPlanVendor).where(
    CommissionPlanVendor.vendor_id == bindparam("of_vendor")
)


@dataclass(frozen=True, slots=True)
class PlanRepository:
    """Plans of vendors."""

    connection: AsyncConnection

    async def find(self, plan_id: int) -> Plan | None:
        """Return a plan."""
        row = (await self.connection.execute(_ONE, {"of_plan": plan_id})).first()
        return Plan(*row) if row else None

    async def page(self, wanted: PageRequest) -> Page[Plan]:
        """Return a page of plans, the oldest first."""
        total: int = (await self.connection.execute(_COUNT)).scalar_one()
        rows = (await self.connection.execute(apply(_PLANS, wanted, _BY_ID))).all()
        return page_of([Plan(*row) for row in rows], wanted, _BY_ID, total, ("id", "id"))

    async def id_of(self, name: str) -> int | None:
        """Return the plan of this name."""
        return (await self.connection.execute(_NAMED, {"of_name": name})).scalar_one_or_none()

    async def add(self, name: str, moment: datetime) -> int:
        """Write a plan; its name is a unique key."""
        values = {"name": name, "created_at": moment, "updated_at": moment}
        return await inserted_id(self.connection, insert(CommissionPlan), values)

    async def rename(self, plan_id: int, name: str, moment: datetime) -> None:
        """Give a plan another name."""
        await affected(self.connection, _RENAME, of_plan=plan_id, to_name=name, moment=moment)

    async def remove(self, plan_id: int) -> None:
        """Delete a plan that nothing refers to."""
        await affected(self.connection, _REMOVE, of_plan=plan_id)

    async def assign(self, vendor_id: UUID, plan_id: int | None, moment: datetime) -> None:
        """Give a vendor a plan, or none."""
        if plan_id is None:
            await affected(self.connection, _UNASSIGN, of_vendor=vendor_id)
            return
        values = {"of_vendor": vendor_id, "to_plan": plan_id, "moment": moment}
        if await affected(self.connection, _ASSIGN, **values) == 0:
            row = {"vendor_id": vendor_id, "plan_id": plan_id, "assigned_at": moment}
            await self.connection.execute(insert(CommissionPlanVendor), row)
