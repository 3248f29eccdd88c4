"""HTTP for products given out as a file."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from fastapi.responses import StreamingResponse

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.bulk.deps import shop_of
from mestore.bulk.errors import VendorRequired
from mestore.bulk.service.exporting import Selection, exported
from mestore.bulk.types import FileForm
from mestore.catalog.schemas.fields import Key
from mestore.catalog.types import ProductStatus
from mestore.kernel.http import Db, refuses
from mestore.kernel.routing import Router
from mestore.vendors.errors import VendorNotFound

router = Router(prefix="/products", tags=["bulk"])

_KINDS = {
    FileForm.CSV: "text/csv",
    FileForm.JSON: "application/json",
    FileForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/export", response_class=Response, responses=refuses(VendorNotFound, VendorRequired))
async def export_products(
    caller: Annotated[Caller, Depends(require(Permission.PRODUCTS_VIEW))],
    db: Db,
    format: FileForm = FileForm.CSV,
    status: ProductStatus | None = None,
    category: Key | None = None,
    vendor_id: UUID | None = None,
) -> Response:
    """Download the products of a shop in the form that POST /products/bulk-import takes.

    Importing the file again changes nothing. Staff say with `vendor_id` whose products.
    """
    shop = await shop_of(db, caller, vendor_id, Permission.PRODUCTS_VIEW)
    headers = {"Content-Disposition": f'attachment; filename="products.{format}"'}
    pieces = exported(db, Selection(shop, status, category), format)
    return StreamingResponse(pieces, headers=headers, media_type=_KINDS[format])
