"""Recommendations: a constant number of statements, whatever is asked for."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from mestore.catalog.errors import ProductNotFound
from mestore.catalog.service.shown import ProductView, shown_products
from mestore.insights.repository.computed import InsightRepository
from mestore.insights.types.recommendations import PAIRS_OF, POPULAR_OF, RecommendationsView, Traits
from mestore.insights.views.recommendations import (
    bought_by,
    bought_with,
    of_categories,
    popular,
    traits_of,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.search.service import PopularityService

OFTEN_ENOUGH = 3
"""Candidates read for each product shown: some are out of stock, or stand in another list."""
FURTHER = 60
"""Candidates of a list that are read once more where it is not full: what sells well sells out."""


async def recommend(
    database: Database, product_id: UUID | None, buyer_id: UUID | None, most: int
) -> RecommendationsView:
    """Return what to show beside a product, or to a buyer, or to anybody.

    Raises `ProductNotFound` for a product that is not public.
    """
    together: list[UUID] = []
    alike: list[UUID] = []
    personal: list[UUID] = []
    if product_id is not None:
        known = await traits_of(database, [product_id])
        if not known:
            raise ProductNotFound
        together = await bought_with(database, [product_id])
        alike = await _alike(database, known)
    bought = await bought_by(database, buyer_id) if buyer_id is not None else []
    if bought:
        personal = await bought_with(database, bought)
        personal += await _alike(database, await traits_of(database, bought))
    general = await popular(database)
    has_seen = {*bought, *([product_id] if product_id else [])}
    wanted = [
        [each for each in ids if each not in has_seen]
        for ids in (together, alike, personal, general)
    ]
    return RecommendationsView(*await _shown(database, wanted, most))


async def _shown(
    database: Database, wanted: Sequence[Sequence[UUID]], most: int
) -> list[list[ProductView]]:
    """Return what is shown of each list; at most two statements."""
    read = most * OFTEN_ENOUGH
    shown = await shown_products(database, [each for ids in wanted for each in ids[:read]])
    sections = _sections(wanted, shown, most)
    further = [
        each
        for ids, section in zip(wanted, sections, strict=True)
        if len(section) < most
        for each in ids[read : read + FURTHER]
    ]
    if further:
        shown += await shown_products(database, further)
        sections = _sections(wanted, shown, most)
    return sections


def _sections(
    wanted: Sequence[Sequence[UUID]], shown: Iterable[ProductView], most: int
) -> list[list[ProductView]]:
    """Return each list cut to `most`: no product twice, nothing that is out of stock."""
    left = {product.id: product for product in shown if product.in_stock}
    sections = []
    for ids in wanted:
        chosen = [each for each in dict.fromkeys(ids) if each in left][:most]
        sections.append([left.pop(each) for each in chosen])
    return sections


async def _alike(database: Database, known: Sequence[Traits]) -> list[UUID]:
    """Return products of the same categories, the most alike first."""
    categories = {each.category_id for each in known if each.category_id is not None}
    if not categories:
        return []
    brands = {each.brand_key for each in known if each.brand_key}
    prices = sorted(each.price_minor for each in known)
    middle_minor = prices[len(prices) // 2]
    excluded = {each.id for each in known}
    found = [
        each
        for each in await of_categories(database, sorted(categories))
        if each.id not in excluded
    ]
    found.sort(key=lambda each: _distance(each, brands, middle_minor))
    return [each.id for each in found]


def _distance(other: Traits, brands: set[str], price_minor: int) -> tuple[bool, int, int]:
    """Rank a product: the same brand first, then the nearest price, then the better rated."""
    apart = abs(other.price_minor - price_minor) * 4 // max(price_minor, 1)
    return (other.brand_key not in brands, apart, -other.rating_score)


class InsightService:
    """Computes anew what recommendations read."""

    def __init__(self, tx: Tx) -> None:
        self.insights = InsightRepository(tx.connection)
        self.popularity = PopularityService(tx)

    async def recompute(self) -> None:
        """Count pairs and popular products from the paid orders; search ranks by what sells."""
        moment = now()
        await self.insights.replace_pairs(moment - PAIRS_OF)
        await self.insights.replace_popular(moment - POPULAR_OF)
        await self.popularity.replace(await self.insights.units())
