"""The words of interests."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from mestore.kernel.messages import Task

MOST_SEARCHES = 100
"""So many searches are remembered of a user, the newest."""
MOST_VIEWED = 50
"""So many products are remembered as seen by a user or a guest, the newest."""
MOST_SAVED = 50
"""So many searches may a user save."""
MOST_ALERTS = 100
"""So many prices may a user watch."""
HISTORY_KEPT = timedelta(days=180)
GUESTS_KEPT = timedelta(days=30)


def fingerprint_of(text: str, filters: Mapping[str, Any]) -> str:
    """Return what is the same for two searches that ask for the same."""
    plain = {
        name: sorted(value) if isinstance(value, list) else value for name, value in filters.items()
    }
    asked = msgspec.json.encode([" ".join(text.casefold().split()), plain], order="deterministic")
    return hashlib.sha256(asked).hexdigest()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose history it is: a user's, else a guest session's."""

    user_id: UUID | None = None
    session_id: str | None = None

    @property
    def key(self) -> str:
        """Return the owner as one text; a session that is named like a user is another one."""
        return f"user:{self.user_id}" if self.user_id else f"guest:{self.session_id}"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a user's history is kept; what was done until the two moments is forgotten."""

    is_kept: bool = True
    searches_since: datetime | None = None
    views_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """That somebody looked at a product, named by id or slug."""

    owner: Owner
    product: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PastSearchView:
    """A search that was made; `results` is how many products matched the last time."""

    id: int
    query: str
    filters: dict[str, Any]
    results: int
    searched_at: datetime


@dataclass(frozen=True, slots=True)
class SavedSearchView:
    """A search that its user kept."""

    id: int
    name: str
    query: str
    filters: dict[str, Any]
    is_alerting: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """A saved search as jobs read it."""

    id: int
    text: str
    filters: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PastPrice:
    """What a product cost from one moment until another; the present price has no end."""

    price_minor: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class HeldAlert:
    """A price alert that nobody else changes until this transaction ends."""

    id: int
    user_id: UUID
    product_id: UUID
    variant_id: UUID
    target_minor: int | None
    seen_minor: int

    def is_met_by(self, price_minor: int) -> bool:
        """Say whether this price, after the last one seen, is what the user waits for."""
        if self.target_minor is None:
            return price_minor < self.seen_minor
        return price_minor <= self.target_minor < self.seen_minor


@dataclass(frozen=True, slots=True)
class PriceAlertView:
    """A watched price; what is not on sale at present shows no name and no price."""

    id: int
    product_id: UUID
    variant_id: UUID
    product_name: str | None
    variant_title: str | None
    image_url: str | None
    price: int | float | None
    target_price: int | float | None
    currency: str
    last_told_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CheckPrices(Task):
    """Compare the watched prices of these products with the present ones, from an alert on."""

    product_ids: tuple[UUID, ...]
    after_id: int = 0


@dataclass(frozen=True, slots=True)
class CheckVendorPrices(Task):
    """Compare the watched prices of a vendor's products, from a product on."""

    vendor_id: UUID
    after_id: UUID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class FindMatches(Task):
    """Hold products that changed lately against the saved searches."""


@dataclass(frozen=True, slots=True)
class MatchProducts(Task):
    """Hold these products against the saved searches, from one on."""

    product_ids: tuple[UUID, ...]
    after_id: int = 0


@dataclass(frozen=True, slots=True)
class TellMatches(Task):
    """Tell whoever saved a search what is new in it."""


@dataclass(frozen=True, slots=True)
class PurgeHistory(Task):
    """Forget searches and looks of long ago."""
