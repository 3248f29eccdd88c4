"""The words of insights."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec

from mestore.catalog.service.shown import ProductView

PAIRS_OF = timedelta(days=180)
"""How far back orders say what is bought together."""
POPULAR_OF = timedelta(days=30)
"""How far back orders say what is popular."""
POPULAR_KEPT = 500


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a product tells which others are like it."""

    id: UUID
    category_id: UUID | None
    brand_key: str | None
    price_minor: int
    rating_score: int


class RecommendationsView(msgspec.Struct, frozen=True):
    """Products worth showing, by why; a product stands in one list only."""

    also_bought: list[ProductView]
    similar: list[ProductView]
    personal: list[ProductView]
    popular: list[ProductView]
