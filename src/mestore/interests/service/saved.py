"""Saved searches: their user keeps them, changes them, deletes them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from mestore.interests.errors import (
    NothingToSearch,
    PriceLimitsCrossed,
    SavedSearchNotFound,
    SearchAlreadySaved,
    TooManySavedSearches,
)
from mestore.interests.repository.history import ChoiceRepository
from mestore.interests.repository.saved import MatchRepository, SavedRepository
from mestore.interests.types import MOST_SAVED, fingerprint_of
from mestore.kernel.clock import now
from mestore.kernel.db import Tx


class SavedService:
    """The only writer of saved searches."""

    def __init__(self, tx: Tx) -> None:
        self.choices = ChoiceRepository(tx.connection)
        self.saved = SavedRepository(tx.connection)
        self.matches = MatchRepository(tx.connection)

    async def save(
        self, user_id: UUID, name: str, text: str, filters: Mapping[str, Any], *, is_alerting: bool
    ) -> int:
        """Keep a search and return its id; `filters` are plain JSON as a search took them."""
        words = " ".join(text.split())
        if not words and not filters.keys() - {"sort"}:
            raise NothingToSearch
        if _are_crossed(filters.get("min_price"), filters.get("max_price")):
            raise PriceLimitsCrossed
        # Held, so that two requests cannot both save the last one.
        await self.choices.hold(user_id)
        if await self.saved.count(user_id) >= MOST_SAVED:
            raise TooManySavedSearches(most=MOST_SAVED)
        row = {
            "user_id": user_id,
            "name": name,
            "fingerprint": fingerprint_of(words, filters),
            "text": words,
            "filters": dict(filters),
            "is_alerting": is_alerting,
            "created_at": now(),
        }
        saved_id = await self.saved.add(row)
        if saved_id is None:
            raise SearchAlreadySaved
        return saved_id

    async def change(self, user_id: UUID, saved_id: int, values: Mapping[str, Any]) -> None:
        """Rename a search, or switch its alert; what nobody was told until then stays untold."""
        if not values:
            return
        is_changed = await self.saved.change(user_id, saved_id, values)
        if is_changed is None:
            raise SearchAlreadySaved
        if not is_changed:
            raise SavedSearchNotFound
        if values.get("is_alerting") is False:
            await self.matches.drop_untold(saved_id)

    async def remove(self, user_id: UUID, saved_id: int) -> None:
        """Delete a saved search."""
        if not await self.saved.remove(user_id, saved_id):
            raise SavedSearchNotFound

    async def forget(self, user_id: UUID) -> None:
        """Delete all that an erased user saved."""
        await self.saved.remove(user_id)


def _are_crossed(lowest: str | None, highest: str | None) -> bool:
    return lowest is not None and highest is not None and Decimal(lowest) > Decimal(highest)
