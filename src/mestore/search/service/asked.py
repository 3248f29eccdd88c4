"""What is asked of a search and what it found, as its ways to answer hand it on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mestore.search.service.meaning import Meaning
from mestore.search.types import Hit, SearchQuery, Slot, WidthPolicy


@dataclass(frozen=True, slots=True)
class Found:
    """A window of hits, all that facets count, and how far the words had to be relaxed.

    Where `is_exact` is false more products match than were looked at: `total` is an estimate, and
    facets count the best ones, under filters the best that meet these (`narrowed`).
    """

    hits: list[Hit]
    total: int
    counted: list[Hit]
    """Hits of the words, whatever the filters."""
    relaxed: str | None = None
    is_exact: bool = True
    slots: tuple[Slot, ...] = ()
    """The words as they were looked up, in the order of `Hit.words`."""
    is_code: bool = False
    """Whether the text is a SKU or barcode of the hits."""
    narrowed: list[Hit] | None = None
    """Hits that meet the filters, where those of `counted` that do are not all."""
    semantic: bool | None = None
    """Whether what is alike was looked for too: None where not, False where no answer came."""


NOTHING = Found([], 0, [])


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it is asked for: its conditions, its order, its page, and how exactly."""

    query: SearchQuery
    sort: str
    window: tuple[int, int]
    is_exact: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    places: Sequence[Slot] = ()
    """The filters that products can be found by."""
    widths: WidthPolicy = field(default_factory=WidthPolicy)

    @property
    def width(self) -> int:
        """Return how many products facets are to count."""
        return self.widths.wide if self.is_exact else self.widths.narrow

    def width_of(self, common: int) -> int:
        """Return how many products are looked at of a word that about so many have."""
        whole = self.widths.whole if common < self.widths.whole else 0
        return max(self.width, whole)

    def page_widths(self, share: float, slots: Sequence[Slot]) -> list[int]:
        """Return how many products a page is chosen from, then more if too few match.

        `share` is the part of their reach that is expected to match. By relevance, only under
        filters are so many looked at as for exact counts; without, several words reach far enough.
        """
        if self.is_exact:
            return [self.widths.wide]
        end = sum(self.window)
        is_deep = self.sort != "relevance" or self.values or 2 * end > self.widths.further
        most = self.widths.wide if is_deep else 0
        widths = [width for width in self.widths.steps if width <= max(most, self.widths.further)]
        if self.sort != "relevance":
            # Along an order the page is the same however few are read, if it is full.
            widths = [self.widths.narrow // 2, *widths]
        needed = end if is_deep or len(slots) == 1 else 0
        fitting = [
            width
            for width in widths
            if width >= 2 * end and self.widths.reach(width, slots) * share >= needed
        ]
        return fitting or widths[-1:]

    def page(self, hits: Sequence[Hit]) -> list[Hit]:
        """Return the page of hits that are in order."""
        skipped, most = self.window
        return list(hits[skipped : skipped + most])

    def estimate(self, common: int, matched: int, looked_at: int) -> int:
        """Return about how many products match, from how many of those looked at do."""
        some = matched * max(common, looked_at) // max(1, looked_at)
        return max(matched, min(self.widths.wide, some))


def rarest_first(meaning: Meaning | None, slots: Sequence[Slot]) -> list[Slot]:
    """Return the words in the order in which they are looked up."""
    return sorted(slots, key=meaning.common) if meaning else list(slots)


def sort_key(sort: str) -> Any:  # noqa: ANN401  any order
    """Return what sorts hits as the catalogue does."""
    keys: dict[str, Any] = {
        "price": lambda hit: (hit.price_minor, hit.number),
        "-price": lambda hit: (-hit.price_minor, -hit.number),
        "rating": lambda hit: (-hit.rating_score, -hit.number),
        "newest": lambda hit: -hit.number,
    }
    return keys.get(sort, lambda hit: (not hit.in_stock, -hit.score, -hit.number))
