"""HTTP for what is recommended, and for how products do."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Response

from mestore.accounts.deps import MaybeCaller
from mestore.accounts.errors import PeriodTooLong
from mestore.catalog.errors import ProductNotFound
from mestore.insights.deps import AskedVendor
from mestore.insights.schemas.analytics import AnalyticsOut
from mestore.insights.schemas.recommendations import RecommendationsOut
from mestore.insights.service.analytics import period_of
from mestore.insights.service.recommend import recommend
from mestore.insights.views.analytics import page_of_products
from mestore.kernel.http import Db, Paging, refuses
from mestore.kernel.moments import Day
from mestore.kernel.money import CURRENCY
from mestore.kernel.paging import InvalidPage, PageTooDeep, UnknownSort
from mestore.kernel.routing import Router
from mestore.vendors.errors import NotAVendor, VendorNotFound

router = Router(prefix="/products", tags=["products"])
JSON = "application/json"


@router.get(
    "/recommendations", response_model=RecommendationsOut, responses=refuses(ProductNotFound)
)
async def recommendations(
    db: Db,
    caller: MaybeCaller,
    product_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=24)] = 8,
) -> Response:
    """Recommend products beside one, for the signed-in buyer, or what sells.

    `limit` is for each list. All of them can be bought now.
    """
    found = await recommend(db, product_id, caller.user_id if caller else None, limit)
    return Response(msgspec.json.encode(found), media_type=JSON)


@router.get(
    "/analytics",
    response_model=AnalyticsOut,
    responses=refuses(
        NotAVendor, VendorNotFound, PeriodTooLong, UnknownSort, InvalidPage, PageTooDeep
    ),
)
async def analytics(
    vendor_id: AskedVendor,
    db: Db,
    paging: Paging,
    date_from: Day | None = None,
    date_to: Day | None = None,
    sort: str | None = None,
) -> Response:
    """Tell how products did: a vendor's own, or for staff everybody's or those of `vendor_id`.

    Days are Bogotá's, both included; by default the last 30, at most 366. Most revenue first, or
    by `sort`: views, carts, orders, units, refunded_units, sales, refunds, revenue, conversion.
    Where too many products had something, `lists_all` is false: the pages have the best of them,
    the totals count all.
    """
    period = period_of(date_from, date_to)
    async with db.read() as connection:
        report = await page_of_products(connection, period, vendor_id, paging, sort)
    body = {
        "period": {"date_from": period.first, "date_to": period.last},
        "currency": CURRENCY,
        "totals": report.totals,
        "lists_all": report.lists_all,
        "products": report.page.rows,
        "pagination": report.page.pagination,
    }
    return Response(msgspec.json.encode(body), media_type=JSON)
