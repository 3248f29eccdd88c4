"""HTTP for a product's stock: who owns it, and staff, read and change its levels."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.types import Permission
from mestore.catalog.deps import editor_who_can
from mestore.catalog.errors import ProductNotFound, VariantNotFound
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import Editor, ProductFields
from mestore.inventory.errors import (
    BelowReserved,
    LevelMoved,
    LevelNamedTwice,
    LevelTooHigh,
    LocationNotFound,
    LocationTaken,
    VariantRequired,
)
from mestore.inventory.schemas import (
    AdjustmentIn,
    InventoryIn,
    InventoryOut,
    LocationIn,
    LocationsOut,
    LowStockOut,
    MovementsOut,
)
from mestore.inventory.service import InventoryService
from mestore.inventory.service.opening import OpeningStockBook
from mestore.inventory.types import NewLevel
from mestore.inventory.views import (
    InventoryView,
    InventoryViews,
    LevelView,
    all_locations,
    page_low,
    page_movements,
)
from mestore.kernel.db import Tx
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, IdempotencyHeader, InTx, Paging, answered, once_of, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, run_once
from mestore.kernel.ids import RowId
from mestore.kernel.routing import Router
from mestore.vendors.deps import vendor_who_can
from mestore.vendors.errors import NotAVendor
from mestore.vendors.types import SellingVendor

router = Router(prefix="/products/{product_id}/inventory", tags=["inventory"])

shop_router = Router(prefix="/inventory", tags=["inventory"])

ViewingVendor = Annotated[SellingVendor, Depends(vendor_who_can(Permission.INVENTORY_VIEW))]
UpdatingVendor = Annotated[SellingVendor, Depends(vendor_who_can(Permission.INVENTORY_UPDATE))]
ViewingEditor = Annotated[Editor, Depends(editor_who_can(Permission.INVENTORY_VIEW))]
UpdatingEditor = Annotated[Editor, Depends(editor_who_can(Permission.INVENTORY_UPDATE))]

_OWN = refuses(Unauthorized, Forbidden, ProductNotFound)
_CHANGES = (
    Unauthorized,
    Forbidden,
    ProductNotFound,
    VariantNotFound,
    BelowReserved,
    VariantRequired,
    LevelTooHigh,
)


@router.get("", response_model=InventoryOut, responses=_OWN)
async def get_inventory(product_id: UUID, editor: ViewingEditor, db: Db) -> Response:
    """Return what is on hand, reserved and available, by variant and location."""
    async with db.read() as connection:
        return _json(await _inventory(connection, product_id, editor))


@router.put(
    "", response_model=InventoryOut, responses=refuses(*_CHANGES, LevelMoved, LevelNamedTwice)
)
async def set_inventory(
    product_id: UUID, body: InventoryIn, editor: UpdatingEditor, tx: InTx
) -> Response:
    """Set levels and the low-stock threshold, all or nothing; the rest stays as it is."""
    catalog = CatalogService(tx)
    product = await catalog.hold(str(product_id), editor)
    present = await InventoryViews(tx.connection).levels(product_id)
    levels = [
        NewLevel(
            _variant(present, level.variant_id),
            level.on_hand,
            level.location,
            level.expected_on_hand,
        )
        for level in body.levels
    ]
    await InventoryService(tx).set_levels(levels, actor_id=editor.user_id)
    if body.low_stock_threshold is not None:
        fields: ProductFields = {"low_stock_threshold": body.low_stock_threshold}
        await catalog.edit(product, editor, fields, levels=OpeningStockBook())
    return _json(await _inventory(tx.connection, product_id, editor))


@router.post(
    "/adjust", response_model=InventoryOut, responses=refuses(*_CHANGES, IdempotencyKeyReused)
)
async def adjust_inventory(
    product_id: UUID,
    body: AdjustmentIn,
    request: Request,
    editor: UpdatingEditor,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Add or take away units with a reason; once per `Idempotency-Key`, where one is sent."""

    async def adjust(tx: Tx) -> Answer:
        await CatalogService(tx).hold(str(product_id), editor)
        present = await InventoryViews(tx.connection).levels(product_id)
        await InventoryService(tx).adjust(
            _variant(present, body.variant_id),
            body.delta,
            reason=body.reason,
            actor_id=editor.user_id,
            location=body.location,
        )
        shown = await _inventory(tx.connection, product_id, editor)
        return Answer(200, msgspec.json.encode(shown))

    once = await once_of(request, key, str(editor.user_id))
    return answered(await run_once(db, once, adjust))


@router.get("/movements", response_model=MovementsOut, responses=_OWN)
async def list_movements(
    product_id: UUID, editor: ViewingEditor, db: Db, wanted: Paging
) -> Response:
    """List every change of a product's stock, the newest first."""
    async with db.read() as connection:
        await _inventory(connection, product_id, editor)
        page = await page_movements(connection, product_id, wanted)
    return _json({"movements": page.rows, "pagination": page.pagination})


@shop_router.get("/low-stock", response_model=LowStockOut, responses=refuses(NotAVendor))
async def list_low_stock(vendor: ViewingVendor, db: Db, wanted: Paging) -> Response:
    """List one's own variants whose free units are at or below the product's threshold."""
    async with db.read() as connection:
        page = await page_low(connection, vendor.id, wanted)
    return _json({"low_stock": page.rows, "pagination": page.pagination})


@shop_router.get("/locations", response_model=LocationsOut, responses=refuses(NotAVendor))
async def list_locations(vendor: ViewingVendor, db: Db) -> Response:
    """List the places where one's stock lies."""
    async with db.read() as connection:
        return _json({"locations": await all_locations(connection, vendor.id)})


@shop_router.post(
    "/locations",
    status_code=201,
    response_model=LocationsOut,
    responses=refuses(NotAVendor, LocationTaken),
)
async def add_location(body: LocationIn, vendor: UpdatingVendor, tx: InTx) -> Response:
    """Add a place; answers all places."""
    await InventoryService(tx).add_location(vendor.id, body.name)
    return _json({"locations": await all_locations(tx.connection, vendor.id)}, 201)


@shop_router.put(
    "/locations/{location_id}",
    response_model=LocationsOut,
    responses=refuses(NotAVendor, LocationNotFound, LocationTaken),
)
async def rename_location(
    location_id: RowId,
    body: LocationIn,
    vendor: UpdatingVendor,
    tx: InTx,
) -> Response:
    """Rename a place; answers all places."""
    await InventoryService(tx).rename_location(vendor.id, location_id, body.name)
    return _json({"locations": await all_locations(tx.connection, vendor.id)})


async def _inventory(
    connection: AsyncConnection, product_id: UUID, editor: Editor
) -> InventoryView:
    views = InventoryViews(connection)
    product = await views.find_product(product_id)
    if product is None or (product.owner_id != editor.user_id and not editor.is_staff):
        raise ProductNotFound
    levels = await views.levels(product_id)
    return InventoryView(product_id, levels, product.low_stock_threshold)


def _variant(present: Sequence[LevelView], wanted: UUID | None) -> UUID:
    """Return the variant that is meant, which is one of this product's."""
    known = {level.variant_id for level in present}
    if wanted is None:
        if len(known) > 1:
            raise VariantRequired
        return known.pop()
    if wanted not in known:
        raise VariantNotFound(variant_id=str(wanted))
    return wanted


def _json(shown: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(shown), status, media_type="application/json")
