"""What the endpoints of the catalogue ask for, as FastAPI dependencies or plain calls."""

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from mestore.accounts.deps import AnyCaller, has_credentials, maybe_caller
from mestore.accounts.types import Caller, Permission
from mestore.catalog.ports import OpeningStock
from mestore.catalog.types import Editor
from mestore.catalog.views.totals import Totals
from mestore.kernel.errors import Forbidden
from mestore.media.ports import BlobStore
from mestore.vendors.deps import vendor_who_can
from mestore.vendors.types import SellingVendor

_bearer = HTTPBearer(auto_error=False)


async def caller_of(request: Request) -> Caller | None:
    """Return who calls, a person or an API key, or None where nobody tried; a bad token is a 401.

    Called rather than declared: solving its dependencies would cost every anonymous reader.
    """
    if not has_credentials(request):
        return None
    return await maybe_caller(request, await _bearer(request))


def totals_of(request: Request) -> Totals:
    """Return the counts that this process keeps."""
    return cast(Totals, request.app.state.totals)


async def opening_stock(request: Request) -> OpeningStock:
    """Return who writes the stock of products."""
    return cast(OpeningStock, request.app.state.opening_stock)


def editor_who_can(permission: Permission) -> Callable[[Caller], Awaitable[Editor]]:
    """Return the dependency for who may do this to products: to all of them, or to their own.

    Who may do it to none is a 403.
    """

    async def check(caller: AnyCaller) -> Editor:
        if not caller.can(permission):
            raise Forbidden
        return Editor(caller.user_id, caller.oversees(permission))

    return check


async def blob_store(request: Request) -> BlobStore:
    """Return where the files of pictures lie."""
    return cast(BlobStore, request.app.state.blobs)


Blobs = Annotated[BlobStore, Depends(blob_store)]
StockOfProducts = Annotated[OpeningStock, Depends(opening_stock)]
OfferingVendor = Annotated[SellingVendor, Depends(vendor_who_can(Permission.PRODUCTS_CREATE))]
ViewingVendor = Annotated[SellingVendor, Depends(vendor_who_can(Permission.PRODUCTS_VIEW))]
UpdatingEditor = Annotated[Editor, Depends(editor_who_can(Permission.PRODUCTS_UPDATE))]
DeletingEditor = Annotated[Editor, Depends(editor_who_can(Permission.PRODUCTS_DELETE))]
