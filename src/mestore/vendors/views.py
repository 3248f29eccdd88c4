"""What vendors show: read-only SQL that answers in the shape callers see."""

from uuid import UUID

from sqlalchemy import (
    Boolean,
    Integer,
    String,
    Uuid,
    bindparam,
    case,
    column,
    func,
    select,
    table,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.money import divide_half_up
from mestore.kernel.paging import Page, PageRequest, apply, page_of, parse_sort
from mestore.vendors.models import Vendor
from mestore.vendors.types import ListedVendor, OwnVendor, VendorStatus

_users = table("users", column("id", Uuid), column("email", String))
_products = table(
    "products",
    column("vendor_id", Uuid),
    column("is_public", Boolean),
    column("rating_sum", Integer),
    column("rating_count", Integer),
)
_sums = (
    select(
        func.coalesce(func.sum(case((_products.c.is_public, 1), else_=0)), 0).label("products"),
        func.coalesce(func.sum(_products.c.rating_sum), 0).label("stars"),
        func.coalesce(func.sum(_products.c.rating_count), 0).label("reviews"),
    )
    # Ratings of products that are gone still count: none is lost by deleting what it is of.
    .where(_products.c.vendor_id == bindparam("of_vendor"))
    .subquery()
)
_VENDOR = (
    select(
        Vendor.id,
        Vendor.business_name,
        Vendor.city,
        Vendor.primary_category,
        Vendor.description,
        Vendor.created_at.label("member_since"),
        Vendor.user_id,
        Vendor.nit,
        Vendor.phone,
        Vendor.department,
        Vendor.status,
        Vendor.is_trusted,
        Vendor.updated_at,
        _sums.c.products,
        _sums.c.stars,
        _sums.c.reviews,
    )
    .join(_sums, true())
    .where(Vendor.id == bindparam("of_vendor"))
)
_LISTED = select(
    Vendor.id,
    Vendor.user_id,
    _users.c.email,
    Vendor.business_name,
    Vendor.nit,
    Vendor.phone,
    Vendor.city,
    Vendor.department,
    Vendor.primary_category,
    Vendor.status,
    Vendor.is_trusted,
    Vendor.created_at,
    Vendor.updated_at,
).join(_users, _users.c.id == Vendor.user_id)
_SORTS = {"created_at": Vendor.created_at, "business_name": Vendor.business_name}


async def find_vendor(connection: AsyncConnection, vendor_id: UUID) -> OwnVendor | None:
    """Return a vendor with the sums over its products, in one statement."""
    row = (await connection.execute(_VENDOR, {"of_vendor": vendor_id})).mappings().first()
    if row is None:
        return None
    fields = dict(row)
    products, stars, reviews = (int(fields.pop(name)) for name in ("products", "stars", "reviews"))
    return OwnVendor(
        **fields,
        product_count=products,
        avg_rating=divide_half_up(stars * 100, reviews) / 100 if reviews else 0.0,
        review_count=reviews,
    )


async def page_vendors(
    connection: AsyncConnection,
    wanted: PageRequest,
    *,
    status: VendorStatus | None,
    sort: str | None,
) -> Page[ListedVendor]:
    """Return a page of all vendors, the newest first unless `sort` says otherwise."""
    order = parse_sort(sort, "-created_at", _SORTS, Vendor.id)
    query, count = _LISTED, select(func.count()).select_from(Vendor)
    if status is not None:
        query, count = query.where(Vendor.status == status), count.where(Vendor.status == status)
    total = (await connection.execute(count)).scalar_one()
    rows = (await connection.execute(apply(query, wanted, order))).mappings().all()
    listed = [ListedVendor(**row) for row in rows]
    return page_of(listed, wanted, order, total, (order.name.removeprefix("-"), "id"))
