"""What was looked for and looked at, and whether that is remembered at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    String,
    Uuid,
    bindparam,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    table,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.interests.models import HistoryChoice, PastSearch, ViewedProduct
from mestore.interests.types import MOST_SEARCHES, MOST_VIEWED, Choice, Owner
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import add_rows, affected, unless_taken

TRIMMED = 50
"""How many rows too many are deleted at once."""

_MOMENT: Any = bindparam("moment", type_=UtcDateTime)
_HOLD = (
    select(
        HistoryChoice.user_id,
        HistoryChoice.is_kept,
        HistoryChoice.searches_since,
        HistoryChoice.views_since,
    )
    .where(HistoryChoice.user_id.in_(bindparam("of_users", expanding=True)))
    .order_by(HistoryChoice.user_id)
    .with_for_update()
)
_OF_USER = HistoryChoice.user_id == bindparam("of_user")

_MOVE_UP = (
    update(PastSearch)
    .where(
        PastSearch.user_id == bindparam("of_user"),
        PastSearch.fingerprint == bindparam("of_print"),
        PastSearch.searched_at < _MOMENT,
    )
    .values(text=bindparam("words"), results=bindparam("found"), searched_at=_MOMENT)
)
_SEARCHES_OF = PastSearch.user_id == bindparam("of_user")
_SEARCHES_BEYOND = (
    select(PastSearch.id)
    .where(_SEARCHES_OF)
    .order_by(PastSearch.searched_at.desc(), PastSearch.id.desc())
    .limit(TRIMMED)
    .offset(MOST_SEARCHES)
)
_REMOVE_SEARCHES = delete(PastSearch).where(PastSearch.id.in_(bindparam("ids", expanding=True)))
_OLD_SEARCHES = select(PastSearch.id).where(PastSearch.searched_at < _MOMENT).limit(500)

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("slug", String),
    column("is_public", Boolean),
)
_PUBLIC = select(_PRODUCTS.c.id, _PRODUCTS.c.slug).where(_PRODUCTS.c.is_public == true())
_BY_ID = _PUBLIC.where(_PRODUCTS.c.id.in_(bindparam("ids", expanding=True)))
_BY_SLUG = _PUBLIC.where(_PRODUCTS.c.slug.in_(bindparam("slugs", expanding=True)))
_OWNERS = ViewedProduct.owner.in_(bindparam("owners", expanding=True))
_SEEN = select(ViewedProduct.owner, ViewedProduct.product_id).where(
    _OWNERS, ViewedProduct.product_id.in_(bindparam("products", expanding=True))
)
_SEE_AGAIN = (
    update(ViewedProduct)
    .where(
        ViewedProduct.owner == bindparam("of_owner"),
        ViewedProduct.product_id == bindparam("of_product"),
        ViewedProduct.viewed_at < _MOMENT,
    )
    .values(viewed_at=_MOMENT)
)
_CROWDED = (
    select(ViewedProduct.owner)
    .where(_OWNERS)
    .group_by(ViewedProduct.owner)
    .having(func.count() > MOST_VIEWED)
)
_VIEWS_OF = select(ViewedProduct.id).where(ViewedProduct.owner == bindparam("of_owner"))
_VIEWS_BEYOND = (
    _VIEWS_OF.order_by(ViewedProduct.viewed_at.desc(), ViewedProduct.id.desc())
    .limit(TRIMMED)
    .offset(MOST_VIEWED)
)
_REMOVE_VIEWS = delete(ViewedProduct).where(ViewedProduct.id.in_(bindparam("ids", expanding=True)))
_FORGET_VIEWS = delete(ViewedProduct).where(ViewedProduct.owner == bindparam("of_owner"))
_SIGHTS_OF = select(ViewedProduct.product_id, ViewedProduct.viewed_at).where(
    ViewedProduct.owner == bindparam("of_owner")
)
_OLD_VIEWS = (
    select(ViewedProduct.id)
    .where(
        or_(
            ViewedProduct.viewed_at < _MOMENT,
            ViewedProduct.user_id.is_(None)
            & (ViewedProduct.viewed_at < bindparam("of_guests", type_=UtcDateTime)),
        )
    )
    .limit(500)
)


@dataclass(frozen=True, slots=True)
class ChoiceRepository:
    """What users say of their history."""

    connection: AsyncConnection

    async def hold(self, *user_ids: UUID) -> dict[UUID, Choice]:
        """Return what these users chose, and let nobody choose or count for them meanwhile."""
        while missing := sorted(set(user_ids) - (found := await self._lock(user_ids)).keys()):
            rows = [{"user_id": user_id, "is_kept": True} for user_id in missing]
            # What a rival made meanwhile is found in the next round.
            async with unless_taken(self.connection):
                await add_rows(self.connection, insert(HistoryChoice).inline(), rows)
        return found

    async def change(self, user_id: UUID, **values: object) -> None:
        """Write the choice of a user who is held."""
        statement = update(HistoryChoice).where(_OF_USER).values(**values)
        await affected(self.connection, statement, of_user=user_id)

    async def _lock(self, user_ids: Collection[UUID]) -> dict[UUID, Choice]:
        rows = await self.connection.execute(_HOLD, {"of_users": list(user_ids)})
        return {row[0]: Choice(row[1], row[2], row[3]) for row in rows}


@dataclass(frozen=True, slots=True)
class SearchRepository:
    """Searches that were made."""

    connection: AsyncConnection

    async def remember(self, row: Mapping[str, Any]) -> None:
        """Move the same search of a user up, or write it and drop what is too much."""
        values = {
            "of_user": row["user_id"],
            "of_print": row["fingerprint"],
            "moment": row["searched_at"],
            "words": row["text"],
            "found": row["results"],
        }
        if await affected(self.connection, _MOVE_UP, **values):
            return
        # Messages come in any order: a later one may be there already.
        async with unless_taken(self.connection):
            await self.connection.execute(insert(PastSearch), row)
            beyond = await self.connection.execute(_SEARCHES_BEYOND, {"of_user": row["user_id"]})
            await self._remove(list(beyond.scalars()))

    async def remove(self, user_id: UUID, search_id: int) -> bool:
        """Delete one search of a user."""
        one = delete(PastSearch).where(_SEARCHES_OF, PastSearch.id == bindparam("of_search"))
        return await affected(self.connection, one, of_user=user_id, of_search=search_id) == 1

    async def forget(self, user_id: UUID) -> None:
        """Delete all searches of a user."""
        await affected(self.connection, delete(PastSearch).where(_SEARCHES_OF), of_user=user_id)

    async def purge(self, before: datetime) -> int:
        """Delete one batch of what is older; return how many."""
        found = await self.connection.execute(_OLD_SEARCHES, {"moment": before})
        return await self._remove(list(found.scalars()))

    async def _remove(self, ids: list[int]) -> int:
        if ids:
            await affected(self.connection, _REMOVE_SEARCHES, ids=sorted(ids))
        return len(ids)


@dataclass(frozen=True, slots=True)
class ViewedRepository:
    """Products that were looked at; each call is a constant number of statements."""

    connection: AsyncConnection

    async def public(self, ids: Collection[UUID], slugs: Collection[str]) -> dict[str, UUID]:
        """Return the public ones of these products by id and by slug."""
        found: dict[str, UUID] = {}
        for statement, values in ((_BY_ID, {"ids": list(ids)}), (_BY_SLUG, {"slugs": list(slugs)})):
            if not any(values.values()):
                continue
            for product_id, slug in await self.connection.execute(statement, values):
                found |= {str(product_id): product_id, slug: product_id}
        return found

    async def see(self, sights: Mapping[tuple[Owner, UUID], datetime]) -> None:
        """Write who looked at what and when last, and drop what is too much."""
        keys = sorted(sights, key=lambda each: (each[0].key, each[1]))
        owners = sorted({owner.key for owner, _ in keys})
        products = sorted({product_id for _, product_id in keys})
        values = {"owners": owners, "products": products}
        known = {tuple(row) for row in await self.connection.execute(_SEEN, values)}
        again = [
            {"of_owner": owner.key, "of_product": product_id, "moment": sights[owner, product_id]}
            for owner, product_id in keys
            if (owner.key, product_id) in known
        ]
        new = [
            {
                "owner": owner.key,
                "user_id": owner.user_id,
                "product_id": product_id,
                "viewed_at": sights[owner, product_id],
            }
            for owner, product_id in keys
            if (owner.key, product_id) not in known
        ]
        if again:
            await self.connection.execute(_SEE_AGAIN, again)
        if new:
            await add_rows(self.connection, insert(ViewedProduct).inline(), new)
            crowded = await self.connection.execute(_CROWDED, {"owners": owners})
            for owner in sorted(crowded.scalars()):
                beyond = await self.connection.execute(_VIEWS_BEYOND, {"of_owner": owner})
                await self._remove(list(beyond.scalars()))

    async def sights_of(self, owner: Owner) -> Sequence[tuple[UUID, datetime]]:
        """Return what an owner looked at, and when last."""
        rows = await self.connection.execute(_SIGHTS_OF, {"of_owner": owner.key})
        return [(product_id, at) for product_id, at in rows]

    async def forget(self, owner: Owner) -> None:
        """Delete all that an owner looked at."""
        await affected(self.connection, _FORGET_VIEWS, of_owner=owner.key)

    async def purge(self, before: datetime, of_guests: datetime) -> int:
        """Delete one batch of what is older; return how many."""
        values = {"moment": before, "of_guests": of_guests}
        found = await self.connection.execute(_OLD_VIEWS, values)
        return await self._remove(list(found.scalars()))

    async def _remove(self, ids: list[int]) -> int:
        if ids:
            await affected(self.connection, _REMOVE_VIEWS, ids=sorted(ids))
        return len(ids)
