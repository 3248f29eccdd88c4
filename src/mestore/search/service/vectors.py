"""Keeping vectors: they follow what the catalogue says, outside of any transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from uuid import UUID

import structlog

from mestore.kernel.breaker import Breaker
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.search.errors import VectorsUnavailable
from mestore.search.ports import Embedder, VectorStore
from mestore.search.repository.texts import TextRepository, Texts
from mestore.search.repository.vectors import VectorRepository, VectorState
from mestore.search.types import StoredVector

log = structlog.get_logger(__name__)

BATCH = 200
ROUNDS = 5
LONGEST = 2_000
"""So many letters every model takes."""
MENDING = timedelta(seconds=30)
"""How long one run of mending lasts; the next one goes on where it was."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Who makes vectors, and where they lie."""

    database: Database
    embedder: Embedder
    store: VectorStore
    breaker: Breaker

    @property
    def model(self) -> str:
        """Return the key of what makes them."""
        return self.embedder.model.key

    def collection(self, generation: int) -> str:
        """Return the name of a generation's collection."""
        return f"{self.model}.{generation}"

    async def state(self) -> VectorState:
        """Return which generation is read and which are written."""
        async with self.database.read() as connection:
            return await VectorRepository(connection, self.model).state()

    async def follow(self, product_ids: Sequence[UUID]) -> None:
        """Write the vectors of products, and take out those of what is not offered."""
        async with self.database.read() as connection:
            state = await VectorRepository(connection, self.model).state()
            numbers = await TextRepository(connection).numbers(product_ids)
        for generation in state.written:
            await self._settle(self.collection(generation), numbers)

    async def rebuild(self, progress: Callable[[int], None] | None = None) -> None:
        """Make all vectors in a new collection; searches stay on the old one until it is whole.

        One that was cut off goes on where it was; two at once do no harm.
        """
        async with self.database.transaction() as tx:
            await VectorRepository(tx.connection, self.model).begin()
        while True:
            state, numbers = await self._next(lambda state: state.built_to)
            if state.building is None:
                break
            if not state.built_to:
                # There from the beginning: of a shop without products too it can be asked.
                await self.store.write(self.collection(state.building), [], [])
            await self._settle(self.collection(state.building), numbers)
            async with self.database.transaction() as tx:
                row = VectorRepository(tx.connection, self.model)
                if numbers:
                    await row.advance(state.building, state.built_to, numbers[-1])
                else:
                    await row.switch(state.building, now())
            if progress is not None and numbers:
                progress(numbers[-1])
        await self.store.keep_only({self.collection(each) for each in state.written})

    async def mend(self) -> None:
        """Compare vectors with the catalogue for a while, and write what is missing or wrong."""
        until = now() + MENDING
        while now() < until:
            state, numbers = await self._next(lambda state: state.mended_to)
            if not state.generation:
                return
            try:
                await self._settle(self.collection(state.generation), numbers)
            except VectorsUnavailable as error:
                log.warning("vectors_not_mended", reason=error.details["reason"])
                return
            async with self.database.transaction() as tx:
                row = VectorRepository(tx.connection, self.model)
                await row.mended_to(numbers[-1] if len(numbers) == BATCH else 0)
            if len(numbers) < BATCH:
                return

    async def _next(
        self, reached: Callable[[VectorState], int]
    ) -> tuple[VectorState, Sequence[int]]:
        async with self.database.read() as connection:
            state = await VectorRepository(connection, self.model).state()
            return state, await TextRepository(connection).numbers_after(reached(state), BATCH)

    async def _settle(self, collection: str, numbers: Sequence[int]) -> None:
        """Make a collection say what these products say now.

        It is compared once more after writing: whoever writes last has then read what is true,
        however long another one took to make the vectors of an older text.
        """
        if not numbers:
            return
        for _ in range(ROUNDS):
            async with self.database.read() as connection:
                products = await TextRepository(connection).texts(numbers)
            texts = {each.number: text_of(each) for each in products if each.is_offered}
            stored = await self.store.digests(collection, numbers)
            stale = [each for each in texts if stored.get(each) != digest_of(texts[each])]
            gone = [each for each in stored if each not in texts]
            if not stale and not gone:
                return
            made = await self.embedder.embed([texts[each] for each in stale]) if stale else []
            vectors = [
                StoredVector(number, digest_of(texts[number]), vector)
                for number, vector in zip(stale, made, strict=True)
            ]
            await self.store.write(collection, vectors, gone)
        raise VectorsUnavailable(reason="the products change too fast")


async def stored_vectors(vectors: Vectors) -> int | None:
    """Return how many vectors searches read; None where their store does not answer."""
    state = await vectors.state()
    try:
        return await vectors.store.count(vectors.collection(state.generation))
    except VectorsUnavailable:
        return None


def text_of(product: Texts) -> str:
    """Return what a product's vector is made of: what it is, not all that is said of it."""
    said = (
        product.name,
        product.brand,
        product.category,
        " ".join(product.tags),
        product.short_description,
    )
    return "\n".join(each for each in said if each)[:LONGEST]


def digest_of(text: str) -> str:
    """Return by what it is seen that a text changed."""
    return blake2b(text.encode(), digest_size=12).hexdigest()
