"""HTTP for edits of approved products: the vendor reads and withdraws, the operator decides."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.catalog.deps import StockOfProducts, UpdatingEditor
from mestore.catalog.endpoints.answers import JSON, KeyInPath, product_answer
from mestore.catalog.errors import NothingWaits, ProductNotFound, ReasonRequired, SlugTaken
from mestore.catalog.schemas.answers import ChangeOut, ChangesOut, OwnProductOut
from mestore.catalog.schemas.bodies import ChangeDecisionIn
from mestore.catalog.service import review
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import ChangeState, Editor
from mestore.catalog.views.changes import get_change, page_changes
from mestore.catalog.views.products import get_product, get_written
from mestore.kernel.errors import Forbidden, PreconditionFailed, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, check_if_match, etag, refuses
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router

router = Router(prefix="/products/{product_id}/changes", tags=["products"])
admin_router = Router(prefix="/admin/products", tags=["admin"])

Approving = Annotated[Caller, Depends(require(Permission.PRODUCTS_APPROVE))]


@router.get("", response_model=ChangeOut, responses=refuses(ProductNotFound, NothingWaits))
async def waiting_change(product_id: KeyInPath, editor: UpdatingEditor, db: Db) -> Response:
    """Show the edit of an approved product that waits, or was rejected and why."""
    product = await get_product(db, product_id)
    if not editor.is_staff and product.owner_id != editor.user_id:
        raise ProductNotFound
    async with db.read() as connection:
        found = await get_change(connection, product.id)
    return Response(msgspec.json.encode(found), media_type=JSON)


@router.delete("", status_code=204, responses=refuses(ProductNotFound, NothingWaits))
async def withdraw_change(product_id: KeyInPath, editor: UpdatingEditor, tx: InTx) -> None:
    """Take a waiting or rejected edit back; the product stays as it is."""
    product = await CatalogService(tx).hold(product_id, editor)
    await review.withdraw(tx, product)


@admin_router.get(
    "/changes",
    response_model=ChangesOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage),
)
async def list_of_changes(
    _: Approving, db: Db, paging: Paging, state: ChangeState = ChangeState.PENDING
) -> Response:
    """List edits of approved products field by field, those that wait longest first."""
    async with db.read() as connection:
        page = await page_changes(connection, paging, state)
    body = msgspec.json.encode({"changes": page.rows, "pagination": page.pagination})
    return Response(body, media_type=JSON)


@admin_router.put(
    "/{product_id}/changes",
    response_model=OwnProductOut,
    responses=refuses(ProductNotFound, NothingWaits, PreconditionFailed, ReasonRequired, SlugTaken),
)
async def decide_change(
    request: Request,
    product_id: KeyInPath,
    body: ChangeDecisionIn,
    caller: Approving,
    tx: InTx,
    levels: StockOfProducts,
) -> Response:
    """Accept or reject a waiting edit; `If-Match` takes the ETag of the product as it was read."""
    editor = Editor(caller.user_id, is_staff=True)
    product = await CatalogService(tx).hold(product_id, editor)
    check_if_match(request, etag(product.version))
    if body.accept:
        await review.accept(tx, product, editor, levels)
    else:
        await review.reject(tx, product, body.reason)
    return product_answer(await get_written(tx.connection, product.id), is_own=True)
