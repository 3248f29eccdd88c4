"""HTTP for saved searches."""

import msgspec
from fastapi import Request, Response

from mestore.accounts.deps import CurrentUser
from mestore.catalog.deps import totals_of
from mestore.catalog.errors import UnknownCategory
from mestore.catalog.service.names import branch_of
from mestore.interests.errors import (
    NothingToSearch,
    PriceLimitsCrossed,
    SavedSearchNotFound,
    SearchAlreadySaved,
    TooManySavedSearches,
)
from mestore.interests.schemas import SavedSearchesOut, SavedSearchIn, SavedSearchPatch
from mestore.interests.service import SavedService
from mestore.interests.types import SavedSearchView
from mestore.interests.views import page_of_saved, read_saved
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage, PageTooDeep
from mestore.kernel.routing import Router

router = Router(prefix="/search/saved", tags=["search"])

_OWN = (Unauthorized, SavedSearchNotFound)


@router.get(
    "", response_model=SavedSearchesOut, responses=refuses(Unauthorized, InvalidPage, PageTooDeep)
)
async def list_saved(db: Db, paging: Paging, user: CurrentUser) -> Response:
    """List the caller's saved searches, the newest first."""
    async with db.read() as connection:
        page = await page_of_saved(connection, user.user_id, paging)
    return _json({"saved_searches": page.rows, "pagination": page.pagination})


@router.post(
    "",
    status_code=201,
    response_model=SavedSearchView,
    responses=refuses(
        Unauthorized,
        SearchAlreadySaved,
        TooManySavedSearches,
        NothingToSearch,
        PriceLimitsCrossed,
        UnknownCategory,
    ),
)
async def save_search(
    body: SavedSearchIn, request: Request, db: Db, tx: InTx, user: CurrentUser
) -> Response:
    """Save a search; the caller is mailed about products that go public and match it."""
    if body.filters.category is not None:
        await branch_of(db, totals_of(request), body.filters.category)
    saved_id = await SavedService(tx).save(
        user.user_id, body.name, body.query, body.filters.chosen(), is_alerting=body.is_alerting
    )
    return _json(await read_saved(tx.connection, user.user_id, saved_id), 201)


@router.patch(
    "/{search_id}",
    response_model=SavedSearchView,
    responses=refuses(*_OWN, SearchAlreadySaved),
)
async def change_saved(
    search_id: RowId, body: SavedSearchPatch, tx: InTx, user: CurrentUser
) -> Response:
    """Rename a saved search, or switch its alert off or on."""
    await SavedService(tx).change(user.user_id, search_id, body.values())
    return _json(await read_saved(tx.connection, user.user_id, search_id))


@router.delete("/{search_id}", status_code=204, responses=refuses(*_OWN))
async def delete_saved(search_id: RowId, tx: InTx, user: CurrentUser) -> None:
    """Delete a saved search."""
    await SavedService(tx).remove(user.user_id, search_id)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
