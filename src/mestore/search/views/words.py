"""Reading the vocabulary: what is known, what begins like a text, what is like a word."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, func, select

from mestore.kernel.db import Database
from mestore.kernel.lane import Plan
from mestore.search.misspelling import grams
from mestore.search.models import SearchFrequency, SearchGram, SearchSynonym, SearchWord

LAST = "\uffff"
"""Sorts behind every letter of a word."""
COMPLETED = 20
NEAR = 40

_PAIR: tuple[Any, ...] = (SearchWord.word, SearchWord.term, SearchWord.uses)
_COUNTED: tuple[Any, ...] = (SearchFrequency.term, SearchFrequency.products)
_GROUP: tuple[Any, ...] = (SearchSynonym.words, SearchSynonym.origin, SearchSynonym.is_active)
_FREQUENCIES = select(*_COUNTED).where(
    SearchFrequency.term.in_(bindparam("terms", expanding=True)), SearchFrequency.products > 0
)
_MOST_USED = (SearchWord.uses.desc(), SearchWord.word)
_OF_HEAD = (
    select(*_PAIR)
    .where(SearchWord.head == bindparam("head"))
    .order_by(*_MOST_USED)
    .limit(COMPLETED)
)
_BEGUN = (
    select(*_PAIR)
    .where(SearchWord.word >= bindparam("begin"), SearchWord.word <= bindparam("end"))
    .order_by(*_MOST_USED)
    .limit(COMPLETED)
)
_LIKE = (
    select(SearchGram.word)
    .where(
        SearchGram.gram.in_(bindparam("grams", expanding=True)),
        SearchGram.size.in_(bindparam("sizes", expanding=True)),
    )
    .group_by(SearchGram.word)
    .order_by(func.count().desc(), SearchGram.word)
    .limit(NEAR)
    .subquery("alike")
)
_NEAR = select(*_PAIR).join(_LIKE, _LIKE.c.word == SearchWord.word)
_SYNONYMS = select(*_GROUP).order_by(SearchSynonym.id)


async def frequencies(database: Database, terms: Iterable[str]) -> dict[str, int]:
    """Return those of the terms that some product has, and about how many."""
    rows = await database.rows(_FREQUENCIES, {"terms": sorted(terms)}, plan=Plan.ONCE)
    return {row[0]: row[1] for row in rows}


async def words_beginning(database: Database, text: str) -> list[tuple[str, str, int]]:
    """Return the most used (word, term, uses) that begin with a folded text; none of one letter."""
    if len(text) < 2:
        return []
    if len(text) == 2:
        rows = await database.rows(_OF_HEAD, {"head": text}, plan=Plan.ONCE)
    else:
        values = {"begin": text, "end": text + LAST}
        rows = await database.rows(_BEGUN, values, plan=Plan.ONCE)
    return [(row[0], row[1], row[2]) for row in rows]


async def words_near(database: Database, word: str, apart: int) -> list[tuple[str, str, int]]:
    """Return (word, term, uses) that share most three-letter pieces and are about as long."""
    sizes = list(range(max(1, len(word) - apart), len(word) + apart + 1))
    values = {"grams": sorted(grams(word)), "sizes": sizes}
    rows = await database.rows(_NEAR, values, plan=Plan.ONCE)
    return [(row[0], row[1], row[2]) for row in rows]


async def synonym_groups(database: Database) -> list[Mapping[str, Any]]:
    """Return every group of the table: words, origin, is_active."""
    return [
        {"words": row[0], "origin": row[1], "is_active": bool(row[2])}
        for row in await database.rows(_SYNONYMS, {})
    ]
