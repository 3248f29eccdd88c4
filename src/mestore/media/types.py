"""The words of media."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST_BYTES = 10 * 1024 * 1024
LEAST_SIDE = 100
MOST_SIDE = 8000
# Bounds the memory of one picture while it is decoded: 4 bytes a pixel.
MOST_PIXELS = 40_000_000
# The longest side of each size; a smaller picture is never made larger.
SIDES: Mapping[str, int] = {"large": 1200, "medium": 600, "small": 300, "thumbnail": 100}
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: upright, without metadata, as WebP."""

    content: bytes
    width: int
    height: int


def file_of(key: str, size: str) -> str:
    """Return where a size of a picture lies in the blob store."""
    return f"{key}/{size}.webp"
