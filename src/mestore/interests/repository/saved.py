"""Saved searches, the products that went public, and what of these was told to whom."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from mestore.interests.models import PublishedProduct, SavedSearch, SavedSearchMatch
from mestore.interests.types import PastPrice, Watched
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import add_rows, affected, inserted_id, unless_taken

_AFTER: Any = bindparam("after", type_=BigInteger)
_OF_USER = SavedSearch.user_id == bindparam("of_user")
_ONE = SavedSearch.id == bindparam("of_saved")
_COUNT = select(func.count()).select_from(SavedSearch).where(_OF_USER)
# Held, so that no match is written of one that goes.
_IDS_OF = select(SavedSearch.id).where(_OF_USER).order_by(SavedSearch.id).with_for_update()
_WATCHED = (
    select(SavedSearch.id, SavedSearch.text, SavedSearch.filters, SavedSearch.created_at)
    .where(SavedSearch.is_alerting == true(), SavedSearch.id > _AFTER)
    .order_by(SavedSearch.id)
    .limit(bindparam("most"))
)
_UNTOLD = SavedSearchMatch.told_at.is_(None)
_OF_SAVED = SavedSearchMatch.saved_id == bindparam("of_saved")
_KNOWN = select(SavedSearchMatch.saved_id, SavedSearchMatch.product_id).where(
    SavedSearchMatch.saved_id.in_(bindparam("ids", expanding=True)),
    SavedSearchMatch.product_id.in_(bindparam("products", expanding=True)),
)
_WAITING = select(SavedSearchMatch.saved_id).where(_UNTOLD).distinct().limit(bindparam("most"))
_NEWEST = (
    select(SavedSearchMatch.id, SavedSearchMatch.product_id)
    .where(_OF_SAVED, _UNTOLD)
    .order_by(SavedSearchMatch.id.desc())
    .limit(bindparam("most"))
)
_TELL = (
    update(SavedSearchMatch)
    .where(_OF_SAVED, _UNTOLD, SavedSearchMatch.id <= bindparam("last", type_=BigInteger))
    .values(told_at=bindparam("moment", type_=UtcDateTime))
)
_MATCHES_OF = delete(SavedSearchMatch).where(
    SavedSearchMatch.saved_id.in_(bindparam("ids", expanding=True))
)
_REMOVE = delete(SavedSearch).where(SavedSearch.id.in_(bindparam("ids", expanding=True)))

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("is_public", Boolean),
    column("created_at", UtcDateTime),
    column("updated_at", UtcDateTime),
)
_PUBLIC = select(_PRODUCTS.c.id, _PRODUCTS.c.created_at, _PRODUCTS.c.updated_at).where(
    _PRODUCTS.c.is_public == true(), _PRODUCTS.c.id.in_(bindparam("products", expanding=True))
)
_PRICES = table(
    "product_prices",
    column("product_id", Uuid),
    column("price_minor", BigInteger),
    column("since", UtcDateTime),
    column("until", UtcDateTime),
)
_PRICES_SINCE = select(*_PRICES.c).where(
    _PRICES.c.product_id.in_(bindparam("products", expanding=True)),
    or_(_PRICES.c.until.is_(None), _PRICES.c.until > bindparam("oldest", type_=UtcDateTime)),
)
_IN = PublishedProduct.product_id.in_(bindparam("products", expanding=True))
_SINCE = select(PublishedProduct.product_id, PublishedProduct.since).where(_IN)
_SET_FRESH = update(PublishedProduct).where(_IN).values(is_fresh=bindparam("to", type_=Boolean))
_SHOW_AGAIN = (
    update(PublishedProduct)
    .where(PublishedProduct.product_id == bindparam("of_product"))
    .values(since=bindparam("moment", type_=UtcDateTime), is_fresh=True)
)
_FRESH = (
    select(PublishedProduct.product_id)
    .where(PublishedProduct.is_fresh == true())
    .order_by(PublishedProduct.product_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class SavedRepository:
    """Searches that users kept."""

    connection: AsyncConnection

    async def count(self, user_id: UUID) -> int:
        """Return how many a user has."""
        return int((await self.connection.execute(_COUNT, {"of_user": user_id})).scalar_one())

    async def add(self, row: Mapping[str, Any]) -> int | None:
        """Write one and return its id; None where its user has the same or its name."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, insert(SavedSearch), row)
        return None

    async def change(self, user_id: UUID, saved_id: int, values: Mapping[str, Any]) -> bool | None:
        """Change one of a user's; False where it is not theirs, None where its name is taken."""
        statement = update(SavedSearch).where(_OF_USER, _ONE).values(**values)
        async with unless_taken(self.connection):
            found = await affected(self.connection, statement, of_user=user_id, of_saved=saved_id)
            return found == 1
        return None

    async def remove(self, user_id: UUID, saved_id: int | None = None) -> int:
        """Delete one of a user's, or all, with what was found; return how many."""
        found = await self.connection.execute(_IDS_OF, {"of_user": user_id})
        ids = [each for each in found.scalars() if saved_id in {None, each}]
        if not ids:
            return 0
        await affected(self.connection, _MATCHES_OF, ids=ids)
        return await affected(self.connection, _REMOVE, ids=ids)

    async def watched(self, after_id: int, most: int) -> list[Watched]:
        """Return the next searches that wait for new products."""
        rows = await self.connection.execute(_WATCHED, {"after": after_id, "most": most})
        return [Watched(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class MatchRepository:
    """Which products are new in which saved search."""

    connection: AsyncConnection

    async def add(self, pairs: Collection[tuple[int, UUID]]) -> None:
        """Write those (saved search, product) that are not known yet."""
        values = {
            "ids": sorted({saved_id for saved_id, _ in pairs}),
            "products": sorted({product_id for _, product_id in pairs}),
        }
        known = {tuple(row) for row in await self.connection.execute(_KNOWN, values)}
        new = [
            {"saved_id": saved_id, "product_id": product_id}
            for saved_id, product_id in sorted(pairs)
            if (saved_id, product_id) not in known
        ]
        if new:
            await add_rows(self.connection, insert(SavedSearchMatch).inline(), new)

    async def waiting(self, most: int) -> list[int]:
        """Return saved searches of which something is untold."""
        found = await self.connection.execute(_WAITING, {"most": most})
        return sorted(found.scalars())

    async def tell(self, saved_id: int, moment: datetime, most: int) -> tuple[list[UUID], int]:
        """Mark what is untold as told: the newest products, and how many in all.

        Of two who do it at once only one is given any.
        """
        values = {"of_saved": saved_id, "most": most}
        rows = (await self.connection.execute(_NEWEST, values)).all()
        if not rows:
            return [], 0
        told = await affected(
            self.connection, _TELL, of_saved=saved_id, last=rows[0][0], moment=moment
        )
        return [product_id for _, product_id in rows[:told]], told

    async def drop_untold(self, saved_id: int) -> None:
        """Delete what a saved search has found and nobody was told."""
        untold = delete(SavedSearchMatch).where(_OF_SAVED, _UNTOLD)
        await affected(self.connection, untold, of_saved=saved_id)


@dataclass(frozen=True, slots=True)
class PublishedRepository:
    """Since when products are public, and which of them saved searches are still to see."""

    connection: AsyncConnection

    async def public(self, product_ids: Collection[UUID]) -> dict[UUID, tuple[datetime, datetime]]:
        """Return when the public ones of these products were made, and last changed."""
        rows = await self.connection.execute(_PUBLIC, {"products": list(product_ids)})
        return {product_id: (created_at, updated_at) for product_id, created_at, updated_at in rows}

    async def show(self, products: Mapping[UUID, datetime]) -> None:
        """Let saved searches see products that went public at a moment, not for the first time.

        It is as if they had not been there before.
        """
        known = await self.since(products.keys())
        rows = [
            {"of_product": product_id, "moment": products[product_id]}
            for product_id in sorted(known)
        ]
        if rows:
            await self.connection.execute(_SHOW_AGAIN, rows)

    async def freshen(self, products: Mapping[UUID, datetime]) -> None:
        """Let saved searches see products; `products` tells since when unknown ones are public."""
        values = {"products": sorted(products)}
        while await affected(self.connection, _SET_FRESH, **values, to=True) != len(products):
            known = await self.since(products.keys())
            rows = [
                {"product_id": product_id, "since": since, "is_fresh": True}
                for product_id, since in sorted(products.items())
                if product_id not in known
            ]
            if not rows:
                return
            # What another message of the same product wrote meanwhile is found in the next round.
            async with unless_taken(self.connection):
                await add_rows(self.connection, insert(PublishedProduct).inline(), rows)
                return

    async def take(self, most: int) -> list[UUID]:
        """Return products that are to be seen, and hold them to have been."""
        ids = sorted((await self.connection.execute(_FRESH, {"most": most})).scalars())
        if ids:
            await affected(self.connection, _SET_FRESH, products=ids, to=False)
        return ids

    async def since(self, product_ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """Return since when products are public, as far as is known."""
        rows: Sequence[Any] = (
            await self.connection.execute(_SINCE, {"products": list(product_ids)})
        ).all()
        return {product_id: since for product_id, since in rows}

    async def prices(
        self, product_ids: Collection[UUID], oldest: datetime
    ) -> Mapping[UUID, Sequence[PastPrice]]:
        """Return what these products cost since a moment, as far as it was written."""
        values = {"products": list(product_ids), "oldest": oldest}
        found: defaultdict[UUID, list[PastPrice]] = defaultdict(list)
        for product_id, *price in await self.connection.execute(_PRICES_SINCE, values):
            found[product_id].append(PastPrice(*price))
        return found
