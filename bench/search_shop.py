"""A shop of any size to search in: names made of the sample catalogue's words, brands and models.

How often words come is as in real catalogues: a few are in every tenth product, most in a handful.
The index is written by the program's own analyser, without its database.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from bench.past import FIRST_LEVEL, Offer
from bench.postgres import Connection
from bench.shop import Shop, _copy
from mestore.catalog.folding import folded
from mestore.cli.sample.catalog import SampleProduct, load_catalog
from mestore.kernel.ids import uuid7
from mestore.search.misspelling import grams
from mestore.search.repository.index import SAID
from mestore.search.repository.texts import Texts
from mestore.search.service.index import Entry, entry_of
from mestore.search.signature import COLUMNS

COLOURS = [
    "negro",
    "blanco",
    "gris",
    "azul",
    "rojo",
    "verde",
    "rosado",
    "café",
    "beige",
    "amarillo",
    "morado",
    "naranja",
]
SIZES = [
    "pequeño",
    "mediano",
    "grande",
    "compacto",
    "ligero",
    "clásico",
    "moderno",
    "premium",
    "infantil",
    "juvenil",
]
SYLLABLES = "ba be bo ca co cu da de do fa fe ga go la le li lo ma me mi mo na no pa pe ra re ri"
BRANDS, MODELS = 3_000, 20_000
DESCRIBED = 12
_INDEXES = ("ix_search_terms_rank", "ix_search_terms_price")


def _invented(chance: random.Random, count: int, parts: int) -> list[str]:
    syllables = SYLLABLES.split()
    found = {"".join(chance.choices(syllables, k=parts)) for _ in range(count)}
    return sorted(found)


class SearchShop(Shop):
    """A shop whose products differ, with its index beside it; without pictures and movements."""

    def _prepare(self) -> None:
        self.chance = random.Random(self.products)  # noqa: S311  the same shop each time
        self.brands = _invented(self.chance, BRANDS, 3)
        self.models = _invented(self.chance, MODELS, 4)
        self.used: Counter[str] = Counter()
        self.words: dict[str, str] = {}

    async def fill(self, connection: Connection) -> None:
        """Write the shop and its index into an empty database."""
        self._prepare()
        self.numbers = {each.slug: at for at, each in enumerate(load_catalog().categories, 1)}
        for name in _INDEXES:
            await connection.execute(f"DROP INDEX {name}")
        await connection.execute("ALTER TABLE search_terms DROP CONSTRAINT pk_search_terms")
        await super().fill(connection)
        await self._fill_vocabulary(connection)
        await connection.execute("SET maintenance_work_mem = '1GB'")
        for statement in _BUILT:
            await connection.execute(statement)
        for table in ("search_terms", "search_words", "search_grams", "search_frequencies"):
            await connection.execute(f"VACUUM ANALYZE {table}")
        await connection.execute("VACUUM ANALYZE products")
        await connection.execute("VACUUM ANALYZE stock_levels")

    def _offers(self) -> Iterator[Offer]:
        samples = load_catalog().products
        for index in range(self.products):
            sample = self._varied(samples[int(self.chance.random() ** 1.5 * len(samples))])
            yield Offer(
                product_id=uuid7(),
                variant_id=uuid7(),
                vendor_id=self.vendors[index % len(self.vendors)],
                level_id=FIRST_LEVEL + index,
                sample=sample,
                sku=f"{sample.sku}-{index}",
            )

    def _varied(self, sample: SampleProduct) -> SampleProduct:
        chance = self.chance
        brand = self.brands[int(chance.random() ** 3 * len(self.brands))]
        model = self.models[int(chance.random() ** 2 * len(self.models))]
        kind = " ".join(sample.name.split()[: chance.randint(1, 4)])
        looks = f"{chance.choice(COLOURS)} {chance.choice(SIZES)}"
        return msgspec.structs.replace(
            sample,
            name=f"{kind} {looks} {brand} {model}",
            brand=brand,
            description=" ".join(sample.description.split()[:DESCRIBED]),
            price=round(sample.price * chance.uniform(0.5, 2)),
            compare_at_price=None,
        )

    async def _fill_offers(self, connection: Connection, offers: Sequence[Offer]) -> None:
        start = len(self.offers)
        self.offers += offers
        numbered = list(enumerate(offers, start))
        await _copy(connection, "products", (self._product(*pair) for pair in numbered))
        await _copy(connection, "product_variants", (self._variant(offer) for offer in offers))
        await _copy(connection, "stock_levels", (self._level(*pair) for pair in numbered))
        rows = [
            {"generation": 0, "term": term, "number": number} | dict(zip(SAID, said, strict=True))
            for number, offer in enumerate(offers, start + 1)
            for term, said in self._entry(number, offer).rows.items()
        ]
        await _copy(connection, "search_terms", rows)
        print(f"{start + len(offers)} products", flush=True)  # noqa: T201  it takes long

    def _entry(self, number: int, offer: Offer) -> Entry:
        sample = offer.sample
        entry = entry_of(
            Texts(
                id=offer.product_id,
                number=number,
                name=f"{sample.name} {number - 1}",
                brand=sample.brand,
                brand_key=folded(sample.brand),
                category=sample.category.replace("-", " "),
                category_number=self.numbers[sample.category],
                vendor_id=offer.vendor_id,
                tags=list(sample.tags),
                short_description=sample.short_description,
                description=sample.description,
                sku=offer.sku,
                price_minor=offer.price_minor,
                rating_sum=0,
                rating_count=0,
                units=int(self.chance.paretovariate(1)) - 1,
                is_offered=1,
            ),
            [(offer.sku, None, None, None, None)],
        )
        self.used.update(entry.terms.keys())
        self.words |= entry.words
        return entry

    async def _fill_vocabulary(self, connection: Connection) -> None:
        await _copy(
            connection,
            "search_frequencies",
            ({"term": term, "products": count} for term, count in self.used.items()),
        )
        await _copy(
            connection,
            "search_words",
            (
                {"word": word, "term": term, "head": word[:2], "uses": self.used[term]}
                for word, term in self.words.items()
            ),
        )
        await _copy(
            connection,
            "search_grams",
            (
                {"gram": gram, "size": len(word), "word": word}
                for word in self.words
                for gram in grams(word)
            ),
        )


_BUILT = (
    "ALTER TABLE search_terms ADD CONSTRAINT pk_search_terms "
    "PRIMARY KEY (generation, number, term) INCLUDE (rank)",
    "CREATE INDEX ix_search_terms_rank ON search_terms "
    f"(generation, term, rank, number, {', '.join(COLUMNS)})",
    "CREATE INDEX ix_search_terms_price ON search_terms (generation, term, price_minor, number) "
    f"INCLUDE (rank, {', '.join(COLUMNS)})",
)
