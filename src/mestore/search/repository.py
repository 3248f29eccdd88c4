"""Writing the index; every write replaces what a product said before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    String,
    Text,
    Uuid,
    bindparam,
    column,
    delete,
    insert,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.columns import Json
from mestore.kernel.db import add_rows, affected, rows_of
from mestore.search.models import SearchGram, SearchTerm, SearchWord

_PRODUCTS = table(
    "products",
    column("id", Uuid),
    column("number", BigInteger),
    column("name", String),
    column("brand", String),
    column("category_id", Uuid),
    column("tags", Json),
    column("short_description", String),
    column("description", Text),
    column("sku", String),
    column("deleted_at", DateTime),
)
_CATEGORIES = table("categories", column("id", Uuid), column("name", String))
_VARIANTS = table(
    "product_variants",
    column("product_id", Uuid),
    column("sku", String),
    column("barcode", String),
    column("deleted_at", DateTime),
)
_TEXTS = (
    select(
        _PRODUCTS.c.id,
        _PRODUCTS.c.number,
        _PRODUCTS.c.name,
        _PRODUCTS.c.brand,
        _CATEGORIES.c.name,
        _PRODUCTS.c.tags,
        _PRODUCTS.c.short_description,
        _PRODUCTS.c.description,
        _PRODUCTS.c.sku,
    )
    .select_from(_PRODUCTS)
    .outerjoin(_CATEGORIES, _CATEGORIES.c.id == _PRODUCTS.c.category_id)
    .where(_PRODUCTS.c.deleted_at.is_(None))
)
_OF_ID = _TEXTS.where(_PRODUCTS.c.id == bindparam("product_id", type_=Uuid))
_AFTER = (
    _TEXTS.where(_PRODUCTS.c.number > bindparam("after", type_=BigInteger))
    .order_by(_PRODUCTS.c.number)
    .limit(bindparam("most"))
)
_NUMBER = select(_PRODUCTS.c.number).where(_PRODUCTS.c.id == bindparam("product_id", type_=Uuid))
_CODES = select(_VARIANTS.c.product_id, _VARIANTS.c.sku, _VARIANTS.c.barcode).where(
    _VARIANTS.c.deleted_at.is_(None),
    _VARIANTS.c.product_id.in_(bindparam("ids", expanding=True)),
)
_FORGET = delete(SearchTerm).where(SearchTerm.number == bindparam("of_number"))
_ADD_TERMS = insert(SearchTerm).inline()
_ADD_WORDS = insert(SearchWord).inline()
_ADD_GRAMS = insert(SearchGram).inline()
_KNOWN = select(SearchWord.word).where(SearchWord.word.in_(bindparam("words", expanding=True)))


@dataclass(frozen=True, slots=True)
class Texts:
    """What a product says of itself."""

    id: UUID
    number: int
    name: str
    brand: str | None
    category: str | None
    tags: list[str]
    short_description: str | None
    description: str | None
    sku: str


class IndexRepository:
    """The rows of the index."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def texts(self, product_id: UUID) -> Texts | None:
        """Return the texts of a product that is not deleted."""
        rows = (await self.connection.execute(_OF_ID, {"product_id": product_id})).all()
        return Texts(*rows[0]) if rows else None

    async def texts_after(self, number: int, most: int) -> list[Texts]:
        """Return the texts of the next products by number."""
        rows = await self.connection.execute(_AFTER, {"after": number, "most": most})
        return [Texts(*row) for row in rows]

    async def codes(self, ids: Sequence[UUID]) -> Sequence[Sequence[Any]]:
        """Return (product, SKU, barcode) of every variant of these products."""
        return (await self.connection.execute(_CODES, {"ids": list(ids)})).all()

    async def number_of(self, product_id: UUID) -> int | None:
        """Return the number of a product, deleted or not."""
        rows = await rows_of(self.connection, _NUMBER, product_id=product_id)
        return int(rows[0][0]) if rows else None

    async def replace(self, number: int, terms: Mapping[str, int]) -> None:
        """Write the terms of a product instead of those that it had."""
        await affected(self.connection, _FORGET, of_number=number)
        if terms:
            rows = [
                {"term": term, "number": number, "weight": weight} for term, weight in terms.items()
            ]
            await add_rows(self.connection, _ADD_TERMS, rows)

    async def unknown(self, words: Sequence[str]) -> list[str]:
        """Return the words that the vocabulary does not have."""
        rows = await self.connection.execute(_KNOWN, {"words": list(words)})
        known = set(rows.scalars())
        return [word for word in words if word not in known]

    async def learn(self, words: Mapping[str, str], pieces: Sequence[tuple[str, str]]) -> None:
        """Add new words (word: term) and their (gram, word); at least one of each."""
        rows = [{"word": word, "term": term} for word, term in words.items()]
        await add_rows(self.connection, _ADD_WORDS, rows)
        await add_rows(
            self.connection, _ADD_GRAMS, [{"gram": gram, "word": word} for gram, word in pieces]
        )
