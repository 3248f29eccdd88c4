"""HTTP for what one vendor sells."""

from uuid import UUID

from fastapi import Request, Response

from mestore.catalog.deps import totals_of
from mestore.catalog.endpoints.answers import page_answer
from mestore.catalog.endpoints.query import documented, read
from mestore.catalog.schemas.answers import ProductsOut
from mestore.catalog.schemas.queries import ListQuery
from mestore.catalog.views.listing import PUBLIC, Listing, list_products, order_of
from mestore.catalog.views.products import vendor_is_open
from mestore.kernel.cache import HotRoute, tag
from mestore.kernel.http import database, refuses
from mestore.kernel.paging import InvalidPage, PageTooDeep, UnknownSort
from mestore.kernel.routing import Router
from mestore.vendors.errors import VendorNotFound

router = Router(prefix="/vendors", tags=["vendors"], route_class=HotRoute)


@router.get(
    "/{vendor_id}/products",
    response_model=ProductsOut,
    responses=refuses(VendorNotFound, UnknownSort, InvalidPage, PageTooDeep),
    openapi_extra=documented(ListQuery),
)
async def products_of_vendor(request: Request, vendor_id: UUID) -> Response:
    """List what a vendor sells now, the newest first."""
    query = read(ListQuery, request)
    db = await database(request)
    order, wanted = order_of(query.sort), query.page_request()
    listing = Listing(("public",), {"vendor": vendor_id})
    page = await list_products(db, totals_of(request), listing, order, wanted, PUBLIC)
    if page.pagination.total == 0:
        # Only an empty list leaves open whether there is such a shop.
        async with db.read() as connection:
            if not await vendor_is_open(connection, vendor_id):
                raise VendorNotFound
    tag(request, "catalog", f"vendor:{vendor_id}")
    return page_answer(page)
