"""Many matches in an order that is not relevance: the way that reads fewest products."""

from collections.abc import Sequence

from mestore.kernel.db import Database
from mestore.search.service.asked import Asked, Found
from mestore.search.service.facets import meets
from mestore.search.service.ways import Way
from mestore.search.types import ALL, Hit, Slot
from mestore.search.views import hits as views
from mestore.search.views.ordered import collect, walk
from mestore.search.views.terms import ORDERS

FURTHER = 8
"""How many times further than expected the catalogue is read along an order."""


async def in_order(database: Database, asked: Asked, way: Way, best: views.Looked) -> Found:
    """Return a page of all matches in an order; facets count the best.

    The numbers are estimates and decide what it costs, never what is found.
    """
    matches = _share(asked, best, way.common)
    if way.words[0].terms == {ALL}:
        hits = await views.browse(database, asked.values, asked.sort, asked.window)
        return _found(asked, hits, matches, best.hits, way.words)
    if asked.sort in ORDERS:
        share = matches / max(1, way.fewest)
        page = await _along_the_word(database, asked, way.slots, share)
    else:
        readable = _share(asked, best, way.common, asked.sort)
        steps = int(FURTHER * sum(asked.window) * way.catalogue / max(1, readable))
        page = await _along_the_catalogue(database, asked, way, steps)
    if page is not None:
        return _found(asked, page, matches, best.hits, way.slots)
    looked = await collect(database, way.slots, asked.values, asked.sort, asked.window)
    return _found(asked, looked.hits, looked.matched or matches, best.hits, way.slots)


async def _along_the_word(
    database: Database, asked: Asked, slots: Sequence[Slot], share: float
) -> list[Hit] | None:
    """Return the page from what the index has first of a word in an order; None if it may be more.

    Of these products the part that matches is expected to be `share`.
    """
    sort, window = asked.sort, asked.window
    for width in asked.page_widths(share, slots):
        looked = await views.hits(database, slots, asked.values, window, width=width, sort=sort)
        if len(looked.hits) == window[1] or (looked.hits and not looked.is_cut):
            return looked.hits
    return None


async def _along_the_catalogue(
    database: Database, asked: Asked, way: Way, steps: int
) -> list[Hit] | None:
    """Return the page if it is full of what is found near the begin, else None.

    Reading along the catalogue costs as many steps, sorting the matches as many as there are.
    """
    if not 0 < steps < way.fewest:
        return None
    hits = await walk(database, way.slots, asked.values, asked.sort, asked.window, steps=steps)
    return hits if len(hits) == asked.window[1] else None


def _share(asked: Asked, best: views.Looked, common: int, but: str = "") -> int:
    """Return about how many products match under the filters, as of those that were counted."""
    kept = sum(meets(hit, asked.query, but) for hit in best.hits)
    return kept * max(common, best.looked_at) // best.looked_at


def _found(
    asked: Asked, hits: list[Hit], matches: int, counted: list[Hit], slots: Sequence[Slot]
) -> Found:
    end = asked.window[0] + len(hits)
    is_last = bool(hits) and len(hits) < asked.window[1]
    total = end if is_last else max(end, matches) if hits else min(asked.window[0], matches)
    return Found(hits, min(total, asked.widths.wide), counted, None, False, tuple(slots))
