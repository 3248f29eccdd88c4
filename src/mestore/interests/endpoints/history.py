"""HTTP for what was looked for and looked at."""

from typing import Annotated

import msgspec
from fastapi import Depends, Response

from mestore.accounts.deps import CurrentUser
from mestore.carts.deps import CurrentCartOwner
from mestore.carts.errors import SessionIdRequired
from mestore.catalog.service.shown import shown_products
from mestore.interests.errors import PastSearchNotFound
from mestore.interests.schemas import HistoryChoiceOut, HistoryIn, HistoryOut, ViewedProductsOut
from mestore.interests.service import HistoryService
from mestore.interests.types import Owner
from mestore.interests.views import is_history_kept, page_of_searches, viewed_by
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage, PageTooDeep, Pagination
from mestore.kernel.routing import Router

router = Router(prefix="/search/history", tags=["search"])
viewed_router = Router(prefix="/products/recently-viewed", tags=["products"])

_LISTS = (InvalidPage, PageTooDeep)


async def viewer(owner: CurrentCartOwner) -> Owner:
    """Return whose looks a request is about: the signed-in user's, or else the guest's."""
    return Owner(owner.buyer_id, None if owner.buyer_id else owner.session_id)


Viewer = Annotated[Owner, Depends(viewer)]


@router.get("", response_model=HistoryOut, responses=refuses(Unauthorized, *_LISTS))
async def list_searches(db: Db, paging: Paging, user: CurrentUser) -> Response:
    """List what the caller looked for, the latest first; the newest 100 are remembered."""
    async with db.read() as connection:
        page = await page_of_searches(connection, user.user_id, paging)
        is_kept = await is_history_kept(connection, user.user_id)
    return _json({"searches": page.rows, "is_kept": is_kept, "pagination": page.pagination})


@router.put("", responses=refuses(Unauthorized))
async def choose_history(body: HistoryIn, tx: InTx, user: CurrentUser) -> HistoryChoiceOut:
    """Have searches and viewed products remembered or not; `false` also forgets what there is."""
    await HistoryService(tx).choose(user.user_id, is_kept=body.is_kept)
    return HistoryChoiceOut(body.is_kept)


@router.delete("", status_code=204, responses=refuses(Unauthorized))
async def forget_searches(tx: InTx, user: CurrentUser) -> None:
    """Forget all searches of the caller."""
    await HistoryService(tx).forget_searches(user.user_id)


@router.delete("/{search_id}", status_code=204, responses=refuses(Unauthorized, PastSearchNotFound))
async def forget_search(search_id: RowId, tx: InTx, user: CurrentUser) -> None:
    """Forget one search of the caller."""
    await HistoryService(tx).remove_search(user.user_id, search_id)


@viewed_router.get(
    "", response_model=ViewedProductsOut, responses=refuses(SessionIdRequired, *_LISTS)
)
async def list_viewed(db: Db, paging: Paging, owner: Viewer) -> Response:
    """List the public products that the caller looked at, the latest first; at most 50."""
    async with db.read() as connection:
        viewed = await viewed_by(connection, owner)
    ids = list(viewed)[paging.offset : paging.offset + paging.per_page]
    products = [
        {**msgspec.structs.asdict(product), "viewed_at": viewed[product.id]}
        for product in await shown_products(db, ids)
    ]
    pages = -(-len(viewed) // paging.per_page)
    pagination = Pagination(paging.page, paging.per_page, len(viewed), pages, None, None)
    return _json({"products": products, "pagination": pagination})


@viewed_router.delete("", status_code=204, responses=refuses(SessionIdRequired))
async def forget_viewed(tx: InTx, owner: Viewer) -> None:
    """Forget all products that the caller looked at."""
    await HistoryService(tx).forget_views(owner)


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
