"""Facets: what the matches could be narrowed to. A facet ignores its own filter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from mestore.kernel.db import Database
from mestore.kernel.money import to_number
from mestore.search.service.known import Known
from mestore.search.types import Bucket, FacetsView, Hit, SearchQuery
from mestore.search.views.labels import vendor_labels

BUCKETS = 5
MOST_VALUES = 30
STARS = (4, 3, 2, 1)


async def facets_of(database: Database, query: SearchQuery, hits: Sequence[Hit]) -> FacetsView:
    """Count the matches of the words, for each facet under the filters of all the others."""
    labels = await database.kept(Known).categories.fresh()
    numbers = {label.id: label.path.strip("/").split("/") for label in labels.values()}
    of_vendor = Counter(hit.vendor_id for hit in _under(hits, query, "vendor"))
    # Names are read of the vendors that are shown, not of all that have a match.
    sellers = _best(of_vendor)
    vendors = await vendor_labels(database, sorted(sellers))
    in_categories: Counter[str] = Counter()
    for category, count in Counter(
        hit.category_id for hit in _under(hits, query, "category")
    ).items():
        for number in numbers.get(category, ()) if category else ():
            in_categories[number] += count
    brands: dict[str, str] = {}
    for hit in hits:
        if hit.brand_key and hit.brand:
            brands[hit.brand_key] = min(hit.brand, brands.get(hit.brand_key, hit.brand))
    of_brand = Counter(hit.brand_key for hit in _under(hits, query, "brand") if hit.brand_key)
    stock = Counter(hit.in_stock for hit in _under(hits, query, "stock"))
    ratings = [hit.rating_score for hit in _under(hits, query, "rating")]
    return FacetsView(
        category=_ordered(
            Bucket(labels[number].slug, labels[number].name, count)
            for number, count in in_categories.items()
            if number in labels
        ),
        price=_prices([hit.price_minor for hit in _under(hits, query, "price")]),
        rating=[
            Bucket(str(star), f"{star}+", sum(score >= star * 100 for score in ratings))
            for star in STARS
        ],
        brand=_ordered(Bucket(key, brands.get(key, key), n) for key, n in of_brand.items()),
        vendor=_ordered(Bucket(str(key), vendors.get(key, ""), of_vendor[key]) for key in sellers),
        stock=[Bucket(str(has).lower(), str(has).lower(), stock[has]) for has in (True, False)],
    )


def meets(hit: Hit, query: SearchQuery, but: str = "") -> bool:
    """Say whether a hit meets every filter, but one that is named."""
    lowest, highest = query.min_price_minor, query.max_price_minor
    checks = (
        but == "category" or not query.category or hit.category_id in query.category,
        but == "brand" or not query.brand or hit.brand_key in query.brand,
        but == "vendor" or not query.vendor or hit.vendor_id in query.vendor,
        but == "stock" or query.in_stock in {None, hit.in_stock},
        but == "rating" or hit.rating_score >= (query.min_rating or 0),
        but == "price" or lowest is None or hit.price_minor >= lowest,
        but == "price" or highest is None or hit.price_minor <= highest,
    )
    return all(checks)


def _under(hits: Sequence[Hit], query: SearchQuery, facet: str) -> Sequence[Hit]:
    """Return the hits that meet every filter but that of a facet."""
    if query == SearchQuery(q=query.q):
        return hits
    return [hit for hit in hits if meets(hit, query, facet)]


def _best(counted: Counter[UUID]) -> list[UUID]:
    return sorted(counted, key=lambda key: (-counted[key], key))[:MOST_VALUES]


def _ordered(found: Iterable[Bucket]) -> list[Bucket]:
    return sorted(found, key=lambda each: (-each.count, each.label, each.value))[:MOST_VALUES]


def _prices(prices: list[int]) -> list[Bucket]:
    """Split the prices where they lie, into at most `BUCKETS` parts that do not overlap."""
    prices.sort()
    parts = range(1, BUCKETS + 1)
    ends = sorted(
        {prices[max(1, len(prices) * part // BUCKETS) - 1] for part in parts} if prices else ()
    )
    found, start = [], 0
    for end in ends:
        inside = [price for price in prices[start:] if price <= end]
        if inside:
            value = f"{to_number(inside[0])}-{to_number(inside[-1])}"
            found.append(Bucket(value, value, len(inside)))
        start += len(inside)
    return found
