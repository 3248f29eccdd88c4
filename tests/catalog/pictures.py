"""Pictures to upload, good and bad."""

import io
import struct
import zlib

from PIL import Image


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
