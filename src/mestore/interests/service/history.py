"""What was looked for and looked at: remembered unless its user says no, forgotten at a word."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mestore.interests.errors import PastSearchNotFound
from mestore.interests.repository.history import (
    ChoiceRepository,
    SearchRepository,
    ViewedRepository,
)
from mestore.interests.types import (
    GUESTS_KEPT,
    HISTORY_KEPT,
    Choice,
    Owner,
    Sight,
    fingerprint_of,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx

_GUESTS = Choice()


class HistoryService:
    """The only writer of histories."""

    def __init__(self, tx: Tx) -> None:
        self.choices = ChoiceRepository(tx.connection)
        self.searches = SearchRepository(tx.connection)
        self.viewed = ViewedRepository(tx.connection)

    async def searched(
        self, user_id: UUID, text: str, filters: Mapping[str, Any], results: int, at: datetime
    ) -> None:
        """Remember a search that had words."""
        words = " ".join(text.split())
        if not words:
            return
        choice = (await self.choices.hold(user_id))[user_id]
        if not choice.is_kept or _is_before(at, choice.searches_since):
            return
        row = {
            "user_id": user_id,
            "fingerprint": fingerprint_of(words, filters),
            "text": words,
            "filters": dict(filters),
            "results": results,
            "searched_at": at,
        }
        await self.searches.remember(row)

    async def remove_search(self, user_id: UUID, search_id: int) -> None:
        """Forget one search."""
        if not await self.searches.remove(user_id, search_id):
            raise PastSearchNotFound

    async def forget_searches(self, user_id: UUID) -> None:
        """Forget all searches until now, also those that are still to be written."""
        await self.choices.hold(user_id)
        await self.choices.change(user_id, searches_since=now())
        await self.searches.forget(user_id)

    async def forget_views(self, owner: Owner) -> None:
        """Forget all products that somebody looked at until now."""
        if owner.user_id is not None:
            await self.choices.hold(owner.user_id)
            await self.choices.change(owner.user_id, views_since=now())
        await self.viewed.forget(owner)

    async def choose(self, user_id: UUID, *, is_kept: bool) -> None:
        """Keep a user's history from now on, or keep none and forget what there is."""
        await self.choices.hold(user_id)
        await self.choices.change(user_id, is_kept=is_kept)
        if not is_kept:
            await self.searches.forget(user_id)
            await self.viewed.forget(Owner(user_id))

    async def saw(self, sights: Sequence[Sight]) -> None:
        """Remember who looked at which public products, in a constant number of statements."""
        keys = {sight.product for sight in sights}
        ids = {key: found for key in keys if (found := _id_in(key))}
        public = await self.viewed.public(list(ids.values()), sorted(keys - ids.keys()))
        users = {user_id for sight in sights if (user_id := sight.owner.user_id)}
        choices = await self.choices.hold(*users) if users else {}
        latest: dict[tuple[Owner, UUID], datetime] = {}
        for sight in sights:
            user_id = sight.owner.user_id
            choice = choices[user_id] if user_id else _GUESTS
            product_id = public.get(str(ids.get(sight.product, sight.product)))
            if product_id and choice.is_kept and not _is_before(sight.at, choice.views_since):
                key = (sight.owner, product_id)
                latest[key] = max(sight.at, latest.get(key, sight.at))
        if latest:
            await self.viewed.see(latest)

    async def adopt(self, user_id: UUID, session_id: str) -> None:
        """Give a user what their device looked at before they signed in."""
        guest = Owner(session_id=session_id)
        sights = await self.viewed.sights_of(guest)
        await self.viewed.forget(guest)
        await self.saw([Sight(Owner(user_id), str(product_id), at) for product_id, at in sights])

    async def forget(self, user_id: UUID) -> None:
        """Forget an erased user, and let nothing that comes late be remembered."""
        await self.choose(user_id, is_kept=False)
        await self.choices.change(user_id, searches_since=None, views_since=None)

    async def purge(self) -> bool:
        """Forget a batch of what is too old; say whether there may be more."""
        moment = now()
        searches = await self.searches.purge(moment - HISTORY_KEPT)
        views = await self.viewed.purge(moment - HISTORY_KEPT, moment - GUESTS_KEPT)
        return bool(searches or views)


def _is_before(at: datetime, since: datetime | None) -> bool:
    return since is not None and at <= since


def _id_in(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
