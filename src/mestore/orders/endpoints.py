"""HTTP for reading orders. Placing, paying and cancelling belong to checkout."""

from typing import Annotated

import msgspec
from fastapi import Depends, Query, Request, Response

from mestore.accounts.deps import Staff
from mestore.accounts.types import Permission
from mestore.kernel.db import Tx
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, etag, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.moments import Moment, beginning, end
from mestore.kernel.paging import PageRequest
from mestore.kernel.routing import Router
from mestore.orders.deps import CurrentViewer, Shipper
from mestore.orders.errors import (
    OrderHeld,
    OrderNotFound,
    StatusNotReachable,
    StatusSetElsewhere,
    UnitsNotArrived,
)
from mestore.orders.schemas import ChangedOut, MovedOut, OrderChangesIn, OrderListOut, StatusIn
from mestore.orders.service import OrderProgress, read_order
from mestore.orders.types import OrderStatus, OrderView, Viewer
from mestore.orders.views import OrderFilter, OrderViews, sort_key

router = Router(prefix="/orders", tags=["orders"])
admin_router = Router(prefix="/admin/orders", tags=["orders"])

_MOVES = refuses(
    Unauthorized,
    Forbidden,
    OrderNotFound,
    OrderHeld,
    StatusNotReachable,
    StatusSetElsewhere,
    UnitsNotArrived,
)


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
async def get_order(order_id: RowId, request: Request, db: Db, viewer: CurrentViewer) -> Response:
    """Read one order."""
    async with db.read() as connection:
        order = await OrderViews(connection, viewer).get(order_id)
    tag = etag(order.version)
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    body = msgspec.json.encode(order)
    return Response(body, headers={"etag": tag}, media_type="application/json")


@router.put("/{order_id}/status", response_model=MovedOut, responses=_MOVES)
async def move_order(order_id: RowId, body: StatusIn, tx: InTx, shipper: Shipper) -> Response:
    """Move the caller's part of an order one step on; staff moves all parts that are behind."""
    return await _moved(tx, order_id, body, shipper)


@admin_router.put("/{order_id}/status", response_model=MovedOut, responses=_MOVES)
async def move_any_order(order_id: RowId, body: StatusIn, tx: InTx, staff: Staff) -> Response:
    """Move all parts of an order that are behind one step on."""
    if not staff.oversees(Permission.ORDERS_UPDATE):
        raise Forbidden
    return await _moved(tx, order_id, body, Viewer(is_staff=True, buyer_id=staff.user_id))


@router.patch("/{order_id}", response_model=ChangedOut, responses=_MOVES)
async def change_order(
    order_id: RowId, body: OrderChangesIn, tx: InTx, shipper: Shipper
) -> Response:
    """Move an order on, write down its tracking number, or both."""
    progress = OrderProgress(tx)
    if body.tracking_number is not None:
        await progress.track(order_id, body.tracking_number, vendor_id=shipper.vendor_id)
    if body.status is not None:
        await progress.advance(order_id, body.status, shipper.buyer_id, vendor_id=shipper.vendor_id)
    order = await _seen(tx, shipper, order_id)
    fields = sorted(body.model_fields_set)
    content = msgspec.json.encode({"success": True, "updated_fields": fields, "order": order})
    return Response(content, media_type="application/json")


async def _moved(tx: Tx, order_id: int, body: StatusIn, mover: Viewer) -> Response:
    await OrderProgress(tx).advance(
        order_id, body.new_status, mover.buyer_id, vendor_id=mover.vendor_id, notes=body.notes
    )
    order = await _seen(tx, mover, order_id)
    content = msgspec.json.encode({"success": True, "order": order})
    return Response(content, media_type="application/json")


async def _seen(tx: Tx, mover: Viewer, order_id: int) -> OrderView:
    viewer = Viewer(is_staff=mover.is_staff, vendor_id=mover.vendor_id)
    return await read_order(tx.connection, viewer, order_id)
