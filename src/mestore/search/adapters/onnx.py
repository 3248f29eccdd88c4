"""Vectors of a model in a folder: `model.onnx` and `tokenizer.json`, as sentence models have them.

Weights may lie beside it, in files whose names begin with `model.onnx`. Run by onnxruntime on the
CPU, in threads; the mean of the tokens' vectors counts.
"""

import asyncio
import importlib
from collections.abc import Sequence
from functools import cached_property
from hashlib import file_digest, sha256
from pathlib import Path
from threading import Lock
from typing import Any

from mestore.search.errors import VectorsUnavailable
from mestore.search.types import Model, unit

MOST_TOKENS = 256
BATCH = 32


class OnnxEmbedder:
    """Runs one model; it is loaded when the first text comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loading = Lock()

    @cached_property
    def model(self) -> Model:
        """What makes the vectors: other weights or another tokenizer are another version."""
        files = [*sorted(self.folder.glob("model.onnx*")), self.folder / "tokenizer.json"]
        read = sha256()
        for each in files:
            with each.open("rb") as file:
                read.update(file_digest(file, "sha256").digest())
        return Model("onnx", read.hexdigest()[:16], None)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text, in their order; raises `VectorsUnavailable`."""
        found: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            try:
                found += await asyncio.to_thread(self._run, list(texts[start : start + BATCH]))
            # The libraries raise errors of their own kinds, and bare Exception from Rust.
            except Exception as error:
                raise VectorsUnavailable(reason=f"onnx: {type(error).__name__}") from error
        return found

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any]:
        numpy = importlib.import_module("numpy")
        tokenizers = importlib.import_module("tokenizers")
        onnxruntime = importlib.import_module("onnxruntime")
        tokenizer = tokenizers.Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.enable_truncation(MOST_TOKENS)
        tokenizer.enable_padding()
        session = onnxruntime.InferenceSession(
            str(self.folder / "model.onnx"), providers=["CPUExecutionProvider"]
        )
        return numpy, tokenizer, session

    def _run(self, texts: list[str]) -> list[list[float]]:
        with self._loading:
            numpy, tokenizer, session = self._loaded
        encoded = tokenizer.encode_batch(texts)
        told = {
            "input_ids": [each.ids for each in encoded],
            "attention_mask": [each.attention_mask for each in encoded],
            "token_type_ids": [each.type_ids for each in encoded],
        }
        wanted = {each.name for each in session.get_inputs()}
        fed = {name: numpy.array(told[name], dtype=numpy.int64) for name in told if name in wanted}
        (tokens, *_) = session.run(None, fed)
        mask = numpy.array(told["attention_mask"], dtype=tokens.dtype)[:, :, None]
        means = (tokens * mask).sum(axis=1) / mask.sum(axis=1).clip(min=1)
        return [unit(each) for each in means.tolist()]
