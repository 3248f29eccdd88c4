"""Vectors in a folder, by Chroma inside this process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mestore.search.adapters.chroma_embedded import ChromaEmbedded
from mestore.search.errors import VectorsUnavailable
from tests.contracts.vector_store import EAST, VectorStoreContract

pytest.importorskip("chromadb", exc_type=ImportError)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ChromaEmbedded]:
    store = ChromaEmbedded(tmp_path / "chroma", "t")
    yield store
    await store.close()


@pytest.fixture
async def neighbour(tmp_path: Path) -> AsyncIterator[ChromaEmbedded]:
    store = ChromaEmbedded(tmp_path / "chroma", "t-b")
    yield store
    await store.close()


class TestChromaEmbedded(VectorStoreContract):
    """Chroma's own database in a folder."""


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    first = ChromaEmbedded(tmp_path / "chroma", "t")
    await first.write("m.1", [EAST], [])
    await first.close()
    second = ChromaEmbedded(tmp_path / "chroma", "t")
    assert await second.digests("m.1", [1]) == {1: "east"}
    assert [near.number for near in await second.nearest("m.1", (1.0, 0.0), 5)] == [1]
    await second.close()


async def test_a_folder_that_cannot_be_written_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = ChromaEmbedded(tmp_path / "file", "t")
    with pytest.raises(VectorsUnavailable):
        await store.count("m.1")
    await store.close()
