"""What the endpoints of the catalogue ask for, as FastAPI dependencies or plain calls."""

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from mestore.accounts.deps import CurrentUser, maybe_user, sign_in_policy
from mestore.accounts.types import Caller, UserType
from mestore.catalog.ports import OpeningStock
from mestore.catalog.types import Editor
from mestore.catalog.views.totals import Totals
from mestore.kernel.errors import Forbidden
from mestore.kernel.http import database

_bearer = HTTPBearer(auto_error=False)


async def caller_of(request: Request) -> Caller | None:
    """Return the signed-in user, or None where nobody tried; a bad token is a 401.

    Called rather than declared: solving its dependencies would cost every anonymous reader.
    """
    if "authorization" not in request.headers:
        return None
    return await maybe_user(
        request, await _bearer(request), await sign_in_policy(request), await database(request)
    )


def totals_of(request: Request) -> Totals:
    """Return the counts that this process keeps."""
    return cast(Totals, request.app.state.totals)


async def opening_stock(request: Request) -> OpeningStock:
    """Return who writes the stock of products."""
    return cast(OpeningStock, request.app.state.opening_stock)


async def editor(caller: CurrentUser) -> Editor:
    """Return who wants to change a product; 403 for those who never may."""
    if not caller.is_staff and caller.user_type is not UserType.VENDOR:
        raise Forbidden
    return Editor(caller.user_id, caller.is_staff)


StockOfProducts = Annotated[OpeningStock, Depends(opening_stock)]
CurrentEditor = Annotated[Editor, Depends(editor)]
