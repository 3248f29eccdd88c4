"""Reading a product and those that may be like it: a bounded number of rows, each by an index."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    String,
    Text,
    Uuid,
    bindparam,
    column,
    func,
    select,
    table,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.types import uuid_in
from mestore.insights.models import ProductDay
from mestore.insights.types.proposals import CategoryName, Peer, Picture, Subject
from mestore.kernel.columns import Json, UtcDateTime
from mestore.kernel.db import rows_of

NEWEST = 200
"""How many of the category are looked at, beside what search finds."""
LONG_ENOUGH = 600
"""Descriptions of others are read up to here: longer ones are just long."""

_PRODUCTS = table(
    "products",
    column("number", BigInteger),
    column("id", Uuid),
    column("vendor_id", Uuid),
    column("category_id", Uuid),
    column("name", String),
    column("slug", String),
    column("description", Text),
    column("short_description", String),
    column("brand", String),
    column("brand_key", String),
    column("tags", Json),
    column("price_minor", BigInteger),
    column("cost_price_minor", BigInteger),
    column("currency", String),
    column("seo_title", String),
    column("seo_description", String),
    column("images", Json),
    column("is_public", Boolean),
    column("deleted_at", UtcDateTime),
)
_CATEGORIES = table(
    "categories", column("id", Uuid), column("name", String), column("slug", String)
)
_VENDORS = table("vendors", column("id", Uuid), column("user_id", Uuid))
_CATEGORY = (_CATEGORIES.c.id, _CATEGORIES.c.name, _CATEGORIES.c.slug)
_P = _PRODUCTS.c
_SUBJECT = (
    select(
        _P.id,
        _P.vendor_id,
        _VENDORS.c.user_id,
        _P.name,
        _P.slug,
        _P.description,
        _P.short_description,
        _P.brand,
        _P.tags,
        _P.price_minor,
        _P.cost_price_minor,
        _P.currency,
        _P.seo_title,
        _P.seo_description,
        _P.images,
        *_CATEGORY,
    )
    .join(_VENDORS, _VENDORS.c.id == _P.vendor_id)
    .outerjoin(_CATEGORIES, _CATEGORIES.c.id == _P.category_id)
    .where(_P.deleted_at.is_(None))
)
_BY_ID = _SUBJECT.where(_P.id == bindparam("key", type_=Uuid))
_BY_SLUG = _SUBJECT.where(_P.slug == bindparam("key"))
_PEERS = (
    select(
        _P.id,
        _P.vendor_id,
        _P.name,
        _P.brand_key,
        _P.price_minor,
        _P.currency,
        _P.tags,
        func.substr(_P.description, 1, LONG_ENOUGH),
        _P.images,
        *_CATEGORY,
    )
    .outerjoin(_CATEGORIES, _CATEGORIES.c.id == _P.category_id)
    .where(_P.is_public == true(), _P.vendor_id != bindparam("vendor_id", type_=Uuid))
)
_OF_IDS = _PEERS.where(_P.id.in_(bindparam("ids", expanding=True)))
_OF_CATEGORY = (
    _PEERS.where(_P.category_id == bindparam("category_id", type_=Uuid))
    .order_by(_P.number.desc())
    .limit(NEWEST)
)
_SELLING = (
    select(ProductDay.product_id)
    .where(
        ProductDay.product_id.in_(bindparam("ids", expanding=True)),
        ProductDay.day >= bindparam("since"),
        ProductDay.units > 0,
    )
    .distinct()
)
_TAKEN = select(_P.id).where(_P.slug == bindparam("slug")).limit(1)


async def find_subject(connection: AsyncConnection, key: str) -> Subject | None:
    """Return the product of an id or slug, in any status."""
    product_id = uuid_in(key)
    query, value = (_BY_SLUG, key) if product_id is None else (_BY_ID, product_id)
    rows = await rows_of(connection, query, key=value)
    return _subject(rows[0]) if rows else None


async def peers_of(
    connection: AsyncConnection, subject: Subject, ids: Sequence[UUID]
) -> list[Peer]:
    """Return public products of other shops: these, and the newest of the same category."""
    values: dict[str, Any] = {"vendor_id": subject.vendor_id}
    rows = list(await rows_of(connection, _OF_IDS, ids=list(ids), **values)) if ids else []
    if subject.category is not None:
        category_id = subject.category.id
        rows += await rows_of(connection, _OF_CATEGORY, category_id=category_id, **values)
    return list({row[0]: _peer(row) for row in rows}.values())


async def selling(connection: AsyncConnection, ids: Sequence[UUID], since: date) -> set[UUID]:
    """Return those of these products that were sold since a day."""
    if not ids:
        return set()
    return {row[0] for row in await rows_of(connection, _SELLING, ids=list(ids), since=since)}


async def slug_is_taken(connection: AsyncConnection, slug: str) -> bool:
    """Say whether a product has this address now."""
    return bool(await rows_of(connection, _TAKEN, slug=slug))


def _subject(row: Sequence[Any]) -> Subject:
    return Subject(
        id=row[0],
        vendor_id=row[1],
        owner_id=row[2],
        name=row[3],
        slug=row[4],
        description=row[5],
        short_description=row[6],
        brand=row[7],
        tags=tuple(row[8]),
        price_minor=row[9],
        cost_price_minor=row[10],
        currency=row[11],
        seo_title=row[12],
        seo_description=row[13],
        pictures=tuple(
            Picture(each["id"], each["width"], each["height"], each.get("alt")) for each in row[14]
        ),
        category=_category(row[15:18]),
    )


def _peer(row: Sequence[Any]) -> Peer:
    return Peer(
        id=row[0],
        vendor_id=row[1],
        name=row[2],
        brand_key=row[3],
        price_minor=row[4],
        currency=row[5],
        tags=tuple(row[6]),
        description_length=len(row[7] or ""),
        pictures=len(row[8]),
        category=_category(row[9:12]),
    )


def _category(row: Sequence[Any]) -> CategoryName | None:
    return None if row[0] is None else CategoryName(*row)
