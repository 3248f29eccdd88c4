"""Every SQL statement that writes releases, terms and adjustments, and the reads it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.earnings.models import Release, VendorAdjustment, VendorTerms
from mestore.earnings.types import Planned, Terms
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import affected, inserted_id, rows_of, unless_taken

_PLANNED = select(*(getattr(Release, each.name) for each in fields(Planned)))
_BY_PART = _PLANNED.where(
    Release.order_id == bindparam("order_id"), Release.vendor_id == bindparam("vendor_id")
)
_DUE = (
    _PLANNED.where(Release.check_at <= bindparam("moment"))
    .order_by(Release.check_at, Release.id)
    .limit(bindparam("most"))
)
_MOMENT = UtcDateTime()
_MARK = (
    update(Release)
    .where(Release.id == bindparam("of_id"), Release.released_at.is_(None))
    .values(
        released_at=bindparam("moment", type_=_MOMENT),
        amount_minor=bindparam("amount"),
        reserve_minor=bindparam("reserve"),
        reserve_due_at=bindparam("reserve_due", type_=_MOMENT),
        check_at=bindparam("next_check", type_=_MOMENT),
    )
)
_MARK_RESERVE = (
    update(Release)
    .where(Release.id == bindparam("of_id"), Release.reserve_released_at.is_(None))
    .values(reserve_released_at=bindparam("moment", type_=_MOMENT), check_at=None)
)
_POSTPONE = (
    update(Release)
    .where(Release.id == bindparam("of_id"), Release.check_at.is_not(None))
    .values(check_at=bindparam("next_check", type_=_MOMENT))
)
_MOVE_DUE = (
    update(Release)
    .where(Release.id == bindparam("of_id"), Release.released_at.is_(None))
    .values(due_at=bindparam("due", type_=_MOMENT), check_at=bindparam("next_check", type_=_MOMENT))
)
_newer = func.coalesce(
    func.sum(Release.amount_minor - Release.reserve_minor).over(
        order_by=(Release.released_at.desc(), Release.id.desc()), rows=(None, -1)
    ),
    0,
)
_RELEASED = (
    select(Release.released_at, _newer.label("newer_minor"))
    .where(
        Release.vendor_id == bindparam("vendor_id"),
        Release.released_at <= bindparam("moment", type_=_MOMENT),
    )
    .subquery()
)
_DRAWN_UNTIL = select(func.max(_RELEASED.c.released_at)).where(
    _RELEASED.c.newer_minor >= bindparam("left_minor")
)
_TERMS = select(VendorTerms.reserve_basis_points, VendorTerms.reserve_days).where(
    VendorTerms.vendor_id == bindparam("vendor_id")
)
_CHANGE_TERMS = (
    update(VendorTerms)
    .where(VendorTerms.vendor_id == bindparam("of_vendor"))
    .values(
        reserve_basis_points=bindparam("basis_points"),
        reserve_days=bindparam("days"),
        updated_at=bindparam("moment", type_=_MOMENT),
    )
)

_ADJUST = insert(VendorAdjustment)


@dataclass(frozen=True, slots=True)
class EarningsRepository:
    """Releases of parts, and the terms of vendors."""

    connection: AsyncConnection

    async def plan(self, row: Mapping[str, Any]) -> bool:
        """Write the plan of a release; False where there is one already."""
        async with unless_taken(self.connection):
            await self.connection.execute(insert(Release), dict(row))
            return True
        return False

    async def find(self, order_id: int, vendor_id: UUID) -> Planned | None:
        """Return the release of a part."""
        values = {"order_id": order_id, "vendor_id": vendor_id}
        for row in await rows_of(self.connection, _BY_PART, **values):
            return Planned(*row)
        return None

    async def all_due(self, moment: datetime, most: int) -> list[Planned]:
        """Return what the job has to look at by now, the longest due first."""
        return [
            Planned(*row) for row in await rows_of(self.connection, _DUE, moment=moment, most=most)
        ]

    async def mark_released(
        self,
        release_id: int,
        moment: datetime,
        amount_minor: int,
        reserve_minor: int,
        reserve_due_at: datetime | None,
    ) -> bool:
        """Note a release; False where it was noted before."""
        values = {
            "of_id": release_id,
            "moment": moment,
            "amount": amount_minor,
            "reserve": reserve_minor,
            "reserve_due": reserve_due_at,
            "next_check": reserve_due_at,
        }
        return await affected(self.connection, _MARK, **values) == 1

    async def mark_reserve_released(self, release_id: int, moment: datetime) -> bool:
        """Note that what was kept back was released; False where it was noted before."""
        return await affected(self.connection, _MARK_RESERVE, of_id=release_id, moment=moment) == 1

    async def postpone(self, release_id: int, until: datetime) -> None:
        """Have the job look at a release later."""
        await affected(self.connection, _POSTPONE, of_id=release_id, next_check=until)

    async def move_due(self, release_id: int, due_at: datetime) -> None:
        """Set when a part that is not released will be."""
        await affected(self.connection, _MOVE_DUE, of_id=release_id, due=due_at, next_check=due_at)

    async def drawn_until(
        self, vendor_id: UUID, moment: datetime, left_minor: int
    ) -> datetime | None:
        """Return the last release until `moment` of which nothing is in what was left then."""
        values = {"vendor_id": vendor_id, "moment": moment, "left_minor": left_minor}
        found: datetime | None = (await self.connection.execute(_DRAWN_UNTIL, values)).scalar_one()
        return found

    async def find_terms(self, vendor_id: UUID) -> Terms | None:
        """Return the terms of a vendor that has its own."""
        for row in await rows_of(self.connection, _TERMS, vendor_id=vendor_id):
            return Terms(*row)
        return None

    async def set_terms(self, vendor_id: UUID, terms: Terms, moment: datetime) -> None:
        """Write the terms of a vendor, its first or others."""
        values = {
            "of_vendor": vendor_id,
            "basis_points": terms.reserve_basis_points,
            "days": terms.reserve_days,
            "moment": moment,
        }
        if await affected(self.connection, _CHANGE_TERMS, **values):
            return
        row = {
            "vendor_id": vendor_id,
            "reserve_basis_points": terms.reserve_basis_points,
            "reserve_days": terms.reserve_days,
            "updated_at": moment,
        }
        await self.connection.execute(insert(VendorTerms), row)

    async def add_adjustment(self, row: Mapping[str, Any]) -> int | None:
        """Write an adjustment and return its id; None where its reference was used before."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, _ADJUST, row)
        return None
