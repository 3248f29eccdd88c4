"""The words of media."""

import re
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
WEBP = "image/webp"
SUFFIX = ".webp"
# What every store takes, and none reads as something else.
_NAME = re.compile(r"(?=.{1,200}\Z)[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*\.webp")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: upright, without metadata, as WebP."""

    content: bytes
    width: int
    height: int


def file_of(key: str, size: str) -> str:
    """Return where a size of a picture lies in the blob store."""
    return f"{key}/{size}{SUFFIX}"


def checked(name: str) -> str:
    """Return a name of a file; raises ValueError where it is none that we give."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a picture")
    return name
