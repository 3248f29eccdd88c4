"""What makes vectors: pieces of words, a service over HTTP, a model in a folder."""

import json
import math
import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2
import pytest

from mestore.kernel import network
from mestore.search.adapters.hashed import HashedEmbedder
from mestore.search.adapters.onnx import OnnxEmbedder
from mestore.search.adapters.openai import BATCH, OpenAiEmbedder
from mestore.search.errors import VectorsUnavailable
from mestore.search.types import Model
from tests.search.answering import Asked, answering
from tests.search.tiny_model import write_model


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with network.client() as client:
        yield client


async def test_words_that_look_alike_are_near_each_other() -> None:
    hashed = HashedEmbedder()
    texts = ["Bicicleta de montaña", "bicicletas montana", "bicimontañera", "Olla arrocera"]
    first, same, alike, other = await hashed.embed(texts)
    assert len(first) == hashed.model.dimension
    assert all(math.isclose(cosine(each, each), 1) for each in (first, same, alike, other))
    assert cosine(first, same) > 0.9
    assert cosine(first, same) > cosine(first, alike) > 0.3 > abs(cosine(first, other))


async def test_a_text_has_the_same_vector_alone_and_among_many() -> None:
    hashed = HashedEmbedder()
    many = await hashed.embed([f"texto {number}" for number in range(20)])
    assert await hashed.embed(["texto 7"]) == [many[7]]
    # Of every machine and every version of Python, or collections would have to be made anew.
    (vector,) = await hashed.embed(["silla"])
    places = [place for place, value in enumerate(vector) if abs(value) > 0.2]
    assert places == [13, 26, 30, 65, 118, 187, 210, 225, 273, 278, 342, 422, 462]


async def test_a_text_without_words_has_no_direction() -> None:
    assert not any((await HashedEmbedder().embed(["¡!"]))[0])


def test_another_model_has_another_key() -> None:
    keys = {
        Model("openai", "text-embedding-3-small", None).key,
        Model("openai", "text-embedding-3-small", 256).key,
        Model("openai", "BAAI/bge-m3", None).key,
        Model("openai", "baai-bge-m3", None).key,
        Model("openai", "x" * 300, None).key,
    }
    assert len(keys) == 5
    assert all(len(key) <= 80 and key.strip("-") == key for key in keys)
    assert HashedEmbedder().model.key == "hashed-1-512"


def embedded(asked: Asked) -> tuple[int, str]:
    """Answer with (length of the text, 3), last text first."""
    texts = json.loads(asked.body)["input"]
    data = [{"index": at, "embedding": [len(text), 3]} for at, text in enumerate(texts)]
    return 200, json.dumps({"object": "list", "data": data[::-1]})


async def test_a_service_is_asked_in_batches_and_answers_in_any_order(
    http: httpx2.AsyncClient,
) -> None:
    with answering(embedded) as (url, asked):
        embedder = OpenAiEmbedder(http, f"{url}/v1/", "small", api_key="a key", dimension=2)
        vectors = await embedder.embed(["cuat", *["x"] * BATCH])
    assert vectors[0] == [0.8, 0.6]
    assert len(vectors) == BATCH + 1
    assert [each.path for each in asked] == ["/v1/embeddings"] * 2
    assert asked[0].headers["Authorization"] == "Bearer a key"
    body = json.loads(asked[1].body)
    assert body == {"model": "small", "input": ["x"], "dimensions": 2}


@pytest.mark.parametrize(
    "answer",
    [
        (401, '{"error": {}}'),
        (200, "no JSON"),
        (200, '{"data": []}'),
        (200, '{"data": [{"index": 1, "embedding": [1.0]}]}'),
    ],
)
async def test_what_a_service_cannot_do_is_no_bug(
    http: httpx2.AsyncClient, answer: tuple[int, str]
) -> None:
    with answering(lambda _: answer) as (url, _), pytest.raises(VectorsUnavailable):
        await OpenAiEmbedder(http, url, "small").embed(["uno"])


async def test_a_service_that_is_away_is_no_bug(http: httpx2.AsyncClient) -> None:
    with pytest.raises(VectorsUnavailable):
        await OpenAiEmbedder(http, "http://127.0.0.1:9", "small").embed(["uno"])


async def test_a_model_in_a_folder_says_the_mean_of_its_tokens(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", exc_type=ImportError)
    write_model(tmp_path, {"rojo": (1.0, 0.0), "azul": (0.0, 1.0)})
    embedder = OnnxEmbedder(tmp_path)
    red, blue, both = await embedder.embed(["rojo", "azul azul azul", "rojo azul"])
    assert red == pytest.approx([1, 0])
    assert blue == pytest.approx([0, 1])
    assert both == pytest.approx([math.sqrt(0.5)] * 2)
    assert await embedder.embed([]) == []
    assert len(await embedder.embed(["rojo"] * 70)) == 70


async def test_another_file_is_another_version_of_the_model(tmp_path: Path) -> None:
    write_model(tmp_path, {"rojo": (1.0, 0.0)})
    first = OnnxEmbedder(tmp_path).model
    assert OnnxEmbedder(tmp_path).model == first
    write_model(tmp_path, {"rojo": (0.0, 1.0)})
    assert OnnxEmbedder(tmp_path).model.key != first.key


async def test_other_vectors_beside_the_model_are_another_version(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", exc_type=ImportError)
    write_model(tmp_path, {"rojo": (1.0, 0.0)}, is_beside=True)
    embedder = OnnxEmbedder(tmp_path)
    first = embedder.model
    assert await embedder.embed(["rojo"]) == [[1, 0]]
    graph = (tmp_path / "model.onnx").read_bytes()
    write_model(tmp_path, {"rojo": (0.0, 1.0)}, is_beside=True)
    assert (tmp_path / "model.onnx").read_bytes() == graph
    second = OnnxEmbedder(tmp_path)
    assert await second.embed(["rojo"]) == [[0, 1]]
    assert second.model.key != first.key


def test_other_words_of_the_tokenizer_are_another_version(tmp_path: Path) -> None:
    write_model(tmp_path, {"rojo": (1.0, 0.0)})
    first = OnnxEmbedder(tmp_path).model
    write_model(tmp_path, {"azul": (1.0, 0.0)})
    assert OnnxEmbedder(tmp_path).model.key != first.key


async def test_a_model_that_is_none_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(struct.pack("<q", 7))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(VectorsUnavailable):
        await OnnxEmbedder(tmp_path).embed(["rojo"])
