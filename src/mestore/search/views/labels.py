"""What facets and completions show of categories and vendors."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, String, Uuid, bindparam, column, select, table

from mestore.kernel.columns import Code
from mestore.kernel.db import Database
from mestore.kernel.lane import Plan
from mestore.search.types import CategoryLabel

_VENDORS = table("vendors", column("id", Uuid), column("business_name", String))
_CATEGORIES = table(
    "categories",
    column("id", Uuid),
    column("number", BigInteger),
    column("slug", String),
    column("name", String),
    column("path", Code(500)),
)
_CATEGORY_LABELS = select(*_CATEGORIES.c).order_by(_CATEGORIES.c.number)
_VENDOR_LABELS = select(_VENDORS.c.id, _VENDORS.c.business_name).where(
    _VENDORS.c.id.in_(bindparam("ids", expanding=True))
)


async def category_labels(database: Database) -> list[CategoryLabel]:
    """Return what facets show of every category."""
    return [CategoryLabel(*row) for row in await database.rows(_CATEGORY_LABELS, {})]


async def vendor_labels(database: Database, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of vendors."""
    rows = await database.rows(_VENDOR_LABELS, {"ids": list(ids)}, plan=Plan.ONCE)
    return {row[0]: row[1] for row in rows}
