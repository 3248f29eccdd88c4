"""What search is asked, and what it answers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mestore.catalog.schemas.answers import ProductOut
from mestore.catalog.service.names import brand_key
from mestore.kernel.money import Price, to_minor
from mestore.kernel.paging import PaginationOut
from mestore.search.types import SearchQuery

Sort = Literal["relevance", "price", "-price", "rating", "newest"]
Facet = Literal["category", "price", "rating", "brand", "vendor", "stock"]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Key = Annotated[str, Field(max_length=150, pattern=r"^[^\x00]*$")]


class FiltersIn(BaseModel):
    """What narrows a search. Filters are joined by *and*, values of one filter by *or*."""

    category: Annotated[Key | None, Field(description="Id or slug, with all under it.")] = None
    brand: Annotated[list[Key], Field(max_length=20)] = []
    vendor: Annotated[list[UUID], Field(max_length=20)] = []
    min_price: Price | None = None
    max_price: Price | None = None
    min_rating: Annotated[float | None, Field(ge=0, le=5)] = None
    in_stock: bool | None = None
    sort: Sort = "relevance"

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen as plain JSON."""
        return self.model_dump(
            mode="json", exclude_defaults=True, include=set(FiltersIn.model_fields)
        )

    def narrowed(self, q: str, category: tuple[UUID, ...]) -> SearchQuery:
        """Return the words `q` under these filters; `category` is the one named with its branch."""
        return SearchQuery(
            q=q,
            category=category,
            brand=tuple(brand_key(brand) for brand in self.brand),
            vendor=tuple(self.vendor),
            min_price_minor=None if self.min_price is None else to_minor(self.min_price),
            max_price_minor=None if self.max_price is None else to_minor(self.max_price),
            min_rating=None if self.min_rating is None else round(self.min_rating * 100),
            in_stock=self.in_stock,
        )


class SearchIn(FiltersIn):
    """What to look for, and which page of it."""

    q: Text = ""
    page: int = 1
    per_page: int | None = None
    limit: Annotated[int | None, Field(description="Another name of per_page.")] = None
    exact: Annotated[
        bool, Field(description="Count up to 10,000 matches one by one; slower for common words.")
    ] = False
    explain: Annotated[bool, Field(description="For the operator: how each product ranks.")] = False

    def size(self) -> int | None:
        """Return how many products a page is to have, as far as that was said."""
        return self.limit if self.per_page is None else self.per_page


class FiltersInBody(FiltersIn):
    """The filters of a search in an object of their own, as saved searches have them."""

    model_config = ConfigDict(extra="forbid")


class SearchBody(SearchIn):
    """What to look for, with the filters beside the words or in `filters`."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[Text | None, Field(description="Another name of q.")] = None
    filters: FiltersInBody = FiltersInBody()
    facets: Annotated[
        list[Facet] | None, Field(description="Which facets to answer; left out: all.")
    ] = None

    def wanted(self) -> SearchIn:
        """Return it as a search in an address says it; what is in `filters` counts more."""
        beside = self.model_dump(include=set(SearchIn.model_fields), exclude_unset=True)
        words = {} if self.query is None else {"q": self.query}
        return SearchIn(**(beside | self.filters.model_dump(exclude_unset=True) | words))


class RankingOut(BaseModel):
    """Why a product stands where it does: stock first, then the sum of its words' ranks.

    Where `semantic` is true and words were dropped, its place among what is alike counts too.
    """

    in_stock: bool
    words: list["RankedWordOut"]


class RankedWordOut(BaseModel):
    """A word: the terms looked for, those that only resemble it, and the product's rank for it.

    A rank is weight x 100 + popularity (0 to 99); a loose term loses 2,500.
    """

    terms: list[str]
    loose: list[str]
    rank: int


class FoundProductOut(ProductOut):
    """A product and how well its words match; scores compare within one answer only."""

    score: float
    ranking: RankingOut | None


class BucketOut(BaseModel):
    """A value of a facet and how many matches have it."""

    value: str
    label: str
    count: int


class FacetsOut(BaseModel):
    """What the matches can be narrowed to; counted over all of them where `is_exact`.

    A search that names some `facets` gets no others.
    """

    category: list[BucketOut] = []
    price: list[BucketOut] = []
    rating: list[BucketOut] = []
    brand: list[BucketOut] = []
    vendor: list[BucketOut] = []
    stock: list[BucketOut] = []


class SearchOut(BaseModel):
    """A page of what was found; `relaxed` says how far the words were loosened, if at all.

    Where more products match than were looked at, `is_exact` is false: `total` is an estimate, and
    facets count the best 250, or 10,000 with `exact`. `semantic` says whether what is alike was
    looked for too: null where the words found enough or the shop has no such search, false where
    it did not answer in time.
    """

    products: list[FoundProductOut]
    pagination: PaginationOut
    facets: FacetsOut
    relaxed: Literal["typo", "dropped_word", "some_words", "meaning"] | None
    is_exact: bool
    semantic: bool | None


class SuggestedOut(BaseModel):
    """Something that the text may mean."""

    id: UUID
    name: str
    slug: str | None


class SuggestionsOut(BaseModel):
    """What completes a text."""

    queries: list[str]
    products: list[SuggestedOut]
    categories: list[SuggestedOut]
    vendors: list[SuggestedOut]


Word = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^,\x00]*\w[^,\x00]*$")]


class SynonymsIn(BaseModel):
    """Words, or short phrases, that mean the same."""

    words: Annotated[
        list[Annotated[Word, Field(max_length=40)]], Field(min_length=2, max_length=12)
    ]


class ChangedSynonymsIn(SynonymsIn):
    """What a group becomes."""

    is_active: bool = True


class SynonymsOut(BaseModel):
    """A group of words that mean the same; `is_shipped` where the program came with it."""

    key: str
    words: list[str]
    is_shipped: bool
    is_active: bool


class SynonymListOut(BaseModel):
    """A page of groups."""

    synonyms: list[SynonymsOut]
    pagination: PaginationOut


class SynonymKeyOut(BaseModel):
    """The key under which a group is changed and removed."""

    key: str


class UnansweredOut(BaseModel):
    """A text that found nothing."""

    text: str
    times: int
    last_on: date


class UnansweredListOut(BaseModel):
    """Texts that found nothing, most wanted first."""

    queries: list[UnansweredOut]
    pagination: PaginationOut


class VectorHealthOut(BaseModel):
    """Whether the vectors keep up: as many are `stored` as are `expected` where they do.

    `stored` is null where their store does not answer. Before `generation` 1 there are none.
    """

    model: str
    generation: int
    building: int | None
    built_to: int | None
    switched_at: datetime | None
    expected: int
    stored: int | None
    waiting: int
    lag_seconds: float


class SearchHealthOut(BaseModel):
    """Whether the index keeps up. `missing` and `left_over` are drift, counted up to 10,000."""

    generation: int
    building: int | None
    built_to: int | None
    switched_at: datetime | None
    indexed: int
    missing: int
    left_over: int
    waiting: int
    lag_seconds: float
    vectors: VectorHealthOut | None
