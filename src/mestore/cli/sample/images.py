"""Product pictures for the sample shop: flat, quick to draw and equal on every run."""

import colorsys
import io
import textwrap
import zlib
from collections.abc import Mapping, Sequence

from PIL import Image

from mestore.cli.sample.icons import disc_mask, icon_mask
from mestore.cli.sample.lettering import draw_centred, width_of

SIZES: Mapping[str, int] = {
    "original": 800,
    "large": 600,
    "medium": 400,
    "small": 200,
    "thumbnail": 100,
}

CANVAS = SIZES["original"]
DISC = 470
ICON = 290
DISC_CENTRE = 305
LABEL_WIDTH = 700
LABEL_CENTRE = 665
LABEL_SIZES = (54, 48, 42, 36)

# Degrees on the colour wheel.
HUES: Mapping[str, int] = {
    "celulares-y-accesorios": 212,
    "computadores-y-oficina": 192,
    "audio-y-tv": 262,
    "hogar-y-cocina": 28,
    "moda-mujer": 338,
    "moda-hombre": 226,
    "calzado": 14,
    "belleza-y-cuidado": 316,
    "deportes": 146,
    "bebes-y-ninos": 176,
    "mascotas": 42,
    "cafe-y-mercado": 24,
}
UNKNOWN_HUE = 205

# Turn of the hue and lightness of the disc: neighbours on a shelf should not look like one product.
TINTS = ((0, 0.42), (-9, 0.36), (9, 0.47), (5, 0.32))

Colour = tuple[int, int, int]


def render_image(name: str, category_slug: str, size: int) -> bytes:
    """One square WebP picture of `size` pixels."""
    return _webp(_scaled(_draw(name, category_slug), size))


def render_all(name: str, category_slug: str) -> dict[str, bytes]:
    """Every size in `SIZES`, from one drawing."""
    drawing = _draw(name, category_slug)
    return {label: _webp(_scaled(drawing, size)) for label, size in SIZES.items()}


def _draw(name: str, category_slug: str) -> Image.Image:
    turn, lightness = TINTS[zlib.crc32(name.encode()) % len(TINTS)]
    hue = HUES.get(category_slug, UNKNOWN_HUE) + turn
    picture = Image.new("RGB", (CANVAS, CANVAS), _colour(hue, 0.94, 0.42))
    _stamp(picture, disc_mask(DISC), _colour(hue, lightness, 0.55))
    _stamp(picture, icon_mask(category_slug, ICON), (255, 252, 246))
    label = Image.new("L", (CANVAS, CANVAS - DISC_CENTRE - DISC // 2), 0)
    _write(label, name)
    picture.paste(_colour(hue, 0.2, 0.5), (0, CANVAS - label.height), label)
    return picture


def _stamp(picture: Image.Image, mask: Image.Image, colour: Colour) -> None:
    left = (CANVAS - mask.width) // 2
    picture.paste(colour, (left, DISC_CENTRE - mask.height // 2), mask)


def _write(label: Image.Image, name: str) -> None:
    lines, size = _fit(name)
    leading = size * 1.25
    middle = LABEL_CENTRE - (CANVAS - label.height)
    first = middle - leading * (len(lines) - 1) / 2 + size * 0.36
    for index, line in enumerate(lines):
        draw_centred(label, CANVAS / 2, first + index * leading, line, size)


def _fit(name: str) -> tuple[Sequence[str], int]:
    """The largest lettering in which the name takes two lines; a longer one is cut short."""
    for size in LABEL_SIZES:
        lines = _balanced(name)
        if all(width_of(line, size) <= LABEL_WIDTH for line in lines):
            return lines, size
    return [textwrap.shorten(line, 36, placeholder="…") for line in lines], LABEL_SIZES[-1]


def _balanced(name: str) -> Sequence[str]:
    """One line if short, else two of about the same length."""
    if len(name) <= 20:
        return [name]
    words = name.split()
    cuts = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return min(cuts, key=lambda cut: max(map(len, cut)), default=(name,))


def _colour(hue: float, lightness: float, saturation: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def _scaled(drawing: Image.Image, size: int) -> Image.Image:
    # Whole-number reduction is many times faster than resampling; only `large` does not divide.
    if size <= drawing.width and drawing.width % size == 0:
        return drawing.reduce(drawing.width // size)
    return drawing.resize((size, size), Image.Resampling.HAMMING)


def _webp(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    # Slower methods save about a fifth of the bytes for three times the time.
    picture.save(content, "WEBP", quality=82, method=1)
    return content.getvalue()
