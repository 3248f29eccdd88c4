"""Vectors in a Chroma server, over its REST API, version 2 (Chroma 1.0 and later).

Asked directly: the chromadb package takes seconds to load, and its client has no time-out. No text
leaves for Chroma, so its own embedder and its telemetry have nothing to work on.
Facts: docs.trychroma.com/reference/server-api, and the answers of a server 1.5.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx2
import msgspec

from mestore.search.errors import VectorsUnavailable
from mestore.search.types import Near, StoredVector

SPACE = {"hnsw": {"space": "cosine"}}
LISTED = 1_000
_ROOT = "/api/v2/tenants/default_tenant/databases/default_database/collections"


class _Named(msgspec.Struct):
    id: str
    name: str


class _Nearest(msgspec.Struct):
    ids: list[list[str]]
    distances: list[list[float]]


class _Got(msgspec.Struct):
    ids: list[str]
    metadatas: list[dict[str, Any] | None]


class _NoCollection(Exception):
    """There is no collection of that name, or not any more under that id."""


class ChromaServer:
    """The collections of one shop: those whose names begin with `prefix` and a dot."""

    def __init__(
        self, http: httpx2.AsyncClient, url: str, prefix: str, token: str | None = None
    ) -> None:
        self.http = http
        self.url = url.rstrip("/") + _ROOT
        self.prefix = f"{prefix}."
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._ids: dict[str, str] = {}

    async def nearest(self, collection: str, vector: Sequence[float], most: int) -> list[Near]:
        """Return the products whose vectors have the largest cosine, nearest first."""
        body = {"query_embeddings": [vector], "n_results": most, "include": ["distances"]}
        try:
            found = await self._in(collection, "query", body)
        except _NoCollection as error:
            raise VectorsUnavailable(reason="chroma: no such collection") from error
        answer = _read(found, _Nearest)
        pairs = zip(answer.ids[0], answer.distances[0], strict=True)
        return [Near(int(key), 1 - distance) for key, distance in pairs]

    async def digests(self, collection: str, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the digests of those of these products that the collection has."""
        body = {"ids": [str(each) for each in numbers], "include": ["metadatas"]}
        try:
            answer = _read(await self._in(collection, "get", body), _Got)
        except _NoCollection:
            return {}
        pairs = zip(answer.ids, answer.metadatas, strict=True)
        return {int(key): str((said or {}).get("digest")) for key, said in pairs}

    async def write(
        self, collection: str, vectors: Sequence[StoredVector], gone: Sequence[int]
    ) -> None:
        """Put vectors in, in place of older ones, and take products out."""
        added = {
            "ids": [str(each.number) for each in vectors],
            "embeddings": [each.vector for each in vectors],
            "metadatas": [{"digest": each.digest} for each in vectors],
        }
        named = {"name": self.prefix + collection, "get_or_create": True, "configuration": SPACE}
        try:
            made = _read(await self._send("POST", "", named), _Named)
            self._ids[collection] = made.id
            if vectors:
                await self._in(collection, "upsert", added)
            if gone:
                await self._in(collection, "delete", {"ids": [str(each) for each in gone]})
        except _NoCollection as error:
            raise VectorsUnavailable(reason="chroma: the collection was dropped") from error

    async def count(self, collection: str) -> int:
        """Return how many products a collection has; none where there is no such collection."""
        try:
            return int(_read(await self._in(collection, "count", None), int))
        except _NoCollection:
            return 0

    async def keep_only(self, collections: Collection[str]) -> None:
        """Drop every collection of this shop but these."""
        kept = {self.prefix + each for each in collections}
        try:
            answer = _read(await self._send("GET", f"?limit={LISTED}", None), list[_Named])
        except _NoCollection as error:
            raise VectorsUnavailable(reason="chroma: there is no such API") from error
        for each in answer:
            if each.name.startswith(self.prefix) and each.name not in kept:
                # Another process may have been first.
                with suppress(_NoCollection):
                    await self._send("DELETE", f"/{each.name}", None)

    async def _in(self, collection: str, verb: str, body: object) -> bytes:
        """Ask a collection; one that was made anew has another id, so that is looked up again."""
        if known := self._ids.get(collection):
            try:
                return await self._ask(known, verb, body)
            except _NoCollection:
                self._ids.pop(collection, None)
        named = _read(await self._send("GET", f"/{self.prefix}{collection}", None), _Named)
        self._ids[collection] = named.id
        return await self._ask(named.id, verb, body)

    async def _ask(self, key: str, verb: str, body: object) -> bytes:
        return await self._send("GET" if body is None else "POST", f"/{key}/{verb}", body)

    async def _send(self, method: str, path: str, body: object) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        headers = self.headers | {"Content-Type": "application/json"}
        try:
            response = await self.http.request(
                method, self.url + path, content=content, headers=headers
            )
        except httpx2.HTTPError as error:
            raise VectorsUnavailable(reason=f"chroma: {type(error).__name__}") from error
        if response.status_code == 404:
            raise _NoCollection
        if not response.is_success:
            raise VectorsUnavailable(reason=f"chroma: status {response.status_code}")
        return response.content


def _read(content: bytes, kind: Any) -> Any:  # noqa: ANN401  what msgspec makes of it
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise VectorsUnavailable(reason="chroma: no such answer") from error
