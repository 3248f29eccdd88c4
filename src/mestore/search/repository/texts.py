"""What products say of themselves, read and held while it is written into the index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    String,
    Text,
    Uuid,
    bindparam,
    case,
    column,
    literal,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.columns import Code, Json
from mestore.kernel.db import rows_of
from mestore.search.models import SearchPopularity

_P = table(
    "products",
    column("id", Uuid),
    column("number", BigInteger),
    column("name", String),
    column("brand", String),
    column("brand_key", Code(100)),
    column("category_id", Uuid),
    column("vendor_id", Uuid),
    column("tags", Json),
    column("short_description", String),
    column("description", Text),
    column("sku", Code(100)),
    column("price_minor", BigInteger),
    column("rating_sum", Integer),
    column("rating_count", Integer),
    column("status", String),
    column("is_visible", Boolean),
    column("deleted_at", DateTime),
)
_CATEGORIES = table(
    "categories", column("id", Uuid), column("number", BigInteger), column("name", String)
)
_VARIANTS = table(
    "product_variants",
    column("product_id", Uuid),
    column("sku", Code(100)),
    column("barcode", String),
    column("option1", String),
    column("option2", String),
    column("option3", String),
    column("deleted_at", DateTime),
)
# Whether its vendor may sell is asked when reading: a suspension changes no product's words.
_is_offered = case(
    (
        (_P.c.deleted_at.is_(None)) & (_P.c.status == "APPROVED") & _P.c.is_visible,
        literal(1),
    ),
    else_=literal(0),
)
_TEXTS = (
    select(
        _P.c.id,
        _P.c.number,
        _P.c.name,
        _P.c.brand,
        _P.c.brand_key,
        _CATEGORIES.c.name,
        _CATEGORIES.c.number,
        _P.c.vendor_id,
        _P.c.tags,
        _P.c.short_description,
        _P.c.description,
        _P.c.sku,
        _P.c.price_minor,
        _P.c.rating_sum,
        _P.c.rating_count,
        SearchPopularity.units,
        _is_offered,
    )
    .select_from(_P)
    .outerjoin(_CATEGORIES, _CATEGORIES.c.id == _P.c.category_id)
    .outerjoin(SearchPopularity, SearchPopularity.product_id == _P.c.id)
    .where(_P.c.number.in_(bindparam("numbers", expanding=True)))
    .order_by(_P.c.number)
)
_HOLD = (
    select(_P.c.number)
    .where(_P.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_P.c.number)
    .with_for_update()
)
_NUMBERS = select(_P.c.number).where(_P.c.id.in_(bindparam("ids", expanding=True)))
_NUMBERS_AFTER = (
    select(_P.c.number)
    .where(_P.c.number > bindparam("after", type_=BigInteger))
    .order_by(_P.c.number)
    .limit(bindparam("most"))
)
_HOLD_AFTER = _NUMBERS_AFTER.with_for_update()
_VARIANTS_OF = select(
    _VARIANTS.c.product_id,
    _VARIANTS.c.sku,
    _VARIANTS.c.barcode,
    _VARIANTS.c.option1,
    _VARIANTS.c.option2,
    _VARIANTS.c.option3,
).where(
    _VARIANTS.c.deleted_at.is_(None),
    _VARIANTS.c.product_id.in_(bindparam("ids", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Texts:
    """What a product says of itself, and what ranks it."""

    id: UUID
    number: int
    name: str
    brand: str | None
    brand_key: str | None
    category: str | None
    category_number: int | None
    vendor_id: UUID
    tags: list[str]
    short_description: str | None
    description: str | None
    sku: str
    price_minor: int
    rating_sum: int
    rating_count: int
    units: int | None
    is_offered: int


class TextRepository:
    """Products, held in ascending order so that what is written is what they say."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def hold(self, ids: Sequence[UUID]) -> list[int]:
        """Hold products, deleted or not, and return their numbers."""
        rows = await self.connection.execute(_HOLD, {"ids": list(ids)})
        return list(rows.scalars())

    async def hold_after(self, number: int, most: int) -> list[int]:
        """Hold the next products by number and return their numbers."""
        rows = await self.connection.execute(_HOLD_AFTER, {"after": number, "most": most})
        return list(rows.scalars())

    async def numbers(self, ids: Sequence[UUID]) -> list[int]:
        """Return the numbers of products, deleted or not, and hold none."""
        return [row[0] for row in await rows_of(self.connection, _NUMBERS, ids=list(ids))]

    async def numbers_after(self, number: int, most: int) -> list[int]:
        """Return the next products by number, deleted or not, and hold none."""
        rows = await rows_of(self.connection, _NUMBERS_AFTER, after=number, most=most)
        return [row[0] for row in rows]

    async def texts(self, numbers: Sequence[int]) -> list[Texts]:
        """Return what these products say."""
        rows = await rows_of(self.connection, _TEXTS, numbers=list(numbers))
        return [Texts(*row) for row in rows]

    async def variants(self, ids: Sequence[UUID]) -> Sequence[Sequence[Any]]:
        """Return (product, SKU, barcode, three options) of every variant of these products."""
        return await rows_of(self.connection, _VARIANTS_OF, ids=list(ids))
