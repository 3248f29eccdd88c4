"""The JSON of interests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from mestore.catalog.schemas.answers import ProductOut
from mestore.interests.types import PastSearchView, PriceAlertView, SavedSearchView
from mestore.kernel.money import Price, to_minor
from mestore.kernel.paging import PaginationOut
from mestore.search.schemas import FiltersInBody, Text

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Flag = Annotated[bool, Field(strict=True)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class HistoryIn(_Input):
    """Whether searches and viewed products are remembered; false forgets what there is."""

    is_kept: Flag


class SavedSearchIn(_Input):
    """A search to keep; with `is_alerting` its user hears of products that are new in it."""

    name: Name
    query: Text = ""
    filters: FiltersInBody = FiltersInBody()
    is_alerting: Flag = True


class SavedSearchPatch(_Input):
    """What a saved search is called, and whether its alert is on; what is left out stays."""

    name: Name | None = None
    is_alerting: Flag | None = None

    def values(self) -> dict[str, Any]:
        """Return what is to change."""
        return self.model_dump(exclude_none=True)


class PriceAlertIn(_Input):
    """A price to watch: until it falls to `target_price`, or without one at any drop."""

    product_id: UUID
    variant_id: UUID | None = None
    target_price: Price | None = None

    def target_minor(self) -> int | None:
        """Return the target in centavos."""
        return None if self.target_price is None else to_minor(self.target_price)


@dataclass(frozen=True, slots=True)
class HistoryChoiceOut:
    """Whether searches and viewed products are remembered."""

    is_kept: bool


@dataclass(frozen=True, slots=True)
class HistoryOut:
    """A page of searches that were made, and whether they are remembered."""

    searches: list[PastSearchView]
    is_kept: bool
    pagination: PaginationOut


@dataclass(frozen=True, slots=True)
class SavedSearchesOut:
    """A page of saved searches."""

    saved_searches: list[SavedSearchView]
    pagination: PaginationOut


@dataclass(frozen=True, slots=True)
class PriceAlertsOut:
    """A page of watched prices."""

    price_alerts: list[PriceAlertView]
    pagination: PaginationOut


class ViewedProductOut(ProductOut):
    """A product, and when it was last looked at."""

    viewed_at: datetime


@dataclass(frozen=True, slots=True)
class ViewedProductsOut:
    """A page of products that were looked at."""

    products: list[ViewedProductOut]
    pagination: PaginationOut
