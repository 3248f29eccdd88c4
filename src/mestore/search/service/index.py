"""Keeping the index: the terms of a product follow what the catalogue says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2
from uuid import UUID

from mestore.kernel.db import Tx
from mestore.search import analysis
from mestore.search.repository.index import IndexRepository
from mestore.search.repository.texts import TextRepository, Texts
from mestore.search.signature import signature
from mestore.search.types import ALL, brand_term, category_term, vendor_term

NAME, BRAND, CATEGORY, TAGS, OPTIONS, SHORT, DESCRIPTION = 60, 50, 30, 42, 24, 12, 6
CODE = 200
FIRST = 12
"""In Spanish the first word says what a thing is, the later ones what it is for."""
LONG_NAME = 8
"""Up to so many points fewer for a word of a long name than for one of a short name."""
STEP = 100
"""A rank is weight × STEP + popularity, and popularity is less than STEP."""
BATCH = 200
LONGEST_DESCRIPTION = 4000
MOST_TERMS = 150
PRIOR_RATINGS, PRIOR_STARS = 5, 3


@dataclass(slots=True)
class Entry:
    """What the index holds of a product: its terms with their ranks, its price, and its words."""

    terms: dict[str, int] = field(default_factory=dict)
    price_minor: int = 0
    words: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, tuple[int, ...]]:
        """Return {term: (rank, price, the signature in parts)}."""
        signed = signature(self.terms)
        return {term: (rank, self.price_minor, *signed) for term, rank in self.terms.items()}


class IndexService:
    """Writes the index in the caller's transaction."""

    def __init__(self, tx: Tx) -> None:
        self.index = IndexRepository(tx.connection)
        self.texts = TextRepository(tx.connection)

    async def refresh(self, *product_ids: UUID) -> None:
        """Write products' terms anew; what is not offered has none. Repeats change nothing."""
        numbers = await self.texts.hold(product_ids)
        if numbers:
            state = await self.index.state()
            await self._write(numbers, state.written)

    async def refresh_after(self, number: int, generation: int) -> int | None:
        """Write the next `BATCH` products by number; return the last number, None at the end."""
        numbers = await self.texts.hold_after(number, BATCH)
        if not numbers:
            return None
        await self._write(numbers, (generation,))
        return numbers[-1]

    async def _write(self, numbers: Sequence[int], generations: Sequence[int]) -> None:
        products = await self.texts.texts(numbers)
        offered = [product for product in products if product.is_offered]
        variants = await self.texts.variants([product.id for product in offered])
        of_product: dict[UUID, list[Sequence[str | None]]] = {each.id: [] for each in offered}
        for product_id, *said in variants:
            of_product[product_id].append(said)
        entries = {each.number: entry_of(each, of_product[each.id]) for each in offered}
        for generation in generations:
            await self.index.replace(
                generation,
                {number: entries.get(number, Entry()).rows for number in numbers},
            )
        terms: set[str] = set().union(*(entry.terms for entry in entries.values()))
        words: dict[str, str] = {}
        for entry in entries.values():
            words |= entry.words
        await self.index.learn_terms(sorted(terms))
        await self.index.learn_words(words)


def entry_of(product: Texts, variants: Sequence[Sequence[str | None]]) -> Entry:
    """Return what the index holds of a product; `variants` are (SKU, barcode, three options)."""
    named = analysis.words(product.name)
    shorter = max(0, LONG_NAME - len(named))
    options = {option for _, _, *options in variants for option in options if option}
    weights = analysis.weighed(
        [
            (product.name, NAME + shorter),
            (" ".join(named[:1]), NAME + shorter + FIRST),
            (product.brand or "", BRAND),
            (product.category or "", CATEGORY),
            (" ".join(product.tags), TAGS),
            (" ".join(sorted(options)), OPTIONS),
            (product.short_description or "", SHORT),
            ((product.description or "")[:LONGEST_DESCRIPTION], DESCRIPTION),
        ]
    )
    heaviest = sorted(weights.items(), key=lambda each: (-each[1], each[0]))[:MOST_TERMS]
    codes = {product.sku, *(code for sku, barcode, *_ in variants for code in (sku, barcode))}
    found = dict(heaviest) | {analysis.exact(code): CODE for code in codes if code}
    found |= dict.fromkeys(_places(product), 0)
    popular = popularity(product.units or 0, product.rating_sum, product.rating_count)
    shown = [product.name, product.brand or "", product.category or "", *product.tags]
    return Entry(
        {term: weight * STEP + popular for term, weight in found.items()},
        product.price_minor,
        _vocabulary(" ".join(shown)),
    )


def popularity(units: int, rating_sum: int, rating_count: int) -> int:
    """Return 0 to 99 for units sold and stars, of which a few say little."""
    stars = (rating_sum + PRIOR_RATINGS * PRIOR_STARS) / (rating_count + PRIOR_RATINGS)
    return min(STEP - 1, round(6 * log2(1 + units) + max(0.0, stars - PRIOR_STARS) * 10))


def _places(product: Texts) -> list[str]:
    found = [ALL, vendor_term(product.vendor_id)]
    if product.brand_key:
        found.append(brand_term(product.brand_key))
    if product.category_number is not None:
        found.append(category_term(product.category_number))
    return found


def _vocabulary(text: str) -> dict[str, str]:
    """Return the words that may be completed and misspelt, without codes and measures."""
    plain = [analysis.folded(word) for word in analysis.words(text)]
    return {
        word: analysis.word_term(word)
        for word in plain
        if len(word) <= 4 or not any(letter.isdigit() for letter in word)
    }
