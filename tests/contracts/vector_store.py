"""What every vector store promises, tried on the real thing.

A test module subclasses `VectorStoreContract` and gives two fixtures: `store`, and `neighbour`,
another shop in the same place whose prefix begins like the first one's.
"""

import pytest

from mestore.search.errors import VectorsUnavailable
from mestore.search.ports import VectorStore
from mestore.search.types import Near, StoredVector

EAST = StoredVector(1, "east", (1.0, 0.0))
NORTH = StoredVector(2, "north", (0.0, 1.0))
BETWEEN = StoredVector(3, "between", (0.8, 0.6))


def rounded(found: list[Near]) -> list[tuple[int, float]]:
    return [(near.number, round(near.similarity, 3)) for near in found]


class VectorStoreContract:
    """The promises of the port."""

    async def test_the_nearest_come_first_with_their_cosine(self, store: VectorStore) -> None:
        await store.write("m.1", [NORTH, BETWEEN, EAST], [])
        assert rounded(await store.nearest("m.1", (1.0, 0.0), 5)) == [(1, 1.0), (3, 0.8), (2, 0.0)]
        assert rounded(await store.nearest("m.1", (0.0, 1.0), 1)) == [(2, 1.0)]

    async def test_what_is_written_again_takes_the_place_of_what_was(
        self, store: VectorStore
    ) -> None:
        await store.write("m.1", [EAST, NORTH], [])
        await store.write("m.1", [StoredVector(1, "moved", (0.0, 1.0))], [2, 9])
        assert await store.digests("m.1", [1, 2, 9]) == {1: "moved"}
        assert await store.count("m.1") == 1
        assert rounded(await store.nearest("m.1", (0.0, 1.0), 5)) == [(1, 1.0)]

    async def test_a_collection_that_is_not_there_has_nothing(self, store: VectorStore) -> None:
        assert await store.digests("m.7", [1]) == {}
        assert await store.count("m.7") == 0
        with pytest.raises(VectorsUnavailable):
            await store.nearest("m.7", (1.0, 0.0), 5)

    async def test_collections_are_dropped_for_one_shop_alone(
        self, store: VectorStore, neighbour: VectorStore
    ) -> None:
        for each in ("m.1", "m.2"):
            await store.write(each, [EAST], [])
            await neighbour.write(each, [NORTH], [])
        await store.keep_only({"m.2"})
        assert [await store.count(each) for each in ("m.1", "m.2")] == [0, 1]
        assert [await neighbour.count(each) for each in ("m.1", "m.2")] == [1, 1]
        await neighbour.keep_only([])
        assert await neighbour.count("m.2") == 0

    async def test_a_collection_that_was_made_anew_is_found_again(self, store: VectorStore) -> None:
        await store.write("m.1", [EAST], [])
        await store.keep_only([])
        await store.write("m.1", [NORTH], [])
        assert await store.digests("m.1", [1, 2]) == {2: "north"}

    async def test_vectors_of_another_length_are_not_taken(self, store: VectorStore) -> None:
        await store.write("m.1", [EAST], [])
        with pytest.raises(VectorsUnavailable):
            await store.write("m.1", [StoredVector(2, "three", (1.0, 0.0, 0.0))], [])
        with pytest.raises(VectorsUnavailable):
            await store.nearest("m.1", (1.0, 0.0, 0.0), 5)
