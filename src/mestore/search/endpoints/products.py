"""HTTP for search: products by words, and completions."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Request, Response

from mestore.accounts.types import Permission
from mestore.catalog.deps import caller_of, totals_of
from mestore.catalog.errors import UnknownCategory
from mestore.catalog.service.names import Totals, branch_of
from mestore.catalog.service.shown import shown_products
from mestore.kernel.db import Database
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, refuses
from mestore.kernel.paging import InvalidPage, PageRequest, PageTooDeep, Pagination
from mestore.kernel.routing import Router
from mestore.search.deps import search_log_of, vectors_of
from mestore.search.schemas import SearchBody, SearchIn, SearchOut, SuggestionsOut
from mestore.search.service import facets_of, find_alike, ranking_of, suggest
from mestore.search.types import SearchQuery

router = Router(prefix="/products", tags=["products"])
_REFUSES = refuses(InvalidPage, PageTooDeep, UnknownCategory, Unauthorized, Forbidden)


@router.get("/search", response_model=SearchOut, responses=_REFUSES)
async def search_products(
    request: Request, db: Db, wanted: Annotated[SearchIn, Query()]
) -> Response:
    """Find products by words: inflected, unaccented, misspelt or by a synonym."""
    return await _search(request, db, wanted)


@router.post("/search", response_model=SearchOut, responses=_REFUSES)
async def search_products_by_body(request: Request, db: Db, body: SearchBody) -> Response:
    """Find products by words and filters that would be long in an address."""
    return await _search(request, db, body.wanted(), body.facets)


@router.get("/suggestions", response_model=SuggestionsOut)
async def suggestions(
    db: Db, q: Annotated[str, Query(min_length=2, max_length=100, pattern=r"^[^\x00]*$")]
) -> Response:
    """Complete what somebody types, from two letters on."""
    return Response(msgspec.json.encode(await suggest(db, q)), media_type="application/json")


async def _search(
    request: Request, database: Database, wanted: SearchIn, names: Collection[str] | None = None
) -> Response:
    caller = await caller_of(request)
    if wanted.explain and (caller is None or not caller.can(Permission.SYSTEM_VIEW)):
        raise Unauthorized if caller is None else Forbidden
    page = PageRequest.of(page=wanted.page, per_page=wanted.size(), cursor=None)
    query = await _query(database, totals_of(request), wanted)
    window = (page.offset, page.per_page)
    vectors = vectors_of(request)
    found = await find_alike(database, vectors, query, wanted.sort, window, is_exact=wanted.exact)
    shown = await shown_products(database, [hit.id for hit in found.hits])
    hits = {hit.id: hit for hit in found.hits}
    pages = -(-found.total // page.per_page)
    facets = msgspec.structs.asdict(await facets_of(database, query, found))
    body = {
        "products": [
            {
                **msgspec.structs.asdict(product),
                "score": hits[product.id].score,
                "ranking": ranking_of(hits[product.id], found) if wanted.explain else None,
            }
            for product in shown
        ],
        "pagination": Pagination(page.page, page.per_page, found.total, pages, None, None),
        "facets": {name: facets[name] for name in facets if names is None or name in names},
        "relaxed": found.relaxed,
        "is_exact": found.is_exact,
        "semantic": found.semantic,
    }
    if page.page == 1 and not wanted.explain:
        user_id = caller.user_id if caller is not None and caller.key_id is None else None
        search_log_of(request).note(wanted.q, wanted.chosen(), found.total, found.relaxed, user_id)
    return Response(msgspec.json.encode(body), media_type="application/json")


async def _query(database: Database, totals: Totals, wanted: SearchIn) -> SearchQuery:
    categories: tuple[UUID, ...] = ()
    if wanted.category is not None:
        categories = await branch_of(database, totals, wanted.category)
    return wanted.narrowed(wanted.q, categories)
