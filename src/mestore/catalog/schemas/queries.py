"""What lists of the catalogue are asked for."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
)

from mestore.accounts.types import Line, refused
from mestore.catalog.folding import brand_key, folded, tag_mark
from mestore.catalog.schemas.fields import Brand, Key, Status, Tag, minor_or_none
from mestore.catalog.views.listing import MOST_TAGS, MOST_WORDS, SHORTEST_PART
from mestore.kernel.clock import BOGOTA
from mestore.kernel.money import Price
from mestore.kernel.paging import PageRequest

_EARLIEST, _LATEST = date(1900, 1, 1), date(9000, 1, 1)


def split_at_commas(tags: object) -> object:
    """Read `tags=a,b` like `tags=a&tags=b`."""
    if not isinstance(tags, list):
        return tags
    return [part.strip() for tag in tags for part in str(tag).split(",") if part.strip()]


def day_begins(value: datetime | date) -> datetime:
    """Return an instant: itself, or where a date begins in Bogotá."""
    return value if isinstance(value, datetime) else datetime.combine(value, time(), BOGOTA)


def day_ends(value: datetime | date) -> datetime:
    """Return an instant: just after itself, or where a date ends in Bogotá."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    return datetime.combine(value + timedelta(days=1), time(), BOGOTA)


def within_history(value: datetime | date) -> datetime | date:
    """Return a time that every database can hold; ValueError for others."""
    day = value.date() if isinstance(value, datetime) else value
    if not _EARLIEST <= day <= _LATEST:
        raise refused("This is no date of ours.", "Esta fecha está fuera de rango.")
    return value


Moment = Annotated[AwareDatetime | date, AfterValidator(within_history)]
"""A time with an offset, or a whole day in Bogotá."""


class ListQuery(BaseModel):
    """Which page of a list, in which order."""

    sort: Annotated[
        str | None,
        Field(max_length=50, description="created_at, price, name or rating; - before it turns it"),
    ] = None
    page: int = 1
    per_page: int | None = None
    limit: Annotated[int | None, Field(description="Another name of per_page.")] = None
    cursor: Annotated[str | None, Field(description="A value of pagination.next.")] = None

    def page_request(self) -> PageRequest:
        """Return which page is wanted; raises `InvalidPage` or `PageTooDeep`."""
        size = self.limit if self.per_page is None else self.per_page
        return PageRequest.of(page=self.page, per_page=size, cursor=self.cursor)


class FilteredQuery(ListQuery):
    """Filters of every list of products, joined by *and*."""

    status: Status | None = None
    category: Annotated[Key | None, Field(description="Id or slug, with all under it.")] = None
    search: Annotated[Line, StringConstraints(max_length=100)] | None = None

    def words(self, name: str) -> dict[str, str]:
        """Return the conditions, numbered under a name, that each word searched for is found."""
        return _numbered(name, self.parts())

    def parts(self) -> list[str]:
        """Return the words searched for."""
        return folded(self.search or "").split()[:MOST_WORDS]


class OwnListQuery(FilteredQuery):
    """Which of one's own products; a search also looks into their SKUs."""

    low_stock: Annotated[
        bool | None,
        Field(description="Whether a variant is at or below the product's low_stock_threshold."),
    ] = None

    def flags(self) -> list[str]:
        """Return the conditions that need no value."""
        if self.low_stock is None:
            return []
        return ["low_stock" if self.low_stock else "no_low_stock"]


class ProductQuery(FilteredQuery):
    """Which products. Filters are joined by *and*."""

    vendor: UUID | None = None
    brand: Brand | None = None
    tags: Annotated[list[Tag], BeforeValidator(split_at_commas), Field(max_length=MOST_TAGS)] = []
    min_price: Price | None = None
    max_price: Price | None = None
    in_stock: bool | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    min_rating: Annotated[Decimal, Field(ge=0, le=5, decimal_places=2)] | None = None
    is_featured: bool | None = None

    def flags(self) -> list[str]:
        """Return the conditions that need no value."""
        found = []
        if self.in_stock is not None:
            found.append("in_stock" if self.in_stock else "out_of_stock")
        if self.is_featured is not None:
            found.append("featured" if self.is_featured else "not_featured")
        return found

    def values(self) -> dict[str, Any]:
        """Return the conditions that need a value; category and status are the endpoint's."""
        found = {
            "vendor": self.vendor,
            "brand": brand_key(self.brand) if self.brand else None,
            "min_price": minor_or_none(self.min_price),
            "max_price": minor_or_none(self.max_price),
            "min_rating": minor_or_none(self.min_rating),
            "created_from": self.created_from and day_begins(self.created_from).astimezone(UTC),
            "created_to": self.created_to and day_ends(self.created_to).astimezone(UTC),
        }
        values = {name: value for name, value in found.items() if value is not None}
        values |= _numbered("tag", map(tag_mark, self.tags))
        return values | self._words_and_beginnings()

    def _words_and_beginnings(self) -> dict[str, str]:
        """Return the conditions for the words searched for; of short ones, that a word begins so.

        The index of parts of texts has no parts shorter than three letters. Where words are
        written without spaces, a short one may be a whole word inside a text.
        """
        parts = self.parts()
        short = [part for part in parts if len(part) < SHORTEST_PART and part.isascii()]
        found = _numbered("word", (part for part in parts if part not in short))
        return found | {f"beginning_{index}": f"{part}%" for index, part in enumerate(short)}


def _numbered(name: str, parts: Iterable[str]) -> dict[str, str]:
    return {f"{name}_{index}": f"%{part}%" for index, part in enumerate(parts)}
