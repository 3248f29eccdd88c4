"""The filters of a query: as conditions, and as terms by which products can be found."""

from typing import Any

from mestore.kernel.db import Database
from mestore.search.service.known import Known
from mestore.search.types import SearchQuery, Slot, brand_term, category_term, vendor_term

MOST_PLACES = 16
"""A filter of more values than these is only a condition: it is no shorter way to its products."""


def filters_of(query: SearchQuery) -> dict[str, Any]:
    """Return the conditions of a query by the names that the views know."""
    found: dict[str, Any] = {
        "category": list(query.category),
        "brand": list(query.brand),
        "vendor": list(query.vendor),
    }
    values = {name: chosen for name, chosen in found.items() if chosen}
    limits = {
        "min_price": query.min_price_minor,
        "max_price": query.max_price_minor,
        "min_rating": query.min_rating,
    }
    values |= {name: limit for name, limit in limits.items() if limit is not None}
    if query.in_stock is not None:
        values["in_stock" if query.in_stock else "out_of_stock"] = True
    return values


async def places_of(database: Database, query: SearchQuery) -> list[Slot]:
    """Return the filters that products can be found by."""
    labels = await database.kept(Known).categories.fresh()
    numbers = [label.number for label in labels.values() if label.id in set(query.category)]
    choices = [
        [brand_term(brand) for brand in query.brand],
        [vendor_term(vendor) for vendor in query.vendor],
        [category_term(number) for number in numbers],
    ]
    return [Slot(frozenset(terms)) for terms in choices if 0 < len(terms) <= MOST_PLACES]
