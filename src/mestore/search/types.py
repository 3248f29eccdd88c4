"""The words of search."""

from uuid import UUID

import msgspec

MOST_WORDS = 6
"""How many words of a query count."""


class SearchQuery(msgspec.Struct, frozen=True):
    """What somebody looks for. Filters are joined by *and*, values of one filter by *or*."""

    q: str = ""
    category: tuple[UUID, ...] = ()
    brand: tuple[str, ...] = ()
    vendor: tuple[UUID, ...] = ()
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    min_rating: int | None = None
    in_stock: bool | None = None


class Hit(msgspec.Struct, frozen=True):
    """A product that matches, and what facets and ranking know of it."""

    number: int
    id: UUID
    price_minor: int
    rating_score: int
    brand: str | None
    vendor_id: UUID
    category_id: UUID | None
    in_stock: bool
    score: int


class Suggested(msgspec.Struct, frozen=True):
    """Something that a text may have meant."""

    id: str
    name: str
    slug: str | None


class SuggestionsView(msgspec.Struct, frozen=True):
    """What completes a text."""

    queries: list[str]
    products: list[Suggested]
    categories: list[Suggested]
    vendors: list[Suggested]


class Bucket(msgspec.Struct, frozen=True):
    """A value of a facet and how many matches have it."""

    value: str
    label: str
    count: int


class FacetsView(msgspec.Struct, frozen=True):
    """What the matches can be narrowed to."""

    category: list[Bucket]
    price: list[Bucket]
    rating: list[Bucket]
    brand: list[Bucket]
    vendor: list[Bucket]
    stock: list[Bucket]


class CategoryLabel(msgspec.Struct, frozen=True):
    """What facets show of a category."""

    id: UUID
    number: int
    slug: str
    name: str
    path: str
