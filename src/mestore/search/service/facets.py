"""Facets: what the matches could be narrowed to. A facet ignores its own filter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from mestore.kernel.db import Database
from mestore.kernel.money import to_number
from mestore.search import views
from mestore.search.analysis import brand_key
from mestore.search.types import Bucket, FacetsView, Hit, SearchQuery

BUCKETS = 5
MOST_VALUES = 30
STARS = (4, 3, 2, 1)


async def facets_of(database: Database, query: SearchQuery, hits: Sequence[Hit]) -> FacetsView:
    """Count the matches of the words, for each facet under the filters of all the others."""
    labels = {each.id: each for each in await views.category_labels(database)}
    by_number = {str(each.number): each for each in labels.values()}
    vendors = await views.vendor_labels(database, sorted({hit.vendor_id for hit in hits}))
    in_categories: Counter[str] = Counter()
    for hit in _under(hits, query, "category"):
        if hit.category_id in labels:
            for number in labels[hit.category_id].path.strip("/").split("/"):
                in_categories[number] += 1
    brands: dict[str, str] = {}
    for hit in hits:
        if hit.brand:
            name = brand_key(hit.brand)
            brands[name] = min(hit.brand, brands.get(name, hit.brand))
    of_brand = Counter(brand_key(hit.brand) for hit in _under(hits, query, "brand") if hit.brand)
    of_vendor = Counter(hit.vendor_id for hit in _under(hits, query, "vendor"))
    stock = Counter(hit.in_stock for hit in _under(hits, query, "stock"))
    ratings = [hit.rating_score for hit in _under(hits, query, "rating")]
    return FacetsView(
        category=_ordered(
            Bucket(by_number[number].slug, by_number[number].name, count)
            for number, count in in_categories.items()
            if number in by_number
        ),
        price=_prices([hit.price_minor for hit in _under(hits, query, "price")]),
        rating=[
            Bucket(str(star), f"{star}+", sum(score >= star * 100 for score in ratings))
            for star in STARS
        ],
        brand=_ordered(Bucket(key, brands[key], count) for key, count in of_brand.items()),
        vendor=_ordered(
            Bucket(str(key), vendors.get(key, ""), count) for key, count in of_vendor.items()
        ),
        stock=[Bucket(str(has).lower(), str(has).lower(), stock[has]) for has in (True, False)],
    )


def _under(hits: Iterable[Hit], query: SearchQuery, facet: str) -> list[Hit]:
    """Return the hits that meet every filter but that of a facet."""
    brands = set(query.brand)
    categories: set[UUID | None] = set(query.category)
    lowest, highest = query.min_price_minor, query.max_price_minor
    return [
        hit
        for hit in hits
        if (facet == "category" or not categories or hit.category_id in categories)
        and (facet == "brand" or not brands or brand_key(hit.brand or "") in brands)
        and (facet == "vendor" or not query.vendor or hit.vendor_id in query.vendor)
        and (facet == "stock" or query.in_stock is None or hit.in_stock == query.in_stock)
        and (facet == "rating" or hit.rating_score >= (query.min_rating or 0))
        and (facet == "price" or lowest is None or hit.price_minor >= lowest)
        and (facet == "price" or highest is None or hit.price_minor <= highest)
    ]


def _ordered(found: Iterable[Bucket]) -> list[Bucket]:
    return sorted(found, key=lambda each: (-each.count, each.label, each.value))[:MOST_VALUES]


def _prices(prices: list[int]) -> list[Bucket]:
    """Split the prices where they lie, into at most `BUCKETS` parts that do not overlap."""
    prices.sort()
    ends = (
        sorted(
            {
                prices[len(prices) * part // BUCKETS - 1]
                for part in range(1, BUCKETS + 1)
                if len(prices) * part // BUCKETS
            }
        )
        if prices
        else []
    )
    found, start = [], 0
    for end in ends:
        inside = [price for price in prices if start <= price <= end]
        if inside:
            value = f"{to_number(inside[0])}-{to_number(inside[-1])}"
            found.append(Bucket(value, value, len(inside)))
        start = end + 1
    return found
