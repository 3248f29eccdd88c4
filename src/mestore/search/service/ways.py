"""Where to begin to look: at the rarest word, or at a filter that fewer products meet."""

from collections.abc import Sequence
from dataclasses import dataclass

from mestore.kernel.db import Database
from mestore.search.service.filters import places_of
from mestore.search.service.meaning import Meaning
from mestore.search.types import ALL, SearchQuery, Slot


@dataclass(frozen=True, slots=True)
class Way:
    """The words in the order in which they are looked up, a filter before them where that is rarer.

    Numbers of products are estimates.
    """

    words: Sequence[Slot]
    common: int
    """How many products have the rarest word."""
    slots: Sequence[Slot]
    fewest: int
    """How many products have the first of `slots`."""
    catalogue: int


async def shortest_way(
    database: Database, query: SearchQuery, words: Sequence[Slot], meaning: Meaning
) -> Way:
    """Return where to begin to look for words that are given from the rarest on."""
    places = await places_of(database, query)
    common = meaning.common(words[0])
    place = min(places, key=places.__getitem__, default=None)
    catalogue = max(common, meaning.products.get(ALL, 0))
    if place is None or places[place] >= common:
        return Way(words, common, words, common, catalogue)
    return Way(words, common, [place, *words], places[place], catalogue)
