"""Where to begin to look: at the rarest word, or at a filter that fewer products meet."""

from mestore.kernel.db import Database
from mestore.search.service.filters import places_of
from mestore.search.service.meaning import Meaning
from mestore.search.types import SearchQuery, Slot


async def shortest_way(
    database: Database, query: SearchQuery, slots: list[Slot], meaning: Meaning
) -> tuple[list[Slot], int]:
    """Return the slots with the one to begin with first, and about how many products that has."""
    places = await places_of(database, query)
    known = dict(meaning.products)
    for place, count in places.items():
        known |= dict.fromkeys(place.terms, count)

    def common(ordered: list[Slot]) -> int:
        return sum(known.get(term, 0) for term in ordered[0].terms)

    ordered = min([slots, *([place, *slots] for place in places)], key=common)
    return ordered, common(ordered)
