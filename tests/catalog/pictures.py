"""Pictures to upload, good and bad."""

import io
import struct
import zlib

from PIL import Image, ImageCms


def picture(kind: str = "JPEG", size: tuple[int, int] = (400, 200), **options: object) -> bytes:
    """Return a picture of a kind."""
    written = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(written, kind, **options)
    return written.getvalue()


def turned_with_place() -> bytes:
    """Return a picture that lies on its side, and tells where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[1] = "N"
    return picture(exif=exif)


def grey_of_16_bits(share: float) -> bytes:
    """Return a PNG of a grey that is so much of white."""
    size = (200, 100)
    pixels = struct.pack("<H", int(share * 65535)) * (size[0] * size[1])
    written = io.BytesIO()
    Image.frombytes("I;16", size, pixels).save(written, "PNG")
    return written.getvalue()


def red_that_is_blue(kind: str = "JPEG", mode: str = "RGB") -> bytes:
    """Return a red picture of a camera whose red is everybody else's blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for one, other in ((b"rXYZ", b"none"), (b"bXYZ", b"rXYZ"), (b"none", b"bXYZ")):
        profile = profile.replace(one, other)
    profile = profile.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    written = io.BytesIO()
    red = Image.new("RGB", (200, 100), "red").convert(mode)
    red.save(written, kind, icc_profile=profile)
    return written.getvalue()


def bomb(side: int) -> bytes:
    """Return a small PNG whose header promises side x side pixels."""
    return _png(side, _chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)))


def endless_text() -> bytes:
    """Return a small PNG with a comment that unpacks to 100 MB."""
    text = zlib.compress(bytes(100_000_000), 9)
    return _png(200, _chunk(b"zTXt", b"Comment\0\0" + text))


def _png(side: int, chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + chunks + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check
