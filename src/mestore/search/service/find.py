"""Finding products: all words first, then more and more loosely until something is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mestore.kernel.db import Database
from mestore.search import analysis, views
from mestore.search.types import MOST_WORDS, Hit, SearchQuery

MOST_MATCHES = 500
SHORTEST_TYPO = 4
LONG_WORD = 7


@dataclass(frozen=True, slots=True)
class Found:
    """A window of hits, all that facets count, and how far the words had to be relaxed."""

    hits: list[Hit]
    total: int
    counted: list[Hit]
    relaxed: str | None


async def find(database: Database, query: SearchQuery, sort: str, window: tuple[int, int]) -> Found:
    """Return the public products that a query means.

    `relaxed` is None where every word was found as written, else `typo` or `dropped_word`.
    """
    values, relaxed = filters_of(query), None
    if query.q.strip() and " " not in query.q.strip():
        code = [{analysis.exact(query.q)}]
        hits, total = await views.hits(database, code, values, sort, window)
        if total:
            counted, _ = await views.hits(database, code, {}, "number", (0, views.MOST_HITS))
            return Found(hits, total, counted, None)
    written = analysis.words(query.q)[:MOST_WORDS]
    if query.q.strip() and not written:
        return Found([], 0, [], None)
    words, misspelt, unknown = await _meant(database, written)
    if misspelt:
        relaxed = "typo"
    if unknown and words:
        relaxed = "dropped_word"
    if written and not words:
        return Found([], 0, [], None)
    counted, there = await views.hits(database, words, {}, "relevance", (0, views.MOST_HITS))
    if not there and len(words) > 1:
        words, relaxed = await _fewer(database, words), "dropped_word"
        counted, there = await views.hits(database, words, {}, "relevance", (0, views.MOST_HITS))
    hits, total = await views.hits(database, words, values, sort, window)
    return Found(hits, total, counted, relaxed)


async def matching(database: Database, query: SearchQuery, after_number: int = 0) -> list[UUID]:
    """Return public products with every word of a query, newer than a number, oldest first.

    Nothing is relaxed: what a saved search tells of must be what was asked for.
    """
    words = [analysis.alternatives(word) for word in analysis.words(query.q)[:MOST_WORDS]]
    if query.q.strip() and not words:
        return []
    values = filters_of(query) | {"after": after_number}
    hits, _ = await views.hits(database, words, values, "number", (0, MOST_MATCHES))
    return [hit.id for hit in hits]


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


async def _meant(database: Database, written: Sequence[str]) -> tuple[list[set[str]], bool, bool]:
    """Return the terms of each word, whether one was misspelt, and whether one means nothing."""
    slots = [analysis.alternatives(word) for word in written]
    known = await views.known_terms(database, set().union(*slots)) if slots else set()
    meant, misspelt, unknown = [], False, False
    for at, (word, terms) in enumerate(zip(written, slots, strict=True)):
        plain = analysis.folded(word)
        if at == len(written) - 1 and len(plain) > 1:
            begun = await views.words_beginning(database, plain)
            terms = terms | {term for _, term in begun}
            known |= {term for _, term in begun}
        if not terms & known and len(plain) >= SHORTEST_TYPO:
            terms = await _corrected(database, plain)
            known |= terms
            misspelt = misspelt or bool(terms)
        if terms & known:
            meant.append(terms & known)
        else:
            unknown = True
    return meant, misspelt, unknown


async def _corrected(database: Database, word: str) -> set[str]:
    """Return the terms of the known words that are nearest to a misspelt one."""
    allowed = 2 if len(word) >= LONG_WORD else 1
    near = [
        (analysis.distance(word, known), term)
        for known, term in await views.words_near(database, analysis.grams(word))
    ]
    best = min((apart for apart, _ in near), default=allowed + 1)
    if best > allowed:
        return set()
    found = [analysis.alternatives(term) for apart, term in near if apart == best]
    return set().union(*found)


async def _fewer(database: Database, words: list[set[str]]) -> list[set[str]]:
    """Return the words without the one whose absence leaves most products."""
    best, most = words, -1
    for at in range(len(words)):
        rest = words[:at] + words[at + 1 :]
        _, total = await views.hits(database, rest, {}, "relevance", (0, 1))
        if total > most:
            best, most = rest, total
    return best
