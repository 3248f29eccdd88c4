"""The words of search."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt
from uuid import UUID

import msgspec

from mestore.kernel.messages import Task
from mestore.kernel.paging import DEEPEST_OFFSET

MOST_WORDS = 6
"""How many words of a query count."""
LONGEST_KEY = 80
ALL = "*"
"""The term that every product of the index has."""


def brand_term(brand_key: str) -> str:
    """Return the term of a brand's products."""
    return f"b:{brand_key}"[:60]


def category_term(number: int) -> str:
    """Return the term of the products that lie in a category itself."""
    return f"c:{number}"


def vendor_term(vendor_id: UUID) -> str:
    """Return the term of a vendor's products."""
    return f"v:{vendor_id.hex}"


def is_word(term: str) -> bool:
    """Say whether a term is of a word, not of a brand, category, vendor, code, or of everything."""
    return term != ALL and not term.startswith(("b:", "c:", "v:", "="))


@dataclass(frozen=True, slots=True)
class RefreshProducts(Task):
    """Write these products' terms anew: their popularity changed."""

    product_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class BuildIndex(Task):
    """Do the next part of building the index; `counted` is the last term that was counted anew.

    It is None until all products are written.
    """

    counted: str | None = None


@dataclass(frozen=True, slots=True)
class EmbedProducts(Task):
    """Write these products' vectors anew: what they say changed."""

    product_ids: list[UUID]


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


class Slot(msgspec.Struct, frozen=True):
    """A word of a query: the terms that are it, and those that only resemble or begin with it."""

    exact: frozenset[str]
    loose: frozenset[str] = frozenset()

    @property
    def terms(self) -> frozenset[str]:
        """Return all of its terms."""
        return self.exact | self.loose


class Hit(msgspec.Struct, frozen=True):
    """A product that matches, and what facets and ranking know of it."""

    number: int
    id: UUID
    price_minor: int
    rating_score: int
    brand_key: str | None
    brand: str | None
    vendor_id: UUID
    category_id: UUID | None
    in_stock: bool
    score: int
    words: tuple[int, ...] = ()
    """What each word of the query said of it, in their order."""


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


class Model(msgspec.Struct, frozen=True):
    """What makes vectors; those of another name, version or dimension cannot be compared."""

    name: str
    version: str
    dimension: int | None
    """None where only its first answer tells."""

    @property
    def key(self) -> str:
        """Return the name of its collections: at most 80 small letters, digits and hyphens."""
        said = f"{self.name}-{self.version}-{self.dimension or 0}"
        plain = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")
        if plain == said and len(said) <= LONGEST_KEY:
            return said
        return f"{plain[: LONGEST_KEY - 9]}-{sha256(said.encode()).hexdigest()[:8]}"


class StoredVector(msgspec.Struct, frozen=True):
    """A product's vector, and a digest of the text that it was made of."""

    number: int
    digest: str
    vector: Sequence[float]


class Near(msgspec.Struct, frozen=True):
    """A product whose text is like the one asked for; similarity is the cosine, at most 1."""

    number: int
    similarity: float


@dataclass(frozen=True, slots=True)
class WidthPolicy:
    """How many products a search looks at: the best of its rarest word."""

    narrow: int = 100
    further: int = 300
    """Where the best do not fill a page."""
    wide: int = DEEPEST_OFFSET
    """For exact counts, deep pages, and filters that few of the best meet."""
    whole: int = 250
    """Of a rarest word of fewer products all are looked at."""
    signed: int = 6
    """Of several words, how many signatures are read for one product that is looked up."""

    def reach(self, width: int, slots: Sequence[Slot]) -> int:
        """Return of how many products `width` are looked up under the words after the first.

        So many are read of each of the first one's terms.
        """
        if len(slots) == 1:
            return width
        times = max(2, self.signed // len(slots[0].terms))
        return max(width, min(self.wide, times * width))

    @property
    def steps(self) -> list[int]:
        """Return all widths that a page may be chosen from, in order."""
        steps = {self.narrow, self.further, 4 * self.further, self.wide}
        return sorted(step for step in steps if step <= self.wide)


@dataclass(frozen=True, slots=True)
class VectorPolicy:
    """Whether products have vectors."""

    is_on: bool = False


@dataclass(frozen=True, slots=True)
class AlikePolicy:
    """How much likeness counts beside words, and how long a search waits for it."""

    weight: float = 0.2
    """Of the vectors' list against 1 for that of the words."""
    least_similarity: float = 0.35
    """What no word found is shown from here on."""
    seconds: float = 0.15


def unit(vector: Sequence[float]) -> list[float]:
    """Return a vector of length 1 in the same direction; zeros stay as they are."""
    length = sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else list(vector)
