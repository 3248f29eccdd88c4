"""What search is asked, and what it answers."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from mestore.catalog.schemas.answers import ProductOut
from mestore.kernel.money import Price
from mestore.kernel.paging import PaginationOut

Sort = Literal["relevance", "price", "-price", "rating", "newest"]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Key = Annotated[str, Field(max_length=150, pattern=r"^[^\x00]*$")]


class SearchIn(BaseModel):
    """What to look for. Filters are joined by *and*, values of one filter by *or*."""

    q: Text = ""
    category: Annotated[Key | None, Field(description="Id or slug, with all under it.")] = None
    brand: Annotated[list[Key], Field(max_length=20)] = []
    vendor: Annotated[list[UUID], Field(max_length=20)] = []
    min_price: Price | None = None
    max_price: Price | None = None
    min_rating: Annotated[float | None, Field(ge=0, le=5)] = None
    in_stock: bool | None = None
    sort: Sort = "relevance"
    page: int = 1
    per_page: int | None = None


class FoundProductOut(ProductOut):
    """A product and how well its words match; scores compare within one answer only."""

    score: float


class BucketOut(BaseModel):
    """A value of a facet and how many matches have it."""

    value: str
    label: str
    count: int


class FacetsOut(BaseModel):
    """What the matches can be narrowed to, counted over the best 2,000."""

    category: list[BucketOut]
    price: list[BucketOut]
    rating: list[BucketOut]
    brand: list[BucketOut]
    vendor: list[BucketOut]
    stock: list[BucketOut]


class SearchOut(BaseModel):
    """A page of what was found; `relaxed` says how far the words were loosened, if at all."""

    products: list[FoundProductOut]
    pagination: PaginationOut
    facets: FacetsOut
    relaxed: Literal["typo", "dropped_word"] | None


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
