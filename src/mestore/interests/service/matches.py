"""New products in saved searches: found from the products that changed, and told once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.errors import UnknownCategory
from mestore.catalog.service.names import Totals, branch_of
from mestore.interests.events import MatchesFound
from mestore.interests.repository.saved import (
    MatchRepository,
    PublishedRepository,
    SavedRepository,
)
from mestore.interests.types import FindMatches, MatchProducts, PastPrice, TellMatches, Watched
from mestore.interests.views import name_of_alerting
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.search.schemas import FiltersIn
from mestore.search.service import fitting
from mestore.search.types import SearchQuery

PRODUCTS = 100
"""So many products are held against the saved searches at once."""
SEARCHES = 100
"""So many saved searches are read at once."""
TOLD_AT_ONCE = 100
NAMED = 10
"""So many products are named in one message."""


class MatchService:
    """Collects products that changed, and tells what of them is new in saved searches."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.published = PublishedRepository(tx.connection)
        self.matches = MatchRepository(tx.connection)

    async def freshen(self, product_ids: Collection[UUID], *, is_published: bool = False) -> None:
        """Let the next run see those of these products that are public.

        Where `is_published` they are public since their last change: the message of that may come
        late. Else one never seen before is public since its creation.
        """
        public = await self.published.public(product_ids)
        if public:
            since = {key: times[is_published] for key, times in public.items()}
            if is_published:
                await self.published.show(since)
            await self.published.freshen(since)

    async def find(self) -> None:
        """Ask for the products that changed to be held against the saved searches."""
        ids = await self.published.take(PRODUCTS)
        if ids:
            self.tx.enqueue(MatchProducts(tuple(ids)))
        if len(ids) == PRODUCTS:
            self.tx.enqueue(FindMatches())

    async def tell(self) -> None:
        """Tell of every saved search what is new in it, all of it in one message."""
        moment, waiting = now(), await self.matches.waiting(TOLD_AT_ONCE)
        for saved_id in waiting:
            newest, count = await self.matches.tell(saved_id, moment, NAMED)
            if count:
                self.tx.publish(MatchesFound(saved_id, tuple(newest), count, moment))
        if len(waiting) == TOLD_AT_ONCE:
            self.tx.enqueue(TellMatches())


async def match_products(database: Database, task: MatchProducts) -> None:
    """Note in which saved searches these products are new; a product is new once.

    New is what went public after the search was saved, or cost too much or too little then.
    """
    async with database.read() as connection:
        watched = await SavedRepository(connection).watched(task.after_id, SEARCHES)
        if not watched:
            return
        published = PublishedRepository(connection)
        since = await published.since(task.product_ids)
        oldest = min(each.created_at for each in watched)
        prices = await published.prices(task.product_ids, oldest)
    totals = Totals()
    asked = [
        (each, query) for each in watched if (query := await _query_of(database, totals, each))
    ]
    found = await fitting(database, [query for _, query in asked], task.product_ids)
    pairs = {
        (each.id, product_id)
        for (each, query), product_ids in zip(asked, found, strict=True)
        for product_id in product_ids
        if since[product_id] > each.created_at
        or _cost_otherwise(query, each.created_at, prices[product_id])
    }
    if not pairs and len(watched) < SEARCHES:
        return
    async with database.transaction() as tx:
        if pairs:
            await MatchRepository(tx.connection).add(pairs)
        if len(watched) == SEARCHES:
            tx.enqueue(MatchProducts(task.product_ids, watched[-1].id))


async def standing_search(connection: AsyncConnection, saved_id: int) -> tuple[UUID, str] | None:
    """Return the user and the name of a saved search whose user still wants to hear of it."""
    return await name_of_alerting(connection, saved_id)


def _cost_otherwise(query: SearchQuery, at: datetime, prices: Sequence[PastPrice]) -> bool:
    """Say whether a price then was out of a query's limits; what was never written never was."""
    lowest, highest = query.min_price_minor or 0, query.max_price_minor
    return any(
        price.price_minor < lowest or (highest is not None and price.price_minor > highest)
        for price in prices
        if price.since <= at and (price.until is None or price.until > at)
    )


async def _query_of(database: Database, totals: Totals, watched: Watched) -> SearchQuery | None:
    """Return a saved search as a search takes it; None where its category is gone.

    None too where a search would refuse its filters by now: those of others still count.
    """
    try:
        filters = FiltersIn.model_validate(watched.filters)
    except ValidationError:
        return None
    category: tuple[UUID, ...] = ()
    if filters.category is not None:
        try:
            category = await branch_of(database, totals, filters.category)
        except UnknownCategory:
            return None
    return filters.narrowed(watched.text, category)
