"""HTTP for reading orders. Placing, paying and cancelling belong to checkout."""

from typing import Annotated

import msgspec
from fastapi import Depends, Path, Query, Request, Response

from mestore.kernel.http import Db, Paging, etag, refuses
from mestore.kernel.moments import Moment, beginning, end
from mestore.kernel.paging import PageRequest
from mestore.kernel.routing import Router
from mestore.orders.deps import CurrentViewer
from mestore.orders.errors import OrderNotFound
from mestore.orders.schemas import OrderListOut
from mestore.orders.types import OrderStatus, OrderView
from mestore.orders.views import OrderFilter, OrderViews, sort_key

router = Router(prefix="/orders", tags=["orders"])

OrderId = Annotated[int, Path(ge=1, le=2**63 - 1)]


async def order_page(
    paging: Paging, skip: Annotated[int | None, Query(ge=0, lt=10_000)] = None
) -> PageRequest:
    """Read paging; orders also take `skip` with `limit`."""
    return PageRequest.of(
        page=paging.page, per_page=paging.per_page, cursor=paging.cursor, skip=skip
    )


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that orders are served."""
    return {"status": "ok"}


@router.get("", response_model=OrderListOut)
async def list_orders(
    db: Db,
    viewer: CurrentViewer,
    page: Annotated[PageRequest, Depends(order_page)],
    status: OrderStatus | None = None,
    date_from: Moment | None = None,
    date_to: Moment | None = None,
    sort: str | None = None,
) -> Response:
    """List orders: a buyer's own, those with a vendor's items, or all for staff.

    `date_from` and `date_to` are times with a zone, or days in Bogotá, both included.
    """
    filter_ = OrderFilter(
        status,
        beginning(date_from) if date_from else None,
        end(date_to) if date_to else None,
    )
    async with db.read() as connection:
        found = await OrderViews(connection, viewer).page(page, sort_key(sort), filter_)
    body = msgspec.json.encode({"orders": found.rows, "pagination": found.pagination})
    return Response(body, media_type="application/json")


@router.get("/{order_id}", response_model=OrderView, responses=refuses(OrderNotFound))
async def get_order(order_id: OrderId, request: Request, db: Db, viewer: CurrentViewer) -> Response:
    """Read one order."""
    async with db.read() as connection:
        order = await OrderViews(connection, viewer).get(order_id)
    tag = etag(order.version)
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    body = msgspec.json.encode(order)
    return Response(body, headers={"etag": tag}, media_type="application/json")
