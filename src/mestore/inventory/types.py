"""The words of the inventory."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class MovementKind(StrEnum):
    """Why a stock level changed."""

    SET = "SET"
    ADJUST = "ADJUST"
    RESERVE = "RESERVE"
    RELEASE = "RELEASE"
    TAKE = "TAKE"


class ReservationState(StrEnum):
    """What became of units that were promised to an order."""

    LIVE = "LIVE"
    TAKEN = "TAKEN"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True)
class Demand:
    """How many units of a variant an order line asks for.

    `can_wait` says that those which are not there are ordered all the same.
    """

    variant_id: UUID
    product_id: UUID
    quantity: int
    can_wait: bool = False


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line that cannot be met, and what is left of it."""

    variant_id: UUID
    requested: int
    available: int


MAIN_LOCATION = "Principal"
"""Where a vendor's stock lies until the vendor names other places.

A vendor without a place of this name has its oldest one for it: the main place may be renamed.
"""


@dataclass(frozen=True, slots=True)
class Level:
    """Units of one variant at one location."""

    id: int
    variant_id: UUID
    product_id: UUID
    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        """Return the units that nobody has been promised."""
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class NewLevel:
    """What a level is to be; with `expected`, only if that many are on hand until then."""

    variant_id: UUID
    on_hand: int
    location: str = MAIN_LOCATION
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """Units to be taken from one level for one order, and units to arrive there for it."""

    level_id: int
    variant_id: UUID
    quantity: int
    backordered: int = 0


@dataclass(frozen=True, slots=True)
class Live:
    """What an order holds of one level."""

    level_id: int
    variant_id: UUID
    product_id: UUID
    quantity: int
    backordered: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reservation that units are missing of."""

    id: int
    order_id: int
    level_id: int
    variant_id: UUID
    product_id: UUID
    backordered: int
    state: ReservationState
