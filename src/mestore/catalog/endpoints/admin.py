"""HTTP for the operator: what becomes of the products that vendors hand in."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.catalog.endpoints.answers import JSON, KeyInPath
from mestore.catalog.errors import ProductNotFound, ReasonRequired, StatusChangeNotAllowed
from mestore.catalog.schemas.answers import ProductMoved
from mestore.catalog.schemas.bodies import StatusIn
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import Editor
from mestore.catalog.views.products import get_written
from mestore.kernel.errors import PreconditionFailed
from mestore.kernel.http import InTx, check_if_match, etag, refuses
from mestore.kernel.routing import Router

router = Router(prefix="/admin/products", tags=["admin"])

Approving = Annotated[Caller, Depends(require(Permission.PRODUCTS_APPROVE))]


@router.put(
    "/{product_id}/status",
    response_model=ProductMoved,
    responses=refuses(ProductNotFound, PreconditionFailed, StatusChangeNotAllowed, ReasonRequired),
)
async def decide_product(
    request: Request, product_id: KeyInPath, body: StatusIn, caller: Approving, tx: InTx
) -> Response:
    """Approve or reject a product, or move it to another status; a rejection needs a reason."""
    catalog = CatalogService(tx)
    product = await catalog.hold(product_id, Editor(caller.user_id, is_staff=True))
    check_if_match(request, etag(product.version))
    await catalog.decide(product, body.status, body.reason)
    found = await get_written(tx.connection, product.id)
    answer = {"success": True, "product": found.own()}
    headers = {"etag": etag(found.version)}
    return Response(msgspec.json.encode(answer), 200, headers, JSON)
