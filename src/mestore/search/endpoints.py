"""HTTP for search: products by words, and completions."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Response

from mestore.catalog.errors import UnknownCategory
from mestore.catalog.service.shown import shown_products
from mestore.catalog.types import uuid_in
from mestore.kernel.db import Database
from mestore.kernel.http import Db, refuses
from mestore.kernel.money import to_minor
from mestore.kernel.paging import InvalidPage, PageRequest, PageTooDeep, Pagination
from mestore.kernel.routing import Router
from mestore.search.analysis import brand_key
from mestore.search.schemas import SearchIn, SearchOut, SuggestionsOut
from mestore.search.service import facets_of, find, suggest
from mestore.search.types import SearchQuery
from mestore.search.views import branch

router = Router(prefix="/products", tags=["products"])
_REFUSES = refuses(InvalidPage, PageTooDeep, UnknownCategory)


@router.get("/search", response_model=SearchOut, responses=_REFUSES)
async def search_products(db: Db, wanted: Annotated[SearchIn, Query()]) -> Response:
    """Find products by words: inflected, unaccented, misspelt or by a synonym."""
    return await _search(db, wanted)


@router.post("/search", response_model=SearchOut, responses=_REFUSES)
async def search_products_by_body(db: Db, wanted: SearchIn) -> Response:
    """Find products by words and filters that would be long in an address."""
    return await _search(db, wanted)


@router.get("/suggestions", response_model=SuggestionsOut)
async def suggestions(
    db: Db, q: Annotated[str, Query(min_length=2, max_length=100, pattern=r"^[^\x00]*$")]
) -> Response:
    """Complete what somebody types, from two letters on."""
    return Response(msgspec.json.encode(await suggest(db, q)), media_type="application/json")


async def _search(database: Database, wanted: SearchIn) -> Response:
    page = PageRequest.of(page=wanted.page, per_page=wanted.per_page, cursor=None)
    query = await _query(database, wanted)
    found = await find(database, query, wanted.sort, (page.offset, page.per_page))
    shown = await shown_products(database, [hit.id for hit in found.hits])
    scores = {hit.id: hit.score for hit in found.hits}
    pages = -(-found.total // page.per_page)
    body = {
        "products": [
            {**msgspec.structs.asdict(product), "score": scores[product.id]} for product in shown
        ],
        "pagination": Pagination(page.page, page.per_page, found.total, pages, None, None),
        "facets": await facets_of(database, query, found.counted),
        "relaxed": found.relaxed,
    }
    return Response(msgspec.json.encode(body), media_type="application/json")


async def _query(database: Database, wanted: SearchIn) -> SearchQuery:
    categories: tuple[UUID, ...] = ()
    if wanted.category is not None:
        key = uuid_in(wanted.category) or wanted.category
        categories = await branch(database, key)
        if not categories:
            raise UnknownCategory(category=wanted.category)
    return SearchQuery(
        q=wanted.q,
        category=categories,
        brand=tuple(brand_key(brand) for brand in wanted.brand),
        vendor=tuple(wanted.vendor),
        min_price_minor=None if wanted.min_price is None else to_minor(wanted.min_price),
        max_price_minor=None if wanted.max_price is None else to_minor(wanted.max_price),
        min_rating=None if wanted.min_rating is None else round(wanted.min_rating * 100),
        in_stock=wanted.in_stock,
    )
