"""Finding products: all words first, then more and more loosely until something is found."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, log2

from mestore.kernel.db import Database
from mestore.search.service.asked import NOTHING, Asked, Found, rarest_first, sort_key
from mestore.search.service.facets import meets
from mestore.search.service.filters import filters_of, places_of
from mestore.search.service.meaning import Meaning, all_terms, meaning_of
from mestore.search.service.ordered import in_order
from mestore.search.service.ways import Way, shortest_way
from mestore.search.types import ALL, SearchQuery, Slot, WidthPolicy
from mestore.search.views import hits as views
from mestore.search.views.terms import LOOSE, postings
from mestore.search.views.words import frequencies

SOME_WORDS = 200


async def find(
    database: Database,
    query: SearchQuery,
    sort: str,
    window: tuple[int, int],
    *,
    is_exact: bool = False,
) -> Found:
    """Return the public products that a query means; `is_exact` counts as many as may be looked at.

    `relaxed` is None where every word was found as written, else `typo`, `dropped_word` or
    `some_words`.
    """
    widths = database.policy(WidthPolicy)
    places = await places_of(database, query)
    asked = Asked(query, sort, window, is_exact, filters_of(query), places, widths)
    text = query.q.strip()
    if not text:
        return await _browse(database, asked)
    meaning = await meaning_of(database, text, places)
    if meaning.code is not None:
        code = [Slot(frozenset([meaning.code]))]
        if (found := await _all_words(database, asked, code, None)).counted:
            return replace(found, is_code=True)
    if not meaning.readings:
        return NOTHING
    found = await _any_reading(database, asked, meaning)
    if found.counted:
        relaxed = "dropped_word" if meaning.has_unknown else None
        return _relaxed(found, relaxed or ("typo" if meaning.is_misspelt else None))
    return await _some_words(database, asked, meaning)


async def _browse(database: Database, asked: Asked) -> Found:
    """Find without words: by popularity, or in an order that the catalogue itself has."""
    every = Slot(frozenset([ALL]))
    products = await frequencies(database, all_terms([every, *asked.places]))
    return await _all_words(database, asked, [every], Meaning([], products))


async def _any_reading(database: Database, asked: Asked, meaning: Meaning) -> Found:
    for slots in meaning.readings:
        found = await _all_words(database, asked, slots, meaning)
        if found.counted:
            return found
    as_asked = meaning.readings[0]
    if len(as_asked) == 1 or asked.is_exact:
        return NOTHING
    # The best of the rarest word have none of the others; those below them may.
    further = replace(asked.widths, narrow=asked.widths.further)
    return await _all_words(database, replace(asked, widths=further), as_asked, meaning)


async def _all_words(
    database: Database, asked: Asked, slots: Sequence[Slot], meaning: Meaning | None
) -> Found:
    """Return the products that have every word: their facets, and the page under the filters."""
    ordered = rarest_first(meaning, slots)
    meaning = meaning or Meaning([], {})
    width = asked.width_of(meaning.common(ordered[0]))
    looked = await views.hits(database, ordered, {}, (0, width), width=width)
    everything, said = looked.hits, tuple(ordered)
    if not looked.is_cut:
        kept = everything
        if asked.values:
            kept = [hit for hit in everything if meets(hit, asked.query)]
        if asked.sort != "relevance":
            kept = sorted(kept, key=sort_key(asked.sort))
        return Found(asked.page(kept), len(kept), everything, None, True, said)
    way = shortest_way(asked.places, ordered, meaning)
    if asked.values:
        return await _under_filters(database, asked, way, looked)
    if asked.sort != "relevance":
        return await in_order(database, asked, way, looked)
    if asked.page_widths(len(everything) / looked.looked_at, ordered)[0] > width:
        return await _deeper(database, asked, way, looked)
    total = asked.estimate(way.common, len(everything), looked.looked_at)
    return Found(asked.page(everything), total, everything, None, False, said)


async def _under_filters(database: Database, asked: Asked, way: Way, best: views.Looked) -> Found:
    """Return a page of what meets the filters, and for facets the best that do."""
    is_near = asked.sort == "relevance" and sum(asked.window) <= asked.width
    near = asked if is_near else replace(asked, sort="relevance", window=(0, asked.window[1]))
    met = await _deeper(database, near, way, best, (0, asked.width))
    if is_near:
        return replace(met, hits=asked.page(met.hits), narrowed=met.hits)
    find_page = _deeper if asked.sort == "relevance" else in_order
    return replace(await find_page(database, asked, way, best), narrowed=met.hits)


async def _deeper(
    database: Database,
    asked: Asked,
    way: Way,
    best: views.Looked,
    window: tuple[int, int] | None = None,
) -> Found:
    """Return a page by relevance where more products match than facets count, or a wider window."""
    kept = sum(meets(hit, asked.query) for hit in best.hits)
    # Of none that was counted, half a one is expected.
    expected = max(kept, 0.5) / best.looked_at * way.common
    looked = views.Looked([], 0, 0, is_cut=False)
    for width in asked.page_widths(expected / max(1, way.fewest), way.slots):
        looked = await views.hits(
            database, way.slots, asked.values, window or asked.window, width=width
        )
        is_all = looked.hits and not looked.is_cut
        if is_all or looked.matched >= sum(asked.window):
            break
    total = looked.matched
    if looked.is_cut:
        total = asked.estimate(way.fewest, total, looked.looked_at)
    elif not looked.hits and asked.window[0]:
        total = min(asked.window[0], asked.estimate(way.fewest, len(best.hits), asked.width))
    return Found(looked.hits, total, best.hits, None, False, tuple(way.slots))


async def _some_words(database: Database, asked: Asked, meaning: Meaning) -> Found:
    """Return the products with the most telling of the words, those with more of them first."""
    slots = meaning.readings[0]
    if len(slots) == 1:
        return NOTHING
    places = [(at, term) for at, slot in enumerate(slots) for term in sorted(slot.terms)]
    # Of two words no product was found to have both: the best of each are enough.
    width = SOME_WORDS if len(slots) > 2 else asked.widths.narrow
    best = await postings(database, [term for _, term in places], width)
    of_term: dict[str, list[int]] = {}
    for at, term in places:
        of_term.setdefault(term, []).append(at)
    told = [10 / log2(4 + meaning.common(slot)) for slot in slots]
    said: dict[int, dict[int, float]] = {}
    for term, number, rank in best:
        for at in of_term[term]:
            is_loose = term not in slots[at].exact
            value = told[at] * (rank - is_loose * LOOSE)
            words = said.setdefault(number, {})
            words[at] = max(value, words.get(at, 0))
    most = max((len(words) for words in said.values()), default=0)
    needed = max(1, ceil(most / 2))
    scores = {
        number: round(sum(words.values()) * len(words) / len(slots))
        for number, words in said.items()
        if len(words) >= needed
    }
    chosen = sorted(scores, key=lambda number: (-scores[number], -number))[: asked.widths.narrow]
    counted = await views.of_numbers(database, {number: scores[number] for number in chosen}, {})
    counted.sort(key=lambda hit: (not hit.in_stock, -hit.score, -hit.number))
    kept = sorted((hit for hit in counted if meets(hit, asked.query)), key=sort_key(asked.sort))
    relaxed = "dropped_word" if most == len(slots) - 1 else "some_words"
    return Found(asked.page(kept), len(kept), counted, relaxed)


def _relaxed(found: Found, relaxed: str | None) -> Found:
    return replace(found, relaxed=relaxed)
