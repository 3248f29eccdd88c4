"""The inventory's JSON: what clients send and see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mestore.inventory.types import MAIN_LOCATION, MovementKind
from mestore.kernel.paging import PaginationOut

_MOST_AT_ONCE = 10_000_000

Units = Annotated[int, Field(ge=0, le=_MOST_AT_ONCE, strict=True)]
# Printable text only: PostgreSQL cannot store NUL, and a name on one line is what lists show.
Words = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
Place = Annotated[Words, Field(max_length=100)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LevelIn(_Input):
    """What a level is to be; `variant_id` may be left out where there is only one variant."""

    variant_id: UUID | None = None
    location: Place = MAIN_LOCATION
    on_hand: Units
    expected_on_hand: Units | None = Field(
        default=None, description="Refuse with 409 LEVEL_MOVED unless this many are on hand."
    )


class InventoryIn(_Input):
    """New levels, a new threshold, or both; levels that are not named stay as they are."""

    levels: list[LevelIn] = Field(default_factory=list, max_length=200)
    low_stock_threshold: Units | None = None

    @field_validator("levels")
    @classmethod
    def each_level_once(cls, levels: list[LevelIn]) -> list[LevelIn]:
        """Refuse two values for one level."""
        places = {(level.variant_id, level.location) for level in levels}
        if len(places) < len(levels):
            raise ValueError("each variant and location may be named once")
        return levels

    @model_validator(mode="after")
    def something_to_change(self) -> "InventoryIn":
        """Refuse a body that would change nothing."""
        if not self.levels and self.low_stock_threshold is None:
            raise ValueError("send levels, low_stock_threshold or both")
        return self


class AdjustmentIn(_Input):
    """A signed change of one level and why it is made."""

    variant_id: UUID | None = None
    location: Place | None = Field(
        default=None, description="By default where the variant lies already."
    )
    delta: Annotated[int, Field(ge=-_MOST_AT_ONCE, le=_MOST_AT_ONCE, strict=True)]
    reason: Annotated[Words, Field(max_length=200)]

    @field_validator("delta")
    @classmethod
    def some_change(cls, delta: int) -> int:
        """Refuse a change of nothing."""
        if delta == 0:
            raise ValueError("a change of 0 units changes nothing")
        return delta


class LevelOut(BaseModel):
    """A variant's units at one location."""

    variant_id: UUID
    sku: str
    location: str
    on_hand: int
    reserved: int
    available: int


class InventoryOut(BaseModel):
    """A product's levels; a variant that never had stock is shown as empty at the main place."""

    product_id: UUID
    levels: list[LevelOut]
    low_stock_threshold: int


class MovementOut(BaseModel):
    """One change of one level: who made it, for which order, and why."""

    id: int
    variant_id: UUID
    sku: str
    location: str
    kind: MovementKind
    on_hand_change: int
    reserved_change: int
    reason: str
    actor_id: UUID | None
    order_id: int | None
    created_at: datetime


class MovementsOut(BaseModel):
    """A page of movements, the newest first."""

    movements: list[MovementOut]
    pagination: PaginationOut


class LowLevelOut(BaseModel):
    """A variant of which few units are free."""

    product_id: UUID
    variant_id: UUID
    name: str
    sku: str
    available: int
    low_stock_threshold: int


class LowStockOut(BaseModel):
    """A page of variants at or below their threshold, by SKU."""

    low_stock: list[LowLevelOut]
    pagination: PaginationOut


class LocationIn(_Input):
    """The name of a place."""

    name: Place


class LocationOut(BaseModel):
    """A place of a vendor."""

    id: int
    name: str
    created_at: datetime


class LocationsOut(BaseModel):
    """A vendor's places, the oldest first."""

    locations: list[LocationOut]
