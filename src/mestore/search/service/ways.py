"""Where to begin to look: at the rarest word, or at a filter that fewer products meet."""

from collections.abc import Sequence
from dataclasses import dataclass

from mestore.search.service.meaning import Meaning
from mestore.search.types import ALL, Slot


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


def shortest_way(places: Sequence[Slot], words: Sequence[Slot], meaning: Meaning) -> Way:
    """Return where to begin to look for words that are given from the rarest on."""
    common = meaning.common(words[0])
    catalogue = max(common, meaning.products.get(ALL, 0))
    rarest = min([words[0], *places], key=meaning.common)
    slots = words if rarest is words[0] else [rarest, *words]
    return Way(words, common, slots, meaning.common(rarest), catalogue)
