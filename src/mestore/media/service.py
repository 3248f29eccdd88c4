"""Pictures made safe and made small: decoded in a thread, written anew as WebP."""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from mestore.kernel.errors import Refusal
from mestore.media.errors import ImageDamaged, ImageDimensions, ImageTooLarge, UnsupportedImage
from mestore.media.ports import BlobStore
from mestore.media.types import (
    LEAST_SIDE,
    MOST_BYTES,
    MOST_PIXELS,
    MOST_SIDE,
    SIDES,
    WEBP,
    Picture,
    file_of,
)

_KINDS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_SRGB = ImageCms.createProfile("sRGB")
_Made = TypeVar("_Made")
# One at a time: a decoded picture may take 160 MB, and reading or writing it several times that.
_ONE = ThreadPoolExecutor(1, thread_name_prefix="pictures")


async def take_in(content: bytes, file: str) -> Picture:
    """Return an upload as it may be kept: upright, nothing in it but pixels.

    `file` is what the refusals call it. Raises `ImageTooLarge`, `UnsupportedImage`,
    `ImageDimensions`, `ImageDamaged`.
    """
    if len(content) > MOST_BYTES:
        raise ImageTooLarge(file=file, limit_bytes=MOST_BYTES)
    return await _in_thread(lambda: _rewritten(content, file))


async def store_original(blobs: BlobStore, key: str, picture: Picture) -> None:
    """Write the original of a picture."""
    await blobs.put(file_of(key, "original"), picture.content, WEBP)


async def make_sizes(blobs: BlobStore, key: str) -> None:
    """Write the smaller sizes of a picture whose original is there; may be done again.

    Raises `BlobMissing` where the original is gone.
    """
    original = await blobs.get(file_of(key, "original"))
    sizes = await _in_thread(lambda: _sizes(original))
    for size, content in sizes.items():
        await blobs.put(file_of(key, size), content, WEBP)


async def drop_picture(blobs: BlobStore, key: str) -> None:
    """Remove every size of a picture; may be done again."""
    for size in ("original", *SIDES):
        await blobs.delete(file_of(key, size))


async def _in_thread(make: Callable[[], _Made]) -> _Made:
    return await asyncio.get_running_loop().run_in_executor(_ONE, make)


def _rewritten(content: bytes, file: str) -> Picture:
    try:
        with Image.open(io.BytesIO(content), formats=_KINDS) as opened:
            # The header tells the size: nothing is decoded before it has been judged.
            _check_dimensions(opened.width, opened.height, file)
            pixels = _pixels(opened)
    except UnidentifiedImageError as error:
        raise UnsupportedImage(file=file) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow itself gives up on the very largest before it says how large they are.
        raise ImageDimensions(
            file=file, width="?", height="?", least=LEAST_SIDE, most=MOST_SIDE, pixels=MOST_PIXELS
        ) from error
    except Refusal:
        raise
    except Exception as error:  # hostile files make decoders raise nearly anything
        raise ImageDamaged(file=file) from error
    return Picture(_webp(pixels), pixels.width, pixels.height)


def _pixels(opened: Image.Image) -> Image.Image:
    """Return what a picture shows, upright; in its own memory where that can be."""
    opened.load()
    ImageOps.exif_transpose(opened, in_place=True)
    if opened.mode.startswith("I"):
        # 16 bits a pixel: convert alone takes all but the darkest for white.
        opened.info.pop("transparency", None)
        opened = opened.point(lambda value: value / 256).convert("L")
    mode = "RGBA" if opened.has_transparency_data else "RGB"
    pixels = _in_srgb(opened, mode)
    return pixels if pixels.mode == mode else pixels.convert(mode)


def _in_srgb(picture: Image.Image, mode: str) -> Image.Image:
    """Return a picture in the colours of a picture without a profile, if its profile is good."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    if picture.mode not in {"RGB", "RGBA", "CMYK", "L"} or "transparency" in picture.info:
        picture = picture.convert(mode)
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(own):
            return picture
        made = ImageCms.profileToProfile(
            picture, own, _SRGB, outputMode=mode, inPlace=picture.mode == mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return made or picture


def _check_dimensions(width: int, height: int, file: str) -> None:
    fits = min(width, height) >= LEAST_SIDE and max(width, height) <= MOST_SIDE
    if not fits or width * height > MOST_PIXELS:
        raise ImageDimensions(
            file=file,
            width=width,
            height=height,
            least=LEAST_SIDE,
            most=MOST_SIDE,
            pixels=MOST_PIXELS,
        )


def _sizes(original: bytes) -> dict[str, bytes]:
    made = {}
    with Image.open(io.BytesIO(original), formats=("WEBP",)) as picture:
        for size, side in SIDES.items():
            # Each from the one before: the sizes fall.
            picture.thumbnail((side, side))
            made[size] = _webp(picture)
    return made


def _webp(picture: Image.Image) -> bytes:
    # No `exif`, `xmp` or `icc_profile` given: Pillow would otherwise take them from `info`.
    picture.info.clear()
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=88, method=2)
    return written.getvalue()
