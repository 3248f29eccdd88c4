"""Spanish text with Pillow's built-in font, which has no accented letters of its own."""

import unicodedata
from collections.abc import Iterator
from functools import cache

from PIL import Image, ImageDraw, ImageFont

# Combining mark -> the free-standing sign of the font that looks like it.
SIGNS = {"\u0301": "´", "\u0303": "~", "\u0308": "··"}

# Built-in letters are thin: thicken them a little. Both are for legibility at 200 pixels.
STROKE = 0.6
GAP = 0.07


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The built-in scalable font."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which the sample pictures need.")
    return found


def plain(text: str) -> str:
    """The text with its accents taken off, one character for each of the original."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text)


def width_of(text: str, size: int) -> float:
    """How wide a line of text is, in pixels."""
    return font(size).getlength(plain(text))


def draw_centred(mask: Image.Image, middle: float, baseline: float, text: str, size: int) -> None:
    """Write one line on a grey mask, adding the accents by hand."""
    pen = ImageDraw.Draw(mask)
    left = middle - width_of(text, size) / 2
    pen.text(
        (left, baseline), plain(text), fill=255, font=font(size), anchor="ls", stroke_width=STROKE
    )
    for index, letter, mark in _accents(text):
        start = left + width_of(text[:index], size)
        _draw_accent(pen, (start, baseline), letter, mark, size)


def _accents(text: str) -> Iterator[tuple[int, str, str]]:
    for index, letter in enumerate(text):
        parts = unicodedata.normalize("NFD", letter)
        if len(parts) > 1 and parts[1] in SIGNS:
            yield index, parts[0], parts[1]


def _draw_accent(
    pen: ImageDraw.ImageDraw, origin: tuple[float, float], letter: str, mark: str, size: int
) -> None:
    start, baseline = origin
    right = start + font(size).getlength(letter)
    # An i loses its dot to the accent, so its body is as high as an x.
    top = baseline + _ink("x" if letter == "i" else letter, size)[1]
    if letter == "i":
        pen.rectangle((start, top - size / 2, right, top - 2), fill=0)
    sign = SIGNS[mark]
    left, _, far, bottom = _ink(sign, size)
    place = ((start + right - left - far) / 2, top - bottom - size * GAP)
    pen.text(place, sign, fill=255, font=font(size), anchor="ls", stroke_width=STROKE)


@cache
def _ink(text: str, size: int) -> tuple[int, int, int, int]:
    """What is really painted; the font's own box always reaches down to the baseline."""
    painted, (x, y) = font(size).getmask2(text, anchor="ls")
    left, top, right, bottom = painted.getbbox()
    return x + left, y + top, x + right, y + bottom
