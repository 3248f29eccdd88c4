"""Products by their ids, as everybody sees them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select, true

from mestore.catalog.models import Category, Product
from mestore.catalog.views.products import PUBLIC_COLUMNS, VENDORS, ProductView, public_product
from mestore.kernel.db import Database
from mestore.kernel.lane import Plan

_SHOWN = (
    select(*PUBLIC_COLUMNS)
    .join(VENDORS, VENDORS.c.id == Product.vendor_id)
    .outerjoin(Category, Category.id == Product.category_id)
    .where(Product.is_public == true(), Product.id.in_(bindparam("ids", expanding=True)))
)


async def shown_products(database: Database, ids: Sequence[UUID]) -> list[ProductView]:
    """Return the public ones of these products, in the order asked for, in one statement."""
    if not ids:
        return []
    rows = await database.rows(_SHOWN, {"ids": list(dict.fromkeys(ids))}, plan=Plan.ONCE)
    found = {row[0]: public_product(row) for row in rows}
    return [found[product_id] for product_id in dict.fromkeys(ids) if product_id in found]
