"""Products with every word in an order that terms are not kept in: by rating, and the newest.

Of a common word the first few are soon found by reading the catalogue in that order and asking of
each product whether it has the word; of a rarer one by sorting all that have it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, bindparam, func, literal_column, select, true

from mestore.kernel.db import Database
from mestore.kernel.lane import Plan
from mestore.search.types import Hit, Slot
from mestore.search.views.hits import (
    COLUMNS,
    PRODUCTS,
    Looked,
    conditions,
    has_stock,
    hit_of,
    meet,
    order_of,
)
from mestore.search.views.terms import (
    STATEMENTS,
    Shape,
    has,
    said,
    shape_of,
    values_of,
    with_first,
)

_MOST = literal_column(str(2**62), BigInteger)


async def walk(
    database: Database,
    slots: Sequence[Slot],
    values: Mapping[str, Any],
    sort: str,
    window: tuple[int, int],
    *,
    steps: int,
) -> list[Hit]:
    """Return a window of the matches among the first so many products of the catalogue in an order.

    A full window is what reading on would give; one that is not may only have been cut off.
    """
    statement = _walked(shape_of(slots), tuple(sorted(values)), sort)
    bound = values_of(slots) | conditions(values) | _window(window) | {"steps": steps}
    return [_hit(row) for row in await database.rows(statement, bound, plan=Plan.ANEW)]


async def collect(
    database: Database,
    slots: Sequence[Slot],
    values: Mapping[str, Any],
    sort: str,
    window: tuple[int, int],
) -> Looked:
    """Return a window of all products that match, sorted; every one of the first slot is read."""
    statement = _collected(shape_of(slots), tuple(sorted(values)), sort)
    bound = values_of(slots) | conditions(values) | _window(window)
    rows = await database.rows(statement, bound, plan=Plan.ANEW)
    matched = rows[0][9] if rows else 0
    return Looked([_hit(row) for row in rows], matched, matched, is_cut=False)


def _window(window: tuple[int, int]) -> dict[str, int]:
    return {"skipped": window[0], "most": window[1]}


def _hit(row: Sequence[Any]) -> Hit:
    return hit_of(row, sum(row[10:]), tuple(row[10:]))


@lru_cache(maxsize=STATEMENTS)
def _walked(shape: Shape, filters: tuple[str, ...], sort: str) -> Select[Any]:
    # A filter that few meet is looked at afterwards, so that no more is read than was asked for.
    ends = [name for name in filters if name == "min_rating"]
    read = (
        select(PRODUCTS)
        .where(PRODUCTS.c.is_public == true(), *meet(PRODUCTS, ends))
        .order_by(*order_of(sort, PRODUCTS))
        .limit(bindparam("steps"))
        .subquery("read")
    )
    found = (
        select(read.c.number, literal_column("0", Integer).label("matched"))
        .where(
            *meet(read, [name for name in filters if name not in ends]),
            *(has(at, size, read.c.number) for at, size in enumerate(shape[1:])),
        )
        .order_by(*order_of(sort, read))
    )
    return _shown(found, shape, sort)


@lru_cache(maxsize=STATEMENTS)
def _collected(shape: Shape, filters: tuple[str, ...], sort: str) -> Select[Any]:
    # Sorted outside: to spare the sort PostgreSQL would read the whole catalogue in its order.
    every = (
        with_first(shape[0], PRODUCTS)
        .where(
            PRODUCTS.c.is_public == true(),
            *meet(PRODUCTS, filters),
            *(has(at, size, PRODUCTS.c.number) for at, size in enumerate(shape[2:], 1)),
        )
        .limit(_MOST)
        .subquery("every")
    )
    found = select(every.c.number, func.count().over().label("matched"))
    return _shown(found.order_by(*order_of(sort, every)), shape, sort)


def _shown(found: Select[Any], shape: Shape, sort: str) -> Select[Any]:
    """Return what is shown of a window of products; ranks and stock are looked up for these."""
    page = found.limit(bindparam("most")).offset(bindparam("skipped")).subquery("page")
    words = [said(at, size, page.c.number).label(f"word_{at}") for at, size in enumerate(shape[1:])]
    return (
        select(*COLUMNS, has_stock(PRODUCTS), page.c.matched, *words)
        .select_from(page)
        .join(PRODUCTS, PRODUCTS.c.number == page.c.number)
        .order_by(*order_of(sort, PRODUCTS))
    )
