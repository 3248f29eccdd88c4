"""Finding what is alike, where words find little: the two lists merged by reciprocal rank.

Vectors only say which products may be meant. Whether these are public, what they cost and whether
they are in stock is read from the catalogue.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from mestore.kernel.breaker import CircuitOpen
from mestore.kernel.db import Database
from mestore.search.errors import VectorsUnavailable
from mestore.search.service.asked import Found
from mestore.search.service.facets import meets
from mestore.search.service.find import find
from mestore.search.service.vectors import Vectors
from mestore.search.types import AlikePolicy, Hit, Near, SearchQuery
from mestore.search.views import hits as views

FEW = 10
"""Fewer hits than these are little."""
MOST = 50
DAMPING = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""
SCALE = 1_000_000
CIRCUIT = ("vectors", "nearest")
LOOSE = ("dropped_word", "some_words")


async def find_alike(
    database: Database,
    vectors: Vectors | None,
    query: SearchQuery,
    sort: str,
    window: tuple[int, int],
    *,
    is_exact: bool = False,
) -> Found:
    """Find by words, and where these find little, by likeness too.

    `semantic` is None where likeness was not asked for, False where no answer came in time: then
    the hits are those of the words alone.
    """
    found = await find(database, query, sort, window, is_exact=is_exact)
    if vectors is None or sort != "relevance" or not _is_little(query, found):
        return found
    near = await nearest(vectors, query.q.strip())
    if near is None:
        return replace(found, semantic=False)
    merged = await _merged(database, found, near)
    kept = [hit for hit in merged if meets(hit, query)]
    added = len(kept) - sum(meets(hit, query) for hit in found.counted)
    return replace(
        found,
        hits=kept[window[0] : sum(window)],
        total=found.total + added,
        counted=merged,
        relaxed=found.relaxed if found.counted or not merged else "meaning",
        semantic=True,
    )


async def nearest(vectors: Vectors, text: str) -> list[Near] | None:
    """Return the products nearest to a text; None where they cannot be had in time."""
    generation = (await vectors.state()).generation
    if not generation:
        return None
    seconds = vectors.database.policy(AlikePolicy).seconds
    try:
        with vectors.breaker.guard(CIRCUIT, (VectorsUnavailable,)):
            try:
                async with asyncio.timeout(seconds):
                    (vector,) = await vectors.embedder.embed([text])
                    if not any(vector):
                        return []
                    collection = vectors.collection(generation)
                    return await vectors.store.nearest(collection, vector, MOST)
            except TimeoutError as error:
                raise VectorsUnavailable(reason="too slow") from error
    except (VectorsUnavailable, CircuitOpen):
        return None


def _is_little(query: SearchQuery, found: Found) -> bool:
    if not query.q.strip() or found.is_code:
        return False
    # Of many matches under filters only a page is at hand: there is nothing to merge.
    is_whole = found.is_exact or query == SearchQuery(q=query.q)
    return is_whole and (found.relaxed in LOOSE or len(found.counted) < FEW)


async def _merged(database: Database, found: Found, near: Sequence[Near]) -> list[Hit]:
    """Return what words found and what is alike, whatever the filters.

    Where every word was found, the hits of the words stay first, in their order.
    """
    policy = database.policy(AlikePolicy)
    by_words = {hit.number for hit in found.counted}
    near = [
        each
        for each in near
        if each.number in by_words or each.similarity >= policy.least_similarity
    ]
    new = {each.number: 0 for each in near if each.number not in by_words}
    alike = {hit.number: hit for hit in await views.of_numbers(database, new, {})} if new else {}
    if found.counted and found.relaxed not in LOOSE:
        added = [alike[each.number] for each in near if each.number in alike]
        return [*found.counted, *sorted(added, key=lambda hit: not hit.in_stock)]
    scores = {hit.number: 1 / (DAMPING + at) for at, hit in enumerate(found.counted, 1)}
    for at, each in enumerate(near, 1):
        scores[each.number] = scores.get(each.number, 0) + policy.weight / (DAMPING + at)
    every = [*found.counted, *alike.values()]
    scored = [_with_score(hit, round(scores[hit.number] * SCALE)) for hit in every]
    return sorted(scored, key=lambda hit: (not hit.in_stock, -hit.score, -hit.number))


def _with_score(hit: Hit, score: int) -> Hit:
    return msgspec.structs.replace(hit, score=score)
