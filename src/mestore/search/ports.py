"""The ports to what makes vectors of texts, and to where vectors are kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from mestore.search.types import Model, Near, StoredVector


class Embedder(Protocol):
    """Makes vectors of length 1; raises `VectorsUnavailable`."""

    @property
    def model(self) -> Model:
        """What makes the vectors."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text, in their order."""
        ...


class VectorStore(Protocol):
    """Keeps vectors of products in collections; every method raises `VectorsUnavailable`.

    Derived: whatever it holds can be made anew. Only `write` makes a collection.
    """

    async def nearest(self, collection: str, vector: Sequence[float], most: int) -> list[Near]:
        """Return the products whose vectors have the largest cosine, nearest first."""
        ...

    async def digests(self, collection: str, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the digests of those of these products that the collection has."""
        ...

    async def write(
        self, collection: str, vectors: Sequence[StoredVector], gone: Sequence[int]
    ) -> None:
        """Put vectors in, in place of older ones, and take products out; repeats do no harm."""
        ...

    async def count(self, collection: str) -> int:
        """Return how many products a collection has; none where there is no such collection."""
        ...

    async def keep_only(self, collections: Collection[str]) -> None:
        """Drop every collection of this shop but these."""
        ...
