"""What interests tell the other rooms."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class MatchesFound(Event):
    """Products went public that a saved search asks for: the newest ids of `count`."""

    saved_id: int
    product_ids: tuple[UUID, ...]
    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PriceDrop:
    """A watched price that fell, in centavos."""

    alert_id: int
    was_minor: int
    now_minor: int


@dataclass(frozen=True, slots=True)
class PricesDropped(Event):
    """Prices that a user watches fell as far as they wait for, at most 200 in one message."""

    user_id: UUID
    drops: tuple[PriceDrop, ...]
    at: datetime
