"""Pages by number and by cursor, forwards and backwards, over ties; garbage is never a 500."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Row, func, insert, select

from mestore.kernel.db import Database
from mestore.kernel.paging import (
    InvalidPage,
    Page,
    PageRequest,
    PageTooDeep,
    Pagination,
    PaginationOut,
    SortKey,
    UnknownSort,
    apply,
    page_of,
    parse_sort,
    position_of,
)
from tests.kernel.things import THINGS, Colour

START = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
SORTS: dict[str, Any] = {
    "id": THINGS.c.id,
    "word": THINGS.c.word,
    "text": THINGS.c.text,
    "amount": THINGS.c.amount,
    "at": THINGS.c.at,
    "small": THINGS.c.small,
    "colour": THINGS.c.colour,
}
COUNT = 23


async def fill(database: Database) -> None:
    """Write rows with many ties in every column but word and id."""
    rows = [
        {
            "word": f"word {number:02}",
            "text": "áéíóúñ"[number % 6] + "x",
            "amount": number % 3 * 10**12,
            "at": START + timedelta(microseconds=number % 4),
            "small": -(number % 5),
            "colour": Colour.RED if number % 2 else Colour.BLUE,
        }
        for number in range(COUNT)
    ]
    async with database.transaction() as tx:
        await tx.connection.execute(insert(THINGS), rows)


def request(
    *,
    page: int = 1,
    per_page: int | None = None,
    cursor: str | None = None,
    skip: int | None = None,
) -> PageRequest:
    """Return what a caller asks for."""
    return PageRequest.of(page=page, per_page=per_page, cursor=cursor, skip=skip)


async def page(database: Database, sort: str, wanted: PageRequest) -> Page[Row[tuple[object, ...]]]:
    """Fetch one page of things."""
    order = parse_sort(sort, "id", SORTS, THINGS.c.id)
    query = apply(select(THINGS), wanted, order)
    async with database.read() as connection:
        rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        total = (await connection.execute(select(func.count()).select_from(THINGS))).scalar_one()
    return page_of(rows, wanted, order, total, (sort.removeprefix("-"), "id"))


async def everything(database: Database, sort: str) -> list[int]:
    """Return the ids of all things in order, as the engine orders them."""
    column = SORTS[sort.removeprefix("-")]
    down = sort.startswith("-")
    orders = [column.desc(), THINGS.c.id.desc()] if down else [column, THINGS.c.id]
    async with database.read() as connection:
        return list(await connection.scalars(select(THINGS.c.id).order_by(*orders)))


def ids(found: Page[Row[tuple[object, ...]]]) -> list[int]:
    """Return the ids of a page."""
    return [row.id for row in found.rows]


@pytest.mark.parametrize(
    ("sort", "per_page"),
    [(sort, 5) for name in SORTS for sort in (name, f"-{name}")]
    + [(sort, size) for sort in ("-small", "at") for size in (1, 22, 23, 24)],
)
async def test_cursors_walk_forth_and_back_over_ties_and_miss_nothing(
    things: Database, sort: str, per_page: int
) -> None:
    await fill(things)
    expected = await everything(things, sort)
    wanted = request(per_page=per_page)
    forth = [await page(things, sort, wanted)]
    while cursor := forth[-1].pagination.next:
        forth.append(await page(things, sort, request(per_page=per_page, cursor=cursor)))
    assert [number for each in forth for number in ids(each)] == expected
    pages = -(-COUNT // per_page)
    assert [each.pagination.page for each in forth] == list(range(1, pages + 1))
    assert {each.pagination.pages for each in forth} == {pages}
    assert {each.pagination.total for each in forth} == {COUNT}

    back = [forth[-1]]
    while cursor := back[-1].pagination.previous:
        back.append(await page(things, sort, request(per_page=per_page, cursor=cursor)))
    assert list(map(ids, reversed(back))) == list(map(ids, forth))
    assert [each.pagination.page for each in reversed(back)] == list(range(1, pages + 1))
    assert forth[0].pagination.previous is None


async def test_page_numbers_and_cursors_show_the_same_pages(things: Database) -> None:
    await fill(things)
    by_cursor: str | None = None
    for number in range(1, 6):
        numbered = await page(things, "-at", request(page=number, per_page=5))
        if by_cursor is not None:
            walked = await page(things, "-at", request(per_page=5, cursor=by_cursor))
            assert ids(walked) == ids(numbered)
            assert walked.pagination == numbered.pagination
        by_cursor = numbered.pagination.next
    assert by_cursor is None


async def test_skip_counts_rows(things: Database) -> None:
    await fill(things)
    expected = await everything(things, "-at")
    found = await page(things, "-at", request(per_page=5, skip=7))
    assert ids(found) == expected[7:12]
    following = await page(things, "-at", request(per_page=5, cursor=found.pagination.next))
    assert ids(following) == expected[12:17]
    with pytest.raises(InvalidPage):
        request(skip=-1)
    with pytest.raises(PageTooDeep):
        request(skip=10_000)


async def test_a_cursor_is_not_moved_by_rows_that_come_before_it(things: Database) -> None:
    await fill(things)
    first = await page(things, "-id", request(per_page=5))
    await fill_more(things)
    second = await page(things, "-id", request(per_page=5, cursor=first.pagination.next))
    assert ids(second) == [number - 5 for number in ids(first)]


async def fill_more(database: Database) -> None:
    """Write newer rows."""
    async with database.transaction() as tx:
        await tx.connection.execute(insert(THINGS), [{"word": "new 1"}, {"word": "new 2"}])


async def test_an_empty_list_is_an_empty_page(things: Database) -> None:
    found = await page(things, "id", request())
    assert found.rows == []
    assert found.pagination == Pagination(
        page=1, per_page=20, total=0, pages=0, next=None, previous=None
    )


async def test_a_page_after_the_last_is_empty(things: Database) -> None:
    await fill(things)
    found = await page(things, "id", request(page=9, per_page=20))
    assert found.rows == []
    assert (found.pagination.total, found.pagination.pages) == (23, 2)
    assert (found.pagination.next, found.pagination.previous) == (None, None)


async def test_a_page_reads_a_bounded_number_of_rows(
    things: Database, statements: list[str]
) -> None:
    await fill(things)
    first = await page(things, "at", request(per_page=5))
    statements.clear()
    await page(things, "at", request(per_page=5, cursor=first.pagination.next))
    assert len(statements) == 2
    assert "LIMIT" in statements[0]
    assert "WHERE" in statements[0]


def garbage() -> list[str]:
    """Cursors that nobody made, one for each way to be wrong."""
    order_ok = ["-at", True, 2, START.isoformat(), 5]

    def packed(value: object) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")

    wrong_values: list[object] = [
        "not a time",
        None,
        {},
        "2026-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "\0",
    ]
    wrong_ties: list[object] = [None, "x", 2**63, -(2**63) - 1, 10**300, 1.5, [], True]
    return [
        "",
        "x",
        "%%%",
        "ñandú",
        "=" * 8,
        "AAAA",
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        packed([]),
        packed({}),
        packed(None),
        packed(order_ok[:4]),
        packed(["-id", *order_ok[1:]]),
        packed(["at", *order_ok[1:]]),
        packed(["-at", "yes", *order_ok[2:]]),
        packed(["-at", True, "two", *order_ok[3:]]),
        packed(["-at", True, 10**30, *order_ok[3:]]),
        packed(["-at", True, -1, *order_ok[3:]]),
        *(packed(["-at", True, 2, value, 5]) for value in wrong_values),
        *(packed(["-at", True, 2, START.isoformat(), tie]) for tie in wrong_ties),
    ]


@pytest.mark.parametrize("cursor", garbage())
async def test_a_cursor_that_nobody_made_is_422(things: Database, cursor: str) -> None:
    with pytest.raises(InvalidPage) as caught:
        await page(things, "-at", request(cursor=cursor))
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("sort", "values"),
    [
        ("small", [2**31, -(2**31) - 1, "x", None]),
        ("amount", [2**63, "x", None]),
        ("word", ["a\0b", 5, None, "\ud800"]),
        ("colour", ["verde", "RED", 1, None]),
    ],
)
async def test_a_cursor_with_a_value_that_no_row_holds_is_422(
    things: Database, sort: str, values: list[object]
) -> None:
    for value in values:
        # Escaped by hand: a half character cannot be encoded otherwise.
        shown = '"\\ud800"' if value == "\ud800" else msgspec.json.encode(value).decode()
        text = f'["{sort}",true,2,{shown},5]'
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        with pytest.raises(InvalidPage):
            await page(things, sort, request(cursor=cursor))


@given(st.binary(max_size=200))
def test_any_bytes_as_a_cursor_are_a_position_or_422(raw: bytes) -> None:
    order = SortKey("-at", THINGS.c.at, THINGS.c.id, True)
    for cursor in (base64.urlsafe_b64encode(raw).decode(), raw.decode("latin-1")):
        with pytest.raises(InvalidPage):
            position_of(request(cursor=cursor), order)


@pytest.mark.parametrize(
    ("page_number", "per_page"), [(0, 20), (-1, 20), (1, 0), (1, -1), (1, 101), (10**30, 0)]
)
def test_page_numbers_and_sizes_have_limits(page_number: int, per_page: int) -> None:
    with pytest.raises(InvalidPage):
        PageRequest.of(page=page_number, per_page=per_page, cursor=None)


@pytest.mark.parametrize(("page_number", "per_page"), [(501, 20), (101, 100), (10_001, 1)])
def test_a_deep_page_number_is_422_and_a_cursor_is_not(page_number: int, per_page: int) -> None:
    with pytest.raises(PageTooDeep) as caught:
        PageRequest.of(page=page_number, per_page=per_page, cursor=None)
    assert caught.value.status == 422
    assert PageRequest.of(page=page_number - 1, per_page=per_page, cursor=None)
    assert PageRequest.of(page=page_number, per_page=per_page, cursor="x").cursor == "x"


def test_the_default_page_is_the_first_twenty() -> None:
    assert request() == PageRequest(page=1, per_page=20, cursor=None, offset=0)


@pytest.mark.parametrize("sort", ["nothing", "--id", "id ", "ID", "-", "id,at", "password"])
def test_an_unknown_sort_field_is_422_and_names_the_known_ones(sort: str) -> None:
    with pytest.raises(UnknownSort) as caught:
        parse_sort(sort, "-id", SORTS, THINGS.c.id)
    assert caught.value.status == 422
    assert caught.value.details == {"allowed": "amount, at, colour, id, small, text, word"}


@pytest.mark.parametrize(
    ("sort", "name", "descending"),
    [(None, "-at", True), ("", "-at", True), ("word", "word", False), ("-word", "-word", True)],
)
def test_a_sort_is_read_or_the_default_one(sort: str | None, name: str, descending: bool) -> None:
    found = parse_sort(sort, "-at", SORTS, THINGS.c.id)
    assert (found.name, found.descending) == (name, descending)


def test_the_documented_shape_is_the_one_that_is_sent() -> None:
    assert set(PaginationOut.model_fields) == set(Pagination.__struct_fields__)
