"""A model of a few words, written byte by byte: the onnx package is not needed to run one.

Fields are those of onnx.proto3: one Gather takes a row of the table for each token. As exporters do
with large models, the table may lie in a file beside the model.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

UNKNOWN = "[UNK]"
FLOAT, INT64 = 1, 7
BESIDE = "model.onnx.data"
EXTERNAL = 1


def write_model(
    folder: Path, words: Mapping[str, Sequence[float]], *, is_beside: bool = False
) -> None:
    """Write `model.onnx` and `tokenizer.json` that turn each word into its vector.

    `is_beside` writes the vectors into a file of their own.
    """
    width = len(next(iter(words.values())))
    rows = [[0.0] * width, *words.values()]
    vocabulary = {word: at for at, word in enumerate([UNKNOWN, *words])}
    flat = [value for row in rows for value in row]
    numbers = struct.pack(f"<{len(flat)}f", *flat)
    if is_beside:
        (folder / BESIDE).write_bytes(numbers)
        held = _bytes(13, _text(1, "location") + _text(2, BESIDE)) + _number(14, EXTERNAL)
    else:
        held = _bytes(9, numbers)
    (folder / "model.onnx").write_bytes(_model(held, len(rows), width))
    tokenizer: dict[str, object] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def _model(held: bytes, rows: int, width: int) -> bytes:
    table = _number(1, rows) + _number(1, width) + _number(2, FLOAT) + _text(8, "table") + held
    node = _text(1, "table") + _text(1, "input_ids") + _text(2, "tokens") + _text(4, "Gather")
    graph = (
        _bytes(1, node)
        + _text(2, "tiny")
        + _bytes(5, table)
        + _bytes(11, _value("input_ids", INT64, ["batch", "length"]))
        + _bytes(11, _value("attention_mask", INT64, ["batch", "length"]))
        + _bytes(12, _value("tokens", FLOAT, ["batch", "length", width]))
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _text(1, "") + _number(2, 13))


def _value(name: str, kind: int, shape: Sequence[str | int]) -> bytes:
    sizes = b"".join(
        _bytes(1, _number(1, size) if isinstance(size, int) else _text(2, size)) for size in shape
    )
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, sizes)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
