"""A model of a few words, written byte by byte: the onnx package is not needed to run one.

Fields are those of onnx.proto3: one Gather takes a row of the table for each token.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

UNKNOWN = "[UNK]"
FLOAT, INT64 = 1, 7


def write_model(folder: Path, words: Mapping[str, Sequence[float]]) -> None:
    """Write `model.onnx` and `tokenizer.json` that turn each word into its vector."""
    width = len(next(iter(words.values())))
    rows = [[0.0] * width, *words.values()]
    vocabulary = {word: at for at, word in enumerate([UNKNOWN, *words])}
    (folder / "model.onnx").write_bytes(_model(rows, width))
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


def _model(rows: Sequence[Sequence[float]], width: int) -> bytes:
    flat = [value for row in rows for value in row]
    table = (
        _number(1, len(rows))
        + _number(1, width)
        + _number(2, FLOAT)
        + _text(8, "table")
        + _bytes(9, struct.pack(f"<{len(flat)}f", *flat))
    )
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
