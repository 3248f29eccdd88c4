"""Vectors in a folder of this machine, by Chroma inside this process; needs the extra `semantic`.

One process at a time may write. Chroma is loaded by the first call, in a thread.
"""

import asyncio
import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from mestore.search.errors import VectorsUnavailable
from mestore.search.types import Near, StoredVector

SPACE = {"hnsw": {"space": "cosine"}}
THREADS = 2
Result = TypeVar("Result")


class ChromaEmbedded:
    """The collections of one shop: those whose names begin with `prefix` and a dot."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.folder = folder
        self.prefix = f"{prefix}."
        # Threads of its own: a slow disk holds up nothing else that runs in threads.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="chroma")
        self._loading = Lock()

    async def nearest(self, collection: str, vector: Sequence[float], most: int) -> list[Near]:
        """Return the products whose vectors have the largest cosine, nearest first."""

        def run() -> list[Near]:
            found = self._opened(collection).query(
                query_embeddings=[list(vector)], n_results=most, include=["distances"]
            )
            pairs = zip(found["ids"][0], found["distances"][0], strict=True)
            return [Near(int(key), 1 - float(distance)) for key, distance in pairs]

        return await self._run(run)

    async def digests(self, collection: str, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the digests of those of these products that the collection has."""

        def run() -> dict[int, str]:
            if not self._has(collection):
                return {}
            found = self._opened(collection).get(
                ids=[str(each) for each in numbers], include=["metadatas"]
            )
            pairs = zip(found["ids"], found["metadatas"], strict=True)
            return {int(key): str((said or {}).get("digest")) for key, said in pairs}

        return await self._run(run)

    async def write(
        self, collection: str, vectors: Sequence[StoredVector], gone: Sequence[int]
    ) -> None:
        """Put vectors in, in place of older ones, and take products out."""

        def run() -> None:
            opened = self._client.get_or_create_collection(
                self.prefix + collection, configuration=SPACE, embedding_function=None
            )
            if vectors:
                opened.upsert(
                    ids=[str(each.number) for each in vectors],
                    embeddings=[list(each.vector) for each in vectors],
                    metadatas=[{"digest": each.digest} for each in vectors],
                )
            if gone:
                opened.delete(ids=[str(each) for each in gone])

        await self._run(run)

    async def count(self, collection: str) -> int:
        """Return how many products a collection has; none where there is no such collection."""

        def run() -> int:
            return int(self._opened(collection).count()) if self._has(collection) else 0

        return await self._run(run)

    async def keep_only(self, collections: Collection[str]) -> None:
        """Drop every collection of this shop but these."""
        kept = {self.prefix + each for each in collections}

        def run() -> None:
            for each in self._client.list_collections():
                if each.name.startswith(self.prefix) and each.name not in kept:
                    self._client.delete_collection(each.name)

        await self._run(run)

    async def close(self) -> None:
        """Let go of the folder and the threads."""
        if "_client" in self.__dict__:
            await self._run(self._client.close)
        self._threads.shutdown(wait=False)

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401  the package is not there without the extra
        chromadb = importlib.import_module("chromadb")
        choices = importlib.import_module("chromadb.config").Settings(anonymized_telemetry=False)
        return chromadb.PersistentClient(str(self.folder), settings=choices)

    def _opened(self, collection: str) -> Any:  # noqa: ANN401  a collection of Chroma's
        return self._client.get_collection(self.prefix + collection, embedding_function=None)

    def _has(self, collection: str) -> bool:
        return self.prefix + collection in {each.name for each in self._client.list_collections()}

    async def _run(self, work: Callable[[], Result]) -> Result:
        def locked() -> Result:
            with self._loading:
                _ = self._client
            return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, locked)
        # Chroma raises errors of its own, of its database and of its Rust part.
        except Exception as error:
            raise VectorsUnavailable(reason=f"chroma: {type(error).__name__}") from error
