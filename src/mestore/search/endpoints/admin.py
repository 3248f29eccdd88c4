"""HTTP for the operator of search: synonyms, what found nothing, and whether the index keeps up."""

from typing import Annotated

import msgspec
from fastapi import Depends, Path, Query, Request, Response, status

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.paging import InvalidPage, PageTooDeep, Pagination
from mestore.kernel.routing import Router
from mestore.search.deps import vectors_of
from mestore.search.errors import SynonymsNotFound
from mestore.search.schemas import (
    ChangedSynonymsIn,
    SearchHealthOut,
    SynonymKeyOut,
    SynonymListOut,
    SynonymsIn,
    Text,
    UnansweredListOut,
)
from mestore.search.service.synonyms import SynonymService
from mestore.search.service.vectors import stored_vectors
from mestore.search.views.log import unanswered
from mestore.search.views.reports import search_health, synonym_list, vector_health

router = Router(prefix="/admin/search", tags=["admin"])
health_router = Router(prefix="/search", tags=["admin"])

Managing = Annotated[Caller, Depends(require(Permission.CATEGORIES_MANAGE))]
Seeing = Annotated[Caller, Depends(require(Permission.SYSTEM_VIEW))]
GroupKey = Annotated[str, Path(max_length=60, pattern=r"^[^\x00/]+$")]
_KEPT_OUT = (Unauthorized, Forbidden)


@router.get(
    "/synonyms",
    response_model=SynonymListOut,
    responses=refuses(*_KEPT_OUT, InvalidPage, PageTooDeep),
)
async def list_synonyms(_: Managing, db: Db, paging: Paging, q: Text = "") -> Response:
    """List groups of words that mean the same: the operator's own first, then the shipped ones."""
    found = await synonym_list(db, q)
    rows = found[paging.offset : paging.offset + paging.per_page]
    return _page("synonyms", rows, len(found), paging)


@router.post("/synonyms", status_code=status.HTTP_201_CREATED, responses=refuses(*_KEPT_OUT))
async def add_synonyms(body: SynonymsIn, _: Managing, tx: InTx) -> SynonymKeyOut:
    """Add a group; it holds from the next search on, no product is indexed anew."""
    return SynonymKeyOut(key=await SynonymService(tx).add(body.words))


@router.put("/synonyms/{group_key}", responses=refuses(*_KEPT_OUT, SynonymsNotFound))
async def change_synonyms(
    group_key: GroupKey, body: ChangedSynonymsIn, _: Managing, tx: InTx
) -> SynonymKeyOut:
    """Change a group, or switch it off; a shipped one is replaced by what is sent."""
    await SynonymService(tx).change(group_key, body.words, is_active=body.is_active)
    return SynonymKeyOut(key=group_key)


@router.delete(
    "/synonyms/{group_key}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refuses(*_KEPT_OUT, SynonymsNotFound),
)
async def remove_synonyms(group_key: GroupKey, _: Managing, tx: InTx) -> None:
    """Remove a group; a shipped one is kept, switched off."""
    await SynonymService(tx).remove(group_key)


@router.get(
    "/zero-results",
    response_model=UnansweredListOut,
    responses=refuses(*_KEPT_OUT, InvalidPage, PageTooDeep),
)
async def list_unanswered(
    _: Managing, db: Db, paging: Paging, days: Annotated[int, Query(ge=1, le=180)] = 30
) -> Response:
    """List what was looked for in the last days and found nothing, most wanted first."""
    rows, total = await unanswered(db, days, (paging.offset, paging.per_page))
    return _page("queries", rows, total, paging)


@health_router.get("/health", response_model=SearchHealthOut, responses=refuses(*_KEPT_OUT))
async def get_health(request: Request, _: Seeing, db: Db) -> Response:
    """Return how far the index is behind the catalogue, and what it lacks or has too much."""
    health = await search_health(db)
    if vectors := vectors_of(request):
        stored = await stored_vectors(vectors)
        health = msgspec.structs.replace(
            health, vectors=await vector_health(db, vectors.model, stored)
        )
    return Response(msgspec.json.encode(health), media_type="application/json")


def _page(name: str, rows: object, total: int, paging: Paging) -> Response:
    pages = -(-total // paging.per_page)
    pagination = Pagination(paging.page, paging.per_page, total, pages, None, None)
    body = {name: rows, "pagination": pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")
