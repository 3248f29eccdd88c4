"""ZIPs and workbooks measured before they are read.

What stays within the limits of bytes may still fill memory: a list of empty files, or a row of
a million empty cells, is small in the file and hundreds of times as large once it is read.
"""

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.parsers import expat

from defusedxml import ElementTree

from mestore.bulk.types import MOST_ROWS

# Of the list of what is in a ZIP: names of 5000 files and room to spare.
_MOST_LISTED = 4 * 1024 * 1024
_TAIL = 65_557
_END = b"PK\x05\x06"
_PIECE = 1 << 16
_MOST_ELEMENTS = 100_000
_MOST_TEXT = 8 * 1024 * 1024
_SHEETS, _STRINGS = "xl/worksheets/", "xl/sharedstrings.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
# What the reader forgets again when it ends, and how many of it there may be.
_ROW, _STRING = (f"{_MAIN} row", 2 * MOST_ROWS), (f"{_MAIN} si", 30 * MOST_ROWS)


class Overfull(ValueError):
    """A file that would take more memory than it may."""


@dataclass(slots=True)
class _Load:
    elements: int = 0
    text: int = 0


def parts_of(path: Path) -> list[zipfile.ZipInfo]:
    """Return what is in a ZIP; raises `BadZipFile`, or `Overfull` for an endless list."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    at = tail.rfind(_END)
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    # The list of a ZIP64 may be as long as it likes; nothing that is taken in needs one.
    if at >= 0 and (listed > _MOST_LISTED or tail[max(0, at - 20) :].startswith(b"PK\x06\x07")):
        raise Overfull("the list of what is in the ZIP is too long")
    with zipfile.ZipFile(path) as packed:
        return packed.infolist()


def check_workbook(path: Path) -> None:
    """Raise `Overfull` for a workbook that would fill memory while it is read."""
    with zipfile.ZipFile(path) as packed:
        for part in packed.infolist():
            with packed.open(part) as content, suppress(expat.ExpatError):
                # Pictures end it at once, and damaged parts where their reader will stop too.
                _Measure(part.filename).take(content)
        _check_types(packed.read("[Content_Types].xml"))


def _check_types(types: bytes) -> None:
    """See that rows and strings lie where they were measured as such."""
    for part in ElementTree.fromstring(types):
        name, kind = part.get("PartName", "").lstrip("/"), part.get("ContentType", "")
        is_strings, is_sheet = name.casefold() == _STRINGS, name.startswith(_SHEETS)
        if is_strings != kind.endswith("sharedStrings+xml"):
            raise Overfull("the shared strings are not where they belong")
        if is_sheet and not kind.endswith("worksheet+xml"):
            raise Overfull("something else lies among the sheets")


class _Measure:
    """Counts what a parser of a part would keep in memory at once."""

    def __init__(self, name: str) -> None:
        is_strings, is_sheet = name.casefold() == _STRINGS, name.startswith(_SHEETS)
        self.forgotten, self.most = _STRING if is_strings else _ROW if is_sheet else ("", 0)
        self.depth = self.ended = 0
        self.inside, self.outside = _Load(), _Load()

    def take(self, content: IO[bytes]) -> None:
        """Read a part to its end."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._say
        taken = 0
        while piece := content.read(_PIECE):
            parser.Parse(piece, False)
            taken += len(piece)
            # An endless tag or comment is held until its end comes.
            if taken - parser.CurrentByteIndex > _MOST_TEXT:
                raise Overfull("a tag is too long")
        parser.Parse(b"", True)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == self.forgotten:
            self.depth += 1
        load = self.inside if self.depth else self.outside
        load.elements += 1
        load.text += sum(map(len, attributes.values()))
        if load.elements > _MOST_ELEMENTS or load.text > _MOST_TEXT:
            raise Overfull("there are too many tags in one place")

    def _end(self, name: str) -> None:
        if name != self.forgotten:
            return
        self.depth -= 1
        if not self.depth:
            self.inside = _Load()
            self.ended += 1
            if self.ended > self.most:
                raise Overfull("there are too many rows or texts")

    def _say(self, text: str) -> None:
        load = self.inside if self.depth else self.outside
        load.text += len(text)
        if load.text > _MOST_TEXT:
            raise Overfull("a text is too long")
