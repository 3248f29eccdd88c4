"""What the operator sees of search: synonyms, and whether the index keeps up."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    String,
    and_,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    select,
    table,
)

from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job, JobState
from mestore.search.analysis import folded
from mestore.search.models import SearchState, SearchSynonym, SearchTerm, SearchVectors
from mestore.search.thesaurus import origin_of, shipped_groups
from mestore.search.types import ALL
from mestore.search.views.terms import GENERATION

COUNTED = 10_000
_P = table(
    "products",
    column("number", BigInteger),
    column("status", String),
    column("is_visible", Boolean),
    column("deleted_at", DateTime),
)
_OFFERED = and_(_P.c.status == "APPROVED", _P.c.is_visible, _P.c.deleted_at.is_(None))
_EVERY = and_(SearchTerm.generation == GENERATION, SearchTerm.term == ALL)
_STATE_COLUMNS: tuple[Any, ...] = (
    SearchState.generation,
    SearchState.building,
    SearchState.built_to,
    SearchState.switched_at,
)
_STATE = select(*_STATE_COLUMNS).where(SearchState.id == 1)
_INDEXED = select(func.count()).select_from(SearchTerm).where(_EVERY)
_MISSING = select(func.count()).select_from(
    select(_P.c.number)
    .where(_OFFERED, ~exists().where(_EVERY, SearchTerm.number == _P.c.number))
    .limit(literal_column(str(COUNTED)))
    .subquery()
)
_LEFT_OVER = select(func.count()).select_from(
    select(SearchTerm.number)
    .where(_EVERY, ~exists().where(_OFFERED, _P.c.number == SearchTerm.number))
    .limit(literal_column(str(COUNTED)))
    .subquery()
)
_EXPECTED = select(func.count()).select_from(_P).where(_OFFERED)
_VECTOR_COLUMNS: tuple[Any, ...] = (
    SearchVectors.generation,
    SearchVectors.building,
    SearchVectors.built_to,
    SearchVectors.switched_at,
)
_VECTORS = select(*_VECTOR_COLUMNS).where(SearchVectors.model == bindparam("of_model"))
_WAIT: tuple[Any, ...] = (func.count(), func.min(Job.created_at))
_WAITING = select(*_WAIT).where(
    Job.state == JobState.READY, Job.handler.like(bindparam("handlers"))
)
_GROUP: tuple[Any, ...] = (
    SearchSynonym.id,
    SearchSynonym.words,
    SearchSynonym.origin,
    SearchSynonym.is_active,
)
_SYNONYMS = select(*_GROUP).order_by(SearchSynonym.id)


class VectorHealthView(msgspec.Struct, frozen=True):
    """How many vectors there are and should be; `stored` is None where nobody answers."""

    model: str
    generation: int
    building: int | None
    built_to: int | None
    switched_at: datetime | None
    expected: int
    stored: int | None
    waiting: int
    lag_seconds: float


class SearchHealthView(msgspec.Struct, frozen=True):
    """How far the index is behind the catalogue. Drift is counted up to 10,000."""

    generation: int
    building: int | None
    built_to: int | None
    switched_at: datetime | None
    indexed: int
    missing: int
    left_over: int
    waiting: int
    lag_seconds: float
    vectors: VectorHealthView | None = None


class SynonymsView(msgspec.Struct, frozen=True):
    """A group of words that mean the same; `is_shipped` where the program came with it."""

    key: str
    words: list[str]
    is_shipped: bool
    is_active: bool


async def search_health(database: Database) -> SearchHealthView:
    """Return which index is read, what it lacks or has too much, and how long changes wait."""
    state = await database.rows(_STATE, {})
    generation, building, built_to, switched_at = state[0] if state else (0, None, 0, None)
    counts = [int((await database.rows(each, {}))[0][0]) for each in (_INDEXED, _MISSING)]
    left_over = int((await database.rows(_LEFT_OVER, {}))[0][0])
    waiting, lag = await _lag(database, "search.on_product%")
    return SearchHealthView(
        generation=generation,
        building=building,
        built_to=built_to if building is not None else None,
        switched_at=switched_at,
        indexed=counts[0],
        missing=counts[1],
        left_over=left_over,
        waiting=waiting,
        lag_seconds=lag,
    )


async def vector_health(database: Database, model: str, stored: int | None) -> VectorHealthView:
    """Return how the vectors of a model stand; `stored` is what their store says."""
    state = await database.rows(_VECTORS, {"of_model": model})
    generation, building, built_to, switched_at = state[0] if state else (0, None, 0, None)
    waiting, lag = await _lag(database, "search.embed%")
    return VectorHealthView(
        model=model,
        generation=generation,
        building=building,
        built_to=built_to if building is not None else None,
        switched_at=switched_at,
        expected=int((await database.rows(_EXPECTED, {}))[0][0]),
        stored=stored,
        waiting=waiting,
        lag_seconds=lag,
    )


async def _lag(database: Database, handlers: str) -> tuple[int, float]:
    waiting, oldest = (await database.rows(_WAITING, {"handlers": handlers}))[0]
    lag = (now() - oldest).total_seconds() if oldest else 0.0
    return int(waiting), round(max(0.0, lag), 3)


async def synonym_list(database: Database, text: str) -> list[SynonymsView]:
    """Return every group whose words contain a text: the operator's first, then the shipped."""
    rows = await database.rows(_SYNONYMS, {})
    replaced = {row[2] for row in rows}
    found = [
        SynonymsView(row[2] or str(row[0]), _words(row[1]), row[2] is not None, bool(row[3]))
        for row in reversed(rows)
    ]
    found += [
        SynonymsView(origin_of(group), _words(group), True, True)
        for group in shipped_groups()
        if origin_of(group) not in replaced
    ]
    wanted = folded(text.strip())
    return [each for each in found if wanted in folded(" ".join(each.words))]


def _words(group: str) -> list[str]:
    return [word.strip() for word in group.split(",")]
