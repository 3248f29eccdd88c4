"""Writing the index: what changed of a product's terms, in every generation that is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import add_rows, affected, rows_of, unless_taken
from mestore.search.misspelling import grams
from mestore.search.models import SearchFrequency, SearchGram, SearchState, SearchTerm, SearchWord
from mestore.search.signature import COLUMNS

Said = Mapping[str, tuple[int, ...]]
"""What a product says: {term: (rank, price, its signature in parts)}."""
STATE = 1
TRIES = 3

_G = SearchTerm.generation == bindparam("of_generation")
_ROW = (_G, SearchTerm.term == bindparam("of_term"), SearchTerm.number == bindparam("of_number"))
SAID = ("rank", "price_minor", *COLUMNS)
"""The columns of what a product says with a term."""
_TERMS = select(
    SearchTerm.number, SearchTerm.term, *(SearchTerm.__table__.c[name] for name in SAID)
).where(_G, SearchTerm.number.in_(bindparam("numbers", expanding=True)))
_ADD_TERMS = insert(SearchTerm).inline()
_DROP_TERM = delete(SearchTerm).where(*_ROW)
_CHANGE_TERM = (
    update(SearchTerm).where(*_ROW).values({name: bindparam(f"new_{name}") for name in SAID})
)
_ADD_WORDS = insert(SearchWord).inline()
_ADD_GRAMS = insert(SearchGram).inline()
_ADD_FREQUENCIES = insert(SearchFrequency).inline()
_KNOWN_WORDS = select(SearchWord.word).where(SearchWord.word.in_(bindparam("keys", expanding=True)))
_KNOWN_TERMS = select(SearchFrequency.term).where(
    SearchFrequency.term.in_(bindparam("keys", expanding=True))
)
_STATE = select(
    SearchState.generation, SearchState.building, SearchState.built_to, SearchState.counted_to
).where(SearchState.id == STATE)
_ADD_STATE = insert(SearchState).inline()
_BEGIN = (
    update(SearchState)
    .where(
        SearchState.id == STATE,
        # An update of the program names the generation that it wants, and starts no work on it.
        or_(SearchState.building.is_(None), SearchState.started_at.is_(None)),
    )
    .values(
        building=SearchState.generation + 1,
        built_to=0,
        started_at=bindparam("at", type_=SearchState.started_at.type),
    )
)
_ADVANCE = (
    update(SearchState)
    .where(
        SearchState.id == STATE,
        SearchState.building == bindparam("made"),
        SearchState.built_to == bindparam("seen"),
    )
    .values(built_to=bindparam("reached"))
)
_SWITCH = (
    update(SearchState)
    .where(SearchState.id == STATE, SearchState.building == bindparam("made"))
    .values(
        generation=SearchState.building,
        building=None,
        switched_at=bindparam("at", type_=SearchState.switched_at.type),
    )
)
_OLD = (
    select(SearchTerm.generation, SearchTerm.number, SearchTerm.term)
    .where(SearchTerm.generation < bindparam("kept"))
    .limit(bindparam("most"))
)
_NEXT_TERMS = (
    select(SearchFrequency.term)
    .where(SearchFrequency.term > bindparam("after"))
    .order_by(SearchFrequency.term)
    .limit(bindparam("most"))
)
_COUNT = (
    select(SearchTerm.term, func.count())
    .where(_G, SearchTerm.term.in_(bindparam("keys", expanding=True)))
    .group_by(SearchTerm.term)
)
_SET_COUNT = (
    update(SearchFrequency)
    .where(SearchFrequency.term == bindparam("of_term"))
    .values(products=bindparam("counted"))
)
_SET_USES = (
    update(SearchWord)
    .where(SearchWord.term == bindparam("of_term"))
    .values(uses=bindparam("counted"))
)
_COUNTED_TO = (
    update(SearchState).where(SearchState.id == STATE).values(counted_to=bindparam("reached"))
)


@dataclass(frozen=True, slots=True)
class State:
    """Which generation is read, which one is being built, how far that and the counting are."""

    generation: int = 0
    building: int | None = None
    built_to: int = 0
    counted_to: str = ""

    @property
    def written(self) -> tuple[int, ...]:
        """Return the generations that every change goes into."""
        return (self.generation,) if self.building is None else (self.generation, self.building)


@dataclass(slots=True)
class _Changes:
    """What is to be written so that stored terms become new ones."""

    added: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)

    def compare(self, generation: int, number: int, before: Said, after: Said) -> None:
        """Add what differs of one product."""
        for term in sorted(before.keys() | after.keys()):
            key = {"of_generation": generation, "of_term": term, "of_number": number}
            if term not in after:
                self.dropped.append(key)
            elif term not in before:
                row = {"generation": generation, "term": term, "number": number}
                self.added.append(row | dict(zip(SAID, after[term], strict=True)))
            elif before[term] != after[term]:
                new = {f"new_{name}": value for name, value in zip(SAID, after[term], strict=True)}
                self.changed.append(key | new)


class IndexRepository:
    """The rows of the index."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def state(self) -> State:
        """Return the state; that of a new database where none was written."""
        rows = await rows_of(self.connection, _STATE)
        return State(*rows[0]) if rows else State()

    async def begin(self, at: datetime) -> bool:
        """Begin the next generation; False where one is being built: then that one goes on."""
        if not await rows_of(self.connection, _STATE):
            first = {"id": STATE, "generation": 0, "built_to": 0, "counted_to": ""}
            async with unless_taken(self.connection):
                await add_rows(self.connection, _ADD_STATE, [first])
        return await affected(self.connection, _BEGIN, at=at) == 1

    async def advance(self, made: int, seen: int, reached: int) -> bool:
        """Say that a generation has come to a product; False where another process was first."""
        return await affected(self.connection, _ADVANCE, made=made, seen=seen, reached=reached) == 1

    async def switch(self, made: int, at: datetime) -> bool:
        """Let readers see the new generation, all of it at once; False where they do already."""
        return await affected(self.connection, _SWITCH, made=made, at=at) == 1

    async def drop_old(self, kept: int, most: int) -> int:
        """Delete up to `most` rows of generations before the one that is kept."""
        found = (await self.connection.execute(_OLD, {"kept": kept, "most": most})).all()
        if found:
            rows = [
                {"of_generation": row[0], "of_number": row[1], "of_term": row[2]}
                for row in sorted(map(tuple, found))
            ]
            await self.connection.execute(_DROP_TERM, rows)
        return len(found)

    async def replace(self, generation: int, products: Mapping[int, Said]) -> None:
        """Make {product number: what it says} what a generation holds; unchanged rows stay."""
        stored: dict[int, dict[str, tuple[int, int, int, int]]] = {each: {} for each in products}
        for number, term, *said in await rows_of(
            self.connection, _TERMS, of_generation=generation, numbers=sorted(products)
        ):
            stored[number][term] = tuple(said)
        changes = _Changes()
        for number, terms in sorted(products.items()):
            changes.compare(generation, number, stored[number], terms)
        for statement, rows in ((_DROP_TERM, changes.dropped), (_CHANGE_TERM, changes.changed)):
            if rows:
                await self.connection.execute(statement, rows)
        if changes.added:
            await add_rows(self.connection, _ADD_TERMS, changes.added)

    async def learn_terms(self, terms: Sequence[str]) -> None:
        """Add the terms that no product had before."""
        for _ in range(TRIES):
            known = await self._known(_KNOWN_TERMS, terms)
            rows = [{"term": term, "products": 1} for term in sorted(set(terms) - known)]
            if not rows or await self._added([(_ADD_FREQUENCIES, rows)]):
                return

    async def learn_words(self, words: Mapping[str, str]) -> None:
        """Add the words (word: term) that the vocabulary does not have."""
        for _ in range(TRIES):
            known = await self._known(_KNOWN_WORDS, list(words))
            new = sorted(words.keys() - known)
            pieces = [
                {"gram": gram, "size": len(word), "word": word}
                for word in new
                for gram in sorted(grams(word))
            ]
            rows = [{"word": w, "term": words[w], "head": w[:2], "uses": 1} for w in new]
            if not rows or await self._added([(_ADD_WORDS, rows), (_ADD_GRAMS, pieces)]):
                return

    async def count(self, generation: int, after: str, most: int) -> str | None:
        """Count the products of the next terms anew; return the last one, None at the end."""
        terms = list(
            (await self.connection.execute(_NEXT_TERMS, {"after": after, "most": most})).scalars()
        )
        if not terms:
            return None
        counted = dict.fromkeys(terms, 0)
        for term, count in await rows_of(
            self.connection, _COUNT, of_generation=generation, keys=terms
        ):
            counted[term] = count
        rows = [{"of_term": term, "counted": count} for term, count in counted.items()]
        await self.connection.execute(_SET_COUNT, rows)
        await self.connection.execute(_SET_USES, rows)
        return terms[-1]

    async def counted_to(self, term: str) -> None:
        """Remember where the counting goes on."""
        await affected(self.connection, _COUNTED_TO, reached=term)

    async def _known(self, statement: Any, keys: Sequence[str]) -> set[str]:  # noqa: ANN401
        if not keys:
            return set()
        rows = await self.connection.execute(statement, {"keys": sorted(keys)})
        return set(rows.scalars())

    async def _added(self, inserts: Sequence[tuple[Any, list[dict[str, Any]]]]) -> bool:
        """Insert all of it, or nothing where another transaction was first with a word."""
        async with unless_taken(self.connection):
            for statement, rows in inserts:
                await self.connection.execute(statement, rows)
            return True
        return False
