"""Facets: what the matches could be narrowed to. A facet ignores its own filter."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from mestore.kernel.db import Database
from mestore.kernel.money import to_number
from mestore.search.service.asked import Found
from mestore.search.service.known import Known
from mestore.search.types import Bucket, FacetsView, Hit, SearchQuery
from mestore.search.views.labels import vendor_labels

BUCKETS = 5
MOST_VALUES = 30
STARS = (4, 3, 2, 1)
FACETS = ("category", "price", "rating", "brand", "vendor", "stock")


async def facets_of(database: Database, query: SearchQuery, found: Found) -> FacetsView:
    """Count the matches of the words, for each facet under the filters of all the others."""
    labels = await database.kept(Known).categories.fresh()
    numbers = {label.id: label.path.strip("/").split("/") for label in labels.values()}
    under = _under(found, query)
    of_vendor = Counter(hit.vendor_id for hit in under["vendor"])
    # Names are read of the vendors that are shown, not of all that have a match.
    sellers = _best(of_vendor)
    vendors = await vendor_labels(database, sorted(sellers))
    in_categories: Counter[str] = Counter()
    for category, count in Counter(hit.category_id for hit in under["category"]).items():
        for number in numbers.get(category, ()) if category else ():
            in_categories[number] += count
    brands: dict[str, str] = {}
    for hit in under["brand"]:
        if hit.brand_key and hit.brand:
            brands[hit.brand_key] = min(hit.brand, brands.get(hit.brand_key, hit.brand))
    of_brand = Counter(hit.brand_key for hit in under["brand"] if hit.brand_key)
    stock = Counter(hit.in_stock for hit in under["stock"])
    ratings = [hit.rating_score for hit in under["rating"]]
    return FacetsView(
        category=_ordered(
            Bucket(labels[number].slug, labels[number].name, count)
            for number, count in in_categories.items()
            if number in labels
        ),
        price=_prices([hit.price_minor for hit in under["price"]]),
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
    return not _missed(hit, query) - {but}


def _missed(hit: Hit, query: SearchQuery) -> set[str]:
    """Return the facets whose filter a hit does not meet."""
    lowest, highest = query.min_price_minor, query.max_price_minor
    missed = set()
    if query.category and hit.category_id not in query.category:
        missed.add("category")
    if query.brand and hit.brand_key not in query.brand:
        missed.add("brand")
    if query.vendor and hit.vendor_id not in query.vendor:
        missed.add("vendor")
    if query.in_stock not in {None, hit.in_stock}:
        missed.add("stock")
    if hit.rating_score < (query.min_rating or 0):
        missed.add("rating")
    if lowest is not None and hit.price_minor < lowest:
        missed.add("price")
    if highest is not None and hit.price_minor > highest:
        missed.add("price")
    return missed


def _under(found: Found, query: SearchQuery) -> Mapping[str, Sequence[Hit]]:
    """Return for each facet the hits that meet every filter but its own."""
    if query == SearchQuery(q=query.q):
        return dict.fromkeys(FACETS, found.counted)
    kept: list[Hit] = []
    but: dict[str, list[Hit]] = {facet: [] for facet in FACETS}
    for hit in found.counted:
        missed = _missed(hit, query)
        if not missed:
            kept.append(hit)
        elif len(missed) == 1:
            but[missed.pop()].append(hit)
    own = _filtered(query)
    return {
        facet: kept + more if found.narrowed is None or facet in own else found.narrowed
        for facet, more in but.items()
    }


def _filtered(query: SearchQuery) -> set[str]:
    """Return the facets that have a filter of their own."""
    has_price = query.min_price_minor is not None or query.max_price_minor is not None
    filters = {
        "category": bool(query.category),
        "brand": bool(query.brand),
        "vendor": bool(query.vendor),
        "stock": query.in_stock is not None,
        "rating": query.min_rating is not None,
        "price": has_price,
    }
    return {facet for facet, is_set in filters.items() if is_set}


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
