"""Every SQL statement of vendors that writes, or that a write rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import affected
from mestore.vendors.models import Vendor
from mestore.vendors.types import SellingVendor, VendorStatus

_ADD = insert(Vendor)
_SELLING = (Vendor.id, Vendor.user_id, Vendor.business_name, Vendor.status, Vendor.is_trusted)
_BY_ID = select(*_SELLING).where(Vendor.id == bindparam("of_vendor"))
_BY_USER = select(*_SELLING).where(Vendor.user_id == bindparam("of_user"))
_HAS_NIT = select(Vendor.id).where(Vendor.nit == bindparam("of_nit"))
_MOVE = (
    update(Vendor)
    .where(Vendor.id == bindparam("of_vendor"), Vendor.status != bindparam("to"))
    .values(status=bindparam("to"), updated_at=bindparam("moment"))
)


@dataclass(frozen=True, slots=True)
class VendorRepository:
    """Vendors."""

    connection: AsyncConnection

    async def add(self, values: Mapping[str, Any]) -> None:
        """Write a vendor; its NIT and its user are unique keys."""
        await self.connection.execute(_ADD, dict(values))

    async def find(self, vendor_id: UUID) -> SellingVendor | None:
        """Return a vendor by its id."""
        row = (await self.connection.execute(_BY_ID, {"of_vendor": vendor_id})).first()
        return SellingVendor(*row) if row else None

    async def find_of_user(self, user_id: UUID) -> SellingVendor | None:
        """Return the vendor that a user owns."""
        row = (await self.connection.execute(_BY_USER, {"of_user": user_id})).first()
        return SellingVendor(*row) if row else None

    async def exists_nit(self, nit: str | None) -> bool:
        """Say whether a vendor has this NIT."""
        return (await self.connection.execute(_HAS_NIT, {"of_nit": nit})).first() is not None

    async def change(self, vendor_id: UUID, values: Mapping[str, Any]) -> None:
        """Set fields of a vendor."""
        await self.connection.execute(update(Vendor).where(Vendor.id == vendor_id).values(**values))

    async def move(self, vendor_id: UUID, to: VendorStatus, moment: datetime) -> bool:
        """Bring a vendor to another status than it has."""
        values = {"of_vendor": vendor_id, "to": to, "moment": moment}
        return await affected(self.connection, _MOVE, **values) == 1
