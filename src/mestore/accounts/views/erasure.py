"""What stands in the way of erasing a user: read from the tables of other rooms, never written."""

from uuid import UUID

from sqlalchemy import Uuid, bindparam, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

_VENDORS = table("vendors", column("id", Uuid), column("user_id", Uuid))
_PARTS = table("vendor_orders", column("vendor_id", Uuid), column("status"))
_ENDED = ("DELIVERED", "CANCELLED", "REFUNDED")
_OPEN_PARTS = (
    select(func.count())
    .select_from(_PARTS.join(_VENDORS, _VENDORS.c.id == _PARTS.c.vendor_id))
    .where(_VENDORS.c.user_id == bindparam("of_user", type_=Uuid), _PARTS.c.status.not_in(_ENDED))
)


async def open_vendor_orders(connection: AsyncConnection, user_id: UUID) -> int:
    """Return how many orders the shop of a user still has to deliver."""
    return int((await connection.execute(_OPEN_PARTS, {"of_user": user_id})).scalar_one())
