"""What a file is: by its content, never by its name."""

import codecs
import zipfile
from pathlib import Path

from mestore.bulk.errors import FileTooLarge, UnsupportedFile
from mestore.bulk.service.packed import Overfull, parts_of
from mestore.bulk.types import BulkPolicy, FileForm

_HEAD = 4096
_UTF8_MARK = b"\xef\xbb\xbf"
_OTHERS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_MOST_PARTS = 2000
# All texts of a workbook are kept in memory while it is read.
_MOST_SHARED = 64 * 1024 * 1024


def form_of(path: Path, policy: BulkPolicy) -> FileForm:
    """Return what a file is; raises `UnsupportedFile`, or `FileTooLarge` for a bomb."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        _check_workbook(path, policy)
        return FileForm.XLSX
    bare = head.removeprefix(_UTF8_MARK).lstrip()
    if not bare or b"\0" in head or head.startswith(_OTHERS):
        raise UnsupportedFile
    return FileForm.JSON if bare[:1] in b"{[" else FileForm.CSV


def _check_workbook(path: Path, policy: BulkPolicy) -> None:
    """Refuse what is no workbook, and what unpacks to more than it may.

    A part never unpacks to more than its entry says: reading it stops there.
    """
    limit = policy.unpacked_bytes
    try:
        parts = parts_of(path)
    except Overfull as error:
        raise FileTooLarge(what="XLSX", limit_bytes=limit) from error
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnsupportedFile from error
    sizes = {part.filename: part.file_size for part in parts}
    if "xl/workbook.xml" not in sizes or any(part.flag_bits & 1 for part in parts):
        raise UnsupportedFile
    shared = sizes.get("xl/sharedStrings.xml", 0)
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > limit:
        raise FileTooLarge(what="XLSX", limit_bytes=limit)
    if shared > min(_MOST_SHARED, limit):
        raise FileTooLarge(what="XLSX", limit_bytes=min(_MOST_SHARED, limit))


def encoding_of(path: Path) -> str:
    """Return how a text is encoded: UTF-8 with or without its mark, or else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while piece := file.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"
