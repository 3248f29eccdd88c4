"""Vectors from any service with OpenAI's POST /embeddings: OpenAI, Ollama, vLLM, TEI and others.

Facts: platform.openai.com/docs/api-reference/embeddings/create.
"""

from collections.abc import Sequence

import httpx2
import msgspec

from mestore.search.errors import VectorsUnavailable
from mestore.search.types import Model, unit

BATCH = 100


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Embedding]


class OpenAiEmbedder:
    """Asks one model of one service; `dimension` only where the model can shorten its vectors."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        dimension: int | None = None,
    ) -> None:
        self.http = http
        self.url = f"{url.rstrip('/')}/embeddings"
        self.headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.name = model
        self.model = Model("openai", model, dimension)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text, in their order; raises `VectorsUnavailable`."""
        found: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            found += await self._ask(texts[start : start + BATCH])
        return found

    async def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        body: dict[str, object] = {"model": self.name, "input": list(texts)}
        if self.model.dimension is not None:
            body["dimensions"] = self.model.dimension
        try:
            response = await self.http.post(self.url, json=body, headers=self.headers)
        except httpx2.HTTPError as error:
            raise VectorsUnavailable(reason=type(error).__name__) from error
        if not response.is_success:
            raise VectorsUnavailable(reason=f"embeddings: status {response.status_code}")
        try:
            data = msgspec.json.decode(response.content, type=_Answer).data
        except (msgspec.MsgspecError, ValueError) as error:
            raise VectorsUnavailable(reason="embeddings: no such answer") from error
        by_index = {each.index: each.embedding for each in data}
        if set(by_index) != set(range(len(texts))):
            raise VectorsUnavailable(reason="embeddings: not one for each text")
        return [unit(by_index[at]) for at in range(len(texts))]
