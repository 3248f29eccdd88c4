"""Keeping the index: the terms of a product follow what the catalogue says of it."""

from collections.abc import Sequence
from uuid import UUID

from mestore.kernel.db import Database, Tx
from mestore.search import analysis
from mestore.search.repository import IndexRepository, Texts

NAME, BRAND, CATEGORY, TAGS, SHORT, DESCRIPTION = 60, 50, 30, 20, 8, 4
CODE = 200
FIRST = 10
BATCH = 200
LONGEST_DESCRIPTION = 4000


async def reindex(database: Database) -> None:
    """Write every product's terms anew, a batch a transaction; searches go on meanwhile."""
    number: int | None = 0
    while number is not None:
        async with database.transaction() as tx:
            number = await IndexService(tx).refresh_after(number)


class IndexService:
    """Writes the index in the caller's transaction."""

    def __init__(self, tx: Tx) -> None:
        self.index = IndexRepository(tx.connection)

    async def refresh(self, product_id: UUID) -> None:
        """Write a product's terms anew; a deleted product has none. Repeats change nothing."""
        texts = await self.index.texts(product_id)
        if texts is not None:
            await self._write([texts])
            return
        number = await self.index.number_of(product_id)
        if number is not None:
            await self.index.replace(number, {})

    async def refresh_after(self, number: int) -> int | None:
        """Write the next `BATCH` products by number; return the last number, None at the end."""
        found = await self.index.texts_after(number, BATCH)
        if not found:
            return None
        await self._write(found)
        return found[-1].number

    async def _write(self, products: Sequence[Texts]) -> None:
        codes: dict[UUID, set[str]] = {product.id: {product.sku} for product in products}
        for product_id, sku, barcode in await self.index.codes(list(codes)):
            codes[product_id] |= {code for code in (sku, barcode) if code}
        vocabulary: dict[str, str] = {}
        for product in products:
            terms = analysis.weighed(_parts(product))
            terms |= {analysis.exact(code): CODE for code in codes[product.id]}
            await self.index.replace(product.number, terms)
            shown = f"{product.name} {product.brand or ''} {product.category or ''}"
            for word in analysis.words(" ".join([shown, *product.tags])):
                plain = analysis.folded(word)
                vocabulary[plain] = analysis.word_term(plain)
        if new := await self.index.unknown(sorted(vocabulary)):
            pieces = [(gram, word) for word in new for gram in sorted(analysis.grams(word))]
            await self.index.learn({word: vocabulary[word] for word in new}, pieces)


def _parts(product: Texts) -> list[tuple[str, int]]:
    return [
        (product.name, NAME),
        # In Spanish the first word says what a thing is, the later ones what it is for.
        (" ".join(analysis.words(product.name)[:1]), NAME + FIRST),
        (product.brand or "", BRAND),
        (product.category or "", CATEGORY),
        (" ".join(product.tags), TAGS),
        (product.short_description or "", SHORT),
        ((product.description or "")[:LONGEST_DESCRIPTION], DESCRIPTION),
    ]
