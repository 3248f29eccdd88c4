"""What rules ask beyond an order line: brand, categories and plan, and a vendor's month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Select,
    SmallInteger,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.commissions.models import Commission, CommissionPlanVendor
from mestore.commissions.types import CommissionStatus, FeeKind, ProductFacts
from mestore.kernel.clock import BOGOTA
from mestore.kernel.columns import Code, Minor, UtcDateTime
from mestore.kernel.db import rows_of

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("category_id", Uuid),
    column("brand_key", Code(100)),
    column("price_minor", Minor),
    column("tax_rate", SmallInteger),
)
_CATEGORIES = table("categories", column("id", Uuid), column("path", Code(500)))
_VENDORS = table("vendors", column("id", Uuid))
_ABOVE = _CATEGORIES.alias("above")
_OWED = (
    CommissionStatus.PENDING,
    CommissionStatus.APPROVED,
    CommissionStatus.PAID,
    CommissionStatus.REVERSED,
)
_SOLD = (
    select(
        Commission.vendor_id,
        func.sum(Commission.base_minor - Commission.refunded_base_minor).label("minor"),
    )
    .where(
        Commission.vendor_id.in_(bindparam("vendor_ids", expanding=True)),
        Commission.created_at >= bindparam("since", type_=UtcDateTime),
        Commission.created_at < bindparam("until", type_=UtcDateTime),
        Commission.kind == FeeKind.SALE,
        Commission.status.in_(_OWED),
    )
    .group_by(Commission.vendor_id)
)
_SUMS = _SOLD.subquery()
# A line that lies in several named categories comes once for each.
_FACTS = (
    select(
        _PRODUCTS.c.id,
        _PRODUCTS.c.brand_key,
        CommissionPlanVendor.plan_id,
        _ABOVE.c.id.label("above_id"),
    )
    .select_from(_PRODUCTS)
    .outerjoin(_CATEGORIES, _CATEGORIES.c.id == _PRODUCTS.c.category_id)
    .outerjoin(
        _ABOVE,
        and_(
            _ABOVE.c.id.in_(bindparam("category_ids", expanding=True)),
            _CATEGORIES.c.path.like(_ABOVE.c.path.concat("%")),
        ),
    )
    .outerjoin(CommissionPlanVendor, CommissionPlanVendor.vendor_id == _PRODUCTS.c.vendor_id)
    .where(_PRODUCTS.c.id.in_(bindparam("product_ids", expanding=True)))
)
_FACTS_AND_SALES = _FACTS.outerjoin(_SUMS, _SUMS.c.vendor_id == _PRODUCTS.c.vendor_id).add_columns(
    _SUMS.c.minor
)
_PLAN = (
    select(_VENDORS.c.id, CommissionPlanVendor.plan_id)
    .select_from(_VENDORS)
    .outerjoin(CommissionPlanVendor, CommissionPlanVendor.vendor_id == _VENDORS.c.id)
    .where(_VENDORS.c.id == bindparam("of_vendor"))
)
_LINEAGE = (
    select(_ABOVE.c.id)
    .select_from(_CATEGORIES)
    .join(_ABOVE, _CATEGORIES.c.path.like(_ABOVE.c.path.concat("%")))
    .where(_CATEGORIES.c.id == bindparam("of_category"))
)
_SHOWN = select(
    _PRODUCTS.c.vendor_id,
    _PRODUCTS.c.category_id,
    _PRODUCTS.c.brand_key,
    _PRODUCTS.c.price_minor,
    _PRODUCTS.c.tax_rate,
).where(_PRODUCTS.c.id == bindparam("of_product"))


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A product as it is sold now; the price is in minor units, the tax rate in per cent."""

    vendor_id: UUID
    category_id: UUID | None
    brand_key: str | None
    price_minor: int
    tax_rate: int


def month_begin(moment: datetime) -> datetime:
    """Return when the calendar month of an instant began in Bogotá."""
    local = moment.astimezone(BOGOTA)
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


async def product_facts(
    connection: AsyncConnection,
    product_ids: Sequence[UUID],
    category_ids: Sequence[UUID],
    vendor_ids: Sequence[UUID] = (),
    moment: datetime | None = None,
) -> dict[UUID, ProductFacts]:
    """Return brand, plan of the vendor, and in which of `category_ids` each product lies.

    With a `moment`, also what `vendor_ids`, those of the products, sold in its month before it.
    """
    values: dict[str, object] = {
        "product_ids": list(product_ids),
        "category_ids": list(category_ids),
    }
    statement: Select[*tuple[Any, ...]] = _FACTS
    if moment is not None:
        statement = _FACTS_AND_SALES
        period = {"since": month_begin(moment), "until": moment}
        values |= {"vendor_ids": list(vendor_ids), **period}
    found: dict[UUID, ProductFacts] = {}
    for product_id, brand_key, plan_id, above_id, *sold in await rows_of(
        connection, statement, **values
    ):
        known = found.get(product_id)
        lies_in = known.category_ids if known else frozenset[UUID]()
        if above_id is not None:
            lies_in |= {above_id}
        found[product_id] = ProductFacts(brand_key, plan_id, lies_in, int((sold or [0])[0] or 0))
    return found


async def sales_of(
    connection: AsyncConnection, vendor_ids: Sequence[UUID], since: datetime, until: datetime
) -> dict[UUID, int]:
    """Return what vendors sold between two instants, without IVA and less what went back.

    Counted are orders by when they were placed, once they are paid.
    """
    values = {"vendor_ids": list(vendor_ids), "since": since, "until": until}
    rows = await rows_of(connection, _SOLD, **values)
    return {vendor: int(minor) for vendor, minor in rows}


async def plan_of(connection: AsyncConnection, vendor_id: UUID) -> tuple[bool, int | None]:
    """Say whether there is such a vendor, and which plan it has."""
    row = (await connection.execute(_PLAN, {"of_vendor": vendor_id})).first()
    return (False, None) if row is None else (True, row.plan_id)


async def lineage(connection: AsyncConnection, category_id: UUID) -> frozenset[UUID]:
    """Return a category with all above it; nothing where there is no such category."""
    return frozenset((await connection.execute(_LINEAGE, {"of_category": category_id})).scalars())


async def shown_product(connection: AsyncConnection, product_id: UUID) -> ShownProduct | None:
    """Return a product as it is sold now."""
    row = (await connection.execute(_SHOWN, {"of_product": product_id})).first()
    return ShownProduct(*row) if row else None
