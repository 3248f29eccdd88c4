"""The words of a search as parts of statements: the best products of one, what others say of them.

Lists come in few lengths, so that few statements have to be written, and the database plans few.
"""

from collections.abc import Callable, Sequence, Set
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    SmallInteger,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from mestore.kernel.db import Database
from mestore.kernel.lane import Plan
from mestore.search.models import SearchState, SearchTerm
from mestore.search.signature import COLUMNS as SIGNATURE
from mestore.search.signature import signature
from mestore.search.types import Slot

LOOSE = 2500
"""What a term loses in rank where it only resembles what was asked for."""
STATEMENTS = 512
SIZES = (1, 2, 4, 8, 16, 32)
LISTS = (1, 2, 8, 32)
LOOKED_UP = 2
"""All that a product says is read sooner than more of its terms are looked up one by one."""
SIGNED = 8
"""A word of more terms is in every product's signature, as it were."""
ORDERS: dict[str, Callable[[Any, Any], tuple[Any, ...]]] = {
    "relevance": lambda rank, of: (rank.desc(), of.number.desc()),
    "price": lambda _, of: (of.price_minor, of.number),
    "-price": lambda _, of: (of.price_minor.desc(), of.number.desc()),
}
"""The orders in which an index keeps the products of a term, by rank and columns."""
NO_TERM = ""
"""Fills a list up: no product has it."""
GENERATION = func.coalesce(
    select(SearchState.generation).where(SearchState.id == 1).scalar_subquery(),
    literal_column("0", SmallInteger),
)
Shape = tuple[int, ...]
"""How long the list of terms of each word is; the first word's are looked up one by one too."""


def shape_of(slots: Sequence[Slot]) -> Shape:
    """Return what of the words decides the statement."""
    return (_size(SIZES, slots[0]), *(_size(LISTS, slot) for slot in slots))


def values_of(slots: Sequence[Slot]) -> dict[str, Any]:
    """Return the values of the statements made here: every slot as lists, the first one by one."""
    found: dict[str, Any] = {}
    for at, slot in enumerate(slots):
        size = _size(LISTS, slot)
        found |= _listed(f"terms_{at}", slot.terms, size)
        found |= _listed(f"exact_{at}", slot.exact, size)
        if at and size <= SIGNED:
            found |= _signed(at, slot.terms, size)
    first = slots[0]
    chosen = _filled([*sorted(first.exact), *sorted(first.loose)], _size(SIZES, first))
    for at, term in enumerate(chosen):
        found[f"first_{at}"] = term
        found[f"loss_{at}"] = LOOSE if term in first.loose else 0
    return found


def begin(
    size: int, width: int, sort: str, limits: Sequence[str] = (), *, is_signed: bool
) -> Select[Any]:
    """Return the first (number, word_0) of the word to begin with, over all of its terms.

    In an order of `ORDERS`, with signatures where `is_signed`; `limits` are bounds of the price.
    """
    # No column that the order does not need: its index has all the others.
    columns = (SearchTerm.number, SearchTerm.price_minor)[: 1 + ("price" in sort)]
    if is_signed:
        columns = (*columns, *(getattr(SearchTerm, name) for name in SIGNATURE))
    ranks = [SearchTerm.rank - bindparam(f"loss_{at}", type_=Integer) for at in range(size)]
    parts = [
        _first(f"first_{at}", width, (*columns, rank.label("rank")), sort, limits)
        for at, rank in enumerate(ranks)
    ]
    if len(parts) == 1:
        first = parts[0].subquery("first")
        of_product = [column for column in first.c if column.name != "rank"]
        return select(*of_product, first.c.rank.label("word_0"))
    every = union_all(*parts).subquery("every")
    of_product = [column for column in every.c if column.name != "rank"]
    best = func.max(every.c.rank)
    return (
        select(*of_product, best.label("word_0"))
        .group_by(*of_product)
        .order_by(*ORDERS[sort](best, every.c))
    )


def with_first(size: int, products: Any) -> Select[Any]:  # noqa: ANN401
    """Return number, price and rating of all products with the word to begin with."""
    listed: list[Any] = [bindparam(f"first_{at}") for at in range(size)]
    has_it = (SearchTerm.generation == GENERATION, SearchTerm.term.in_(listed))
    columns = select(products.c.number, products.c.price_minor, products.c.rating_score)
    if size == 1:
        # Of one term a product is listed once, so that nothing has to be made distinct.
        same = SearchTerm.number == products.c.number
        return columns.select_from(products).join(SearchTerm, same).where(*has_it)
    return columns.where(products.c.number.in_(select(SearchTerm.number).where(*has_it)))


def may_have(at: int, size: int, begun: Any) -> Any:  # noqa: ANN401
    """Return whether a product may have a word, as far as its signature tells."""
    return or_(
        *(
            and_(
                *(_covers(begun[name], f"{name}_{at}_{choice}") for name in SIGNATURE),
            )
            for choice in range(size)
        )
    )


def said(at: int, size: int, number: Any) -> Any:  # noqa: ANN401
    """Return the rank of a product for a word, NULL where it does not have it."""
    other, has_it, is_one = _of(at, size, number)
    is_exact = _is_one_of(other.c.term, f"exact_{at}", size)
    rank = case((is_exact, other.c.rank), else_=other.c.rank - literal_column(str(LOOSE)))
    # Of one term there is at most one row.
    best = rank if size == 1 else func.max(case((is_one, rank)))
    return select(best).where(*has_it).scalar_subquery()


def has(at: int, size: int, number: Any) -> Any:  # noqa: ANN401
    """Return whether a product has a word.

    Not EXISTS: of that PostgreSQL may make a table of all products with the word first.
    """
    other, has_it, is_one = _of(at, size, number)
    best = other.c.rank if size == 1 else func.max(case((is_one, other.c.rank)))
    return select(best).where(*has_it).scalar_subquery().is_not(None)


async def postings(
    database: Database, terms: Sequence[str], width: int
) -> list[tuple[str, int, int]]:
    """Return (term, number, rank) of the best products of each of these terms."""
    size = next(size for size in (*SIZES, 64, 128, 256) if size >= len(terms))
    bound = {f"term_{at}": term for at, term in enumerate(_filled(list(terms), size))}
    rows = await database.rows(_best(size, width), bound, plan=Plan.ONCE)
    return [(row[0], row[1], row[2]) for row in rows]


def _of(at: int, size: int, number: Any) -> tuple[Any, list[Any], Any]:  # noqa: ANN401
    """Return the terms of a product, what of them is read, and which of those mean a word."""
    other = SearchTerm.__table__.alias(f"other_{at}")
    of_product = [other.c.generation == GENERATION, other.c.number == number]
    is_one = _is_one_of(other.c.term, f"terms_{at}", size)
    if size > LOOKED_UP:
        return other, of_product, is_one
    terms: list[Any] = [bindparam(f"terms_{at}_{choice}") for choice in range(size)]
    return other, [*of_product, other.c.term.in_(terms)], is_one


def _is_one_of(term: Any, name: str, size: int) -> Any:  # noqa: ANN401
    # Not IN: PostgreSQL makes an array of the values anew for every row.
    return or_(*(term == bindparam(f"{name}_{at}") for at in range(size)))


def _size(sizes: Sequence[int], slot: Slot) -> int:
    return next(size for size in sizes if size >= len(slot.terms))


def _listed(name: str, terms: Set[str], size: int) -> dict[str, str]:
    """Return the values of `_is_one_of`."""
    return {f"{name}_{at}": term for at, term in enumerate(_filled(sorted(terms), size))}


def _signed(at: int, terms: Set[str], size: int) -> dict[str, int]:
    """Return the values of `may_have`; the last term fills the list up."""
    found: dict[str, int] = {}
    chosen = sorted(terms)
    for choice in range(size):
        parts = signature([chosen[min(choice, len(chosen) - 1)]])
        names = [f"{name}_{at}_{choice}" for name in SIGNATURE]
        found |= dict(zip(names, parts, strict=True))
    return found


def _covers(part: Any, name: str) -> Any:  # noqa: ANN401
    bits = bindparam(name, type_=BigInteger)
    return part.bitwise_and(bits) == bits


def _filled(terms: list[str], size: int) -> list[str]:
    return [*terms, *[NO_TERM] * (size - len(terms))]


def _first(
    name: str,
    width: int,
    columns: Sequence[Any],
    sort: str = "relevance",
    limits: Sequence[str] = (),
) -> Any:  # noqa: ANN401
    bounds = {
        "min_price": SearchTerm.price_minor >= bindparam("min_price", type_=BigInteger),
        "max_price": SearchTerm.price_minor <= bindparam("max_price", type_=BigInteger),
    }
    first = (
        select(*columns)
        .where(
            SearchTerm.generation == GENERATION,
            SearchTerm.term == bindparam(name),
            *(bounds[limit] for limit in limits),
        )
        .order_by(*ORDERS[sort](SearchTerm.rank, SearchTerm))
        .limit(literal_column(str(width)))
        .subquery()
    )
    # SQLite takes no order inside a part of a union, so each part is a table of its own.
    return select(*first.c)


@lru_cache(maxsize=STATEMENTS)
def _best(terms: int, width: int) -> Any:  # noqa: ANN401
    columns = (SearchTerm.term, SearchTerm.number, SearchTerm.rank)
    joined = union_all(*(_first(f"term_{at}", width, columns) for at in range(terms)))
    return select(*joined.subquery("best").c)
