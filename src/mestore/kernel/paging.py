"""Lists in pages: by number for people, by cursor for depth. Both read a bounded number of rows."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Integer, Select, SmallInteger, and_, or_

from mestore.kernel.errors import Invalid

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
DEEPEST_OFFSET = 10_000
# Holds the longest name that a list is sorted by: 500 letters of four bytes, in base64.
LONGEST_CURSOR = 3_000

_BITS: Mapping[type, int] = {SmallInteger: 15, Integer: 31}
"""Of whole numbers that are shorter than others."""

Row = TypeVar("Row")


class InvalidPage(Invalid):
    """The paging parameters make no sense."""

    en = "page starts at 1, per_page is 1 to 100, and cursor is a value of pagination.next."
    es = "page empieza en 1, per_page va de 1 a 100, y cursor es un valor de pagination.next."


class PageTooDeep(Invalid):
    """A page number so high that counting up to it would be slow."""

    en = "Page numbers reach the first {rows} rows. Go on with cursor= from pagination.next."
    es = "Los números de página llegan a {rows} filas. Sigue con cursor= de pagination.next."


class UnknownSort(Invalid):
    """The sort field is not one of this list's."""

    en = "sort is one of: {allowed}; put - before it to turn it around."
    es = "sort es uno de: {allowed}; pon - delante para invertirlo."


class Pagination(msgspec.Struct, frozen=True):
    """Where a page stands in its list; `next` and `previous` are cursors."""

    page: int
    per_page: int
    total: int
    pages: int
    next: str | None
    previous: str | None


class PaginationOut(BaseModel):
    """Where a page stands in its list; `next` and `previous` are values of `cursor=`."""

    page: int
    per_page: int
    total: int
    pages: int
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page a caller wants."""

    page: int = 1
    per_page: int = DEFAULT_SIZE
    cursor: str | None = None
    offset: int = 0

    @classmethod
    def of(
        cls, *, page: int, per_page: int | None, cursor: str | None, skip: int | None = None
    ) -> "PageRequest":
        """Check what came from outside; `skip` counts rows and wins over `page`."""
        size = DEFAULT_SIZE if per_page is None else per_page
        if page < 1 or not 1 <= size <= LARGEST_SIZE or len(cursor or "") > LONGEST_CURSOR:
            raise InvalidPage(page=page, per_page=size)
        offset = (page - 1) * size if skip is None else skip
        if offset < 0:
            raise InvalidPage(skip=skip)
        if cursor is None and offset >= DEEPEST_OFFSET:
            raise PageTooDeep(rows=DEEPEST_OFFSET)
        return cls(offset // size + 1, size, cursor, offset)


@dataclass(frozen=True, slots=True)
class SortKey:
    """A sort order: one column, then the id to break ties. `name` is as the caller writes it."""

    name: str
    column: Any
    tiebreak: Any
    descending: bool


class _Cursor(msgspec.Struct, array_like=True):
    sort: str
    forward: bool
    page: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    value: Any
    tiebreak: Any


@dataclass(frozen=True, slots=True)
class Position:
    """Where a cursor points: a row, by its sort value and tie-break, and which way to go on."""

    value: Any
    tiebreak: Any
    forward: bool
    page: int


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page, in order, with where they stand."""

    rows: list[Row]
    pagination: Pagination


def parse_sort(sort: str | None, default: str, columns: dict[str, Any], tiebreak: Any) -> SortKey:  # noqa: ANN401  a column expression
    """Return the order that `sort` (`name` or `-name`) asks for."""
    wanted = sort or default
    name = wanted.removeprefix("-")
    if name not in columns:
        raise UnknownSort(allowed=", ".join(sorted(columns)))
    return SortKey(wanted, columns[name], tiebreak, wanted.startswith("-"))


def position_of(wanted: PageRequest, order: SortKey) -> Position | None:
    """Return where the cursor of `wanted` points, if it has one; raises `InvalidPage`."""
    if wanted.cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(wanted.cursor + "=" * (-len(wanted.cursor) % 4))
        cursor = msgspec.json.decode(packed, type=_Cursor)
        value = _checked(cursor.value, order.column)
        tiebreak = _checked(cursor.tiebreak, order.tiebreak)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidPage(cursor=wanted.cursor) from error
    if cursor.sort != order.name:
        raise InvalidPage(cursor=wanted.cursor)
    return Position(value, tiebreak, cursor.forward, cursor.page)


def apply(
    query: Select[*tuple[Any, ...]], wanted: PageRequest, order: SortKey
) -> Select[*tuple[Any, ...]]:
    """Return `query` ordered and cut to one page plus one row, which tells whether more follow."""
    position = position_of(wanted, order)
    forward = position is None or position.forward
    descending = order.descending == forward
    for column in (order.column, order.tiebreak):
        query = query.order_by(column.desc() if descending else column.asc())
    query = query.limit(wanted.per_page + 1)
    if position is None:
        return query.offset(wanted.offset) if wanted.offset else query
    return query.where(beyond(order, position.value, position.tiebreak, descending))


def beyond(order: SortKey, value: Any, tiebreak: Any, descending: bool) -> ColumnElement[bool]:  # noqa: ANN401  values or bind parameters
    """Return the condition for the rows that follow (value, tiebreak) in the given direction."""
    column, tie = order.column, order.tiebreak
    if column is tie:
        return and_(tie < tiebreak) if descending else and_(tie > tiebreak)
    # The outer bound is redundant in logic and is what lets every engine use its index.
    if descending:
        return and_(column <= value, or_(column < value, tie < tiebreak))
    return and_(column >= value, or_(column > value, tie > tiebreak))


def page_of(
    rows: Sequence[Row],
    wanted: PageRequest,
    order: SortKey,
    total: int,
    keys: tuple[str, str] | tuple[int, int],
) -> Page[Row]:
    """Turn what `apply` fetched into a page.

    `keys` are the names, or the places, of a row's sort value and tie-break.
    """
    position = position_of(wanted, order)
    forward = position is None or position.forward
    more = len(rows) > wanted.per_page
    shown = list(rows[: wanted.per_page])
    if not forward:
        shown.reverse()
    page = position.page if position else wanted.page
    has_next = more if forward else True
    has_previous = page > 1 if forward else more
    pages = -(-total // wanted.per_page)
    return Page(
        shown,
        Pagination(
            page=page,
            per_page=wanted.per_page,
            total=total,
            pages=pages,
            next=_encode(order, shown[-1], keys, page + 1, True) if shown and has_next else None,
            previous=(
                _encode(order, shown[0], keys, max(page - 1, 1), False)
                if shown and has_previous
                else None
            ),
        ),
    )


def _checked(value: Any, column: Any) -> Any:  # noqa: ANN401  any value of any column
    """Return a value from a cursor as its column takes it; ValueError for what no row can hold."""
    kind = column.type.python_type
    converted = msgspec.convert(value, kind, strict=False)
    if kind is int:
        bits = _BITS.get(type(column.type), 63)
        holds = -(1 << bits) <= converted < 1 << bits
    elif kind is datetime:
        holds = converted.tzinfo is not None and 1 < converted.year < 9999
    else:
        holds = "\0" not in str(converted)
    if not holds:
        raise ValueError("no row holds this value")
    return converted


def _encode(order: SortKey, row: Any, keys: Sequence[str | int], page: int, forward: bool) -> str:  # noqa: ANN401  a row of any list
    value, tie = (getattr(row, key) if isinstance(key, str) else row[key] for key in keys)
    packed = msgspec.json.encode(_Cursor(order.name, forward, page, value, tie))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")
