"""Plans: groups of vendors that rules name. Only the operator's staff changes them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.commissions.errors import PlanInUse, PlanNameTaken, PlanNotFound
from mestore.commissions.repository.plans import PlanRepository
from mestore.commissions.repository.rules import RuleRepository
from mestore.commissions.types import Plan
from mestore.commissions.views.facts import plan_of
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.paging import Page, PageRequest
from mestore.vendors.errors import VendorNotFound


class PlanService:
    """Adds, renames and removes plans, and says which vendor has which."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.plans = PlanRepository(tx.connection)
        self.rules = RuleRepository(tx.connection)

    async def get(self, plan_id: int) -> Plan:
        """Return a plan; an unknown one is refused."""
        found = await self.plans.find(plan_id)
        if found is None:
            raise PlanNotFound
        return found

    async def add(self, name: str) -> int:
        """Add a plan and return its id."""
        if await self.plans.id_of(name) is not None:
            raise PlanNameTaken
        plan_id = await self.plans.add(name, now())
        act, subject = Act.COMMISSION_PLAN_ADDED, Subject.COMMISSION_PLAN
        record(self.tx, act, subject, plan_id, after={"name": name})
        return plan_id

    async def rename(self, plan_id: int, name: str) -> None:
        """Give a plan another name."""
        before = await self.get(plan_id)
        if await self.plans.id_of(name) not in {None, plan_id}:
            raise PlanNameTaken
        await self.plans.rename(plan_id, name, now())
        record(
            self.tx,
            Act.COMMISSION_PLAN_CHANGED,
            Subject.COMMISSION_PLAN,
            plan_id,
            before={"name": before.name},
            after={"name": name},
        )

    async def remove(self, plan_id: int) -> None:
        """Delete a plan that no vendor has and no rule names."""
        # Whoever writes a rule holds the list of rules too.
        await self.rules.grow()
        plan = await self.get(plan_id)
        naming = [
            rule for rule in await self.rules.all() if plan_id in rule.draft.conditions.plan_ids
        ]
        if plan.vendor_count or naming:
            raise PlanInUse(vendors=plan.vendor_count, rules=len(naming))
        await self.plans.remove(plan_id)
        act, subject = Act.COMMISSION_PLAN_REMOVED, Subject.COMMISSION_PLAN
        record(self.tx, act, subject, plan_id, before={"name": plan.name})

    async def assign(self, vendor_id: UUID, plan_id: int | None) -> None:
        """Give a vendor a plan, or none; orders placed from now on follow it."""
        before = await plan_of_vendor(self.tx.connection, vendor_id)
        if plan_id is not None:
            await self.get(plan_id)
        await self.plans.assign(vendor_id, plan_id, now())
        record(
            self.tx,
            Act.VENDOR_PLAN_SET,
            Subject.VENDOR,
            vendor_id,
            before={"plan_id": before},
            after={"plan_id": plan_id},
        )


async def page_plans(connection: AsyncConnection, wanted: PageRequest) -> Page[Plan]:
    """Return a page of plans, the oldest first."""
    return await PlanRepository(connection).page(wanted)


async def plan_of_vendor(connection: AsyncConnection, vendor_id: UUID) -> int | None:
    """Return which plan a vendor has; an unknown vendor is refused."""
    is_vendor, plan_id = await plan_of(connection, vendor_id)
    if not is_vendor:
        raise VendorNotFound
    return plan_id
