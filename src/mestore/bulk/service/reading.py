"""Files read row by row, in a thread and in bounded memory."""

import csv
import importlib
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, time
from pathlib import Path
from typing import Any, TextIO

from mestore.bulk.service.cells import ALIASES, COLUMNS, read_row, said
from mestore.bulk.service.packed import Overfull, check_workbook
from mestore.bulk.service.sniffing import encoding_of
from mestore.bulk.types import MOST_ROWS, FileForm, Issue, JobKind, Record, UnreadableFile

_PIECE = 1 << 16
_MOST_COLUMNS = 64
_MOST_LINES = 2 * MOST_ROWS
_LARGEST_OBJECT = 1 << 20
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_OPENING = re.compile(r'\s*(?:\{\s*"(products|stock)"\s*:\s*)?\[')
_SAYS_UTF8 = 0x800
_GAP = re.compile(r"\s*,?\s*")


def rows_of(path: Path, form: FileForm, kind: JobKind) -> Iterator[Record]:
    """Yield the rows of a file with what each holds; raises `UnreadableFile` where it ends."""
    try:
        if form is FileForm.JSON:
            yield from _objects(path)
        else:
            yield from _typed(_csv(path) if form is FileForm.CSV else _xlsx(path), kind)
    except UnreadableFile:
        raise
    except Exception as error:  # hostile files make parsers raise nearly anything
        raise _unreadable(0, _words_of(error)) from error


def _words_of(error: Exception) -> str:
    if isinstance(error, Overfull):
        return said("A part of it is far too large.", "Una parte es demasiado grande.")
    if isinstance(error, UnicodeDecodeError):
        return said(
            "The text is neither UTF-8 nor Windows-1252.", "El texto no es UTF-8 ni Windows-1252."
        )
    return said("The file is damaged or cut off.", "El archivo está dañado o incompleto.")


def _unreadable(row: int, words: str, code: str = "UNREADABLE_FILE", field: str = "") -> Any:  # noqa: ANN401  to be raised
    hint = said("Save it again and send that.", "Guárdalo de nuevo y envíalo.")
    return UnreadableFile(Issue(row, field[:100], code, words, hint))


def _typed(rows: Iterator[tuple[int, Sequence[str]]], kind: JobKind) -> Iterator[Record]:
    """Turn rows of cells into values by column; the first row names the columns."""
    header: list[str] | None = None
    for row, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(row, cells, kind)
            continue
        if any(cell.strip() for cell in cells[len(header) :]):
            yield Record(row, {}, row, (_extra_cells(row),))
            continue
        letters = sum(map(len, cells))
        if letters > _LARGEST_OBJECT:
            raise Overfull("a row is too long")
        padded = [*cells, *[""] * (len(header) - len(cells))]
        values, issues = read_row(kind, row, dict(zip(header, padded, strict=False)))
        yield Record(row, values, row, tuple(issues), letters)
    if header is None:
        raise _unreadable(0, said("The file is empty.", "El archivo está vacío."), "EMPTY_FILE")


def _extra_cells(row: int) -> Issue:
    return Issue(
        row,
        "",
        "TOO_MANY_CELLS",
        said("The row has more cells than the header.", "La fila tiene más celdas que el título."),
        said("Put texts with commas into quotes.", "Pon entre comillas los textos con comas."),
    )


def _header(row: int, cells: Sequence[str], kind: JobKind) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    names = [ALIASES.get(name, name) if kind is JobKind.PRODUCTS else name for name in names]
    known = COLUMNS[kind]
    for place, name in enumerate(names):
        if name not in known:
            raise _unreadable(
                row,
                said(
                    f"There is no column '{name[:60]}'. Columns: {', '.join(known)}."[:500],
                    f"No existe la columna '{name[:60]}'. Columnas: {', '.join(known)}."[:500],
                ),
                "UNKNOWN_COLUMN",
                name,
            )
        if name in names[:place]:
            words = said("The column is there twice.", "La columna está dos veces.")
            raise _unreadable(row, words, "COLUMN_TWICE", name)
    if "sku" not in names:
        words = said("The column sku is missing.", "Falta la columna sku.")
        raise _unreadable(row, words, "COLUMN_MISSING", "sku")
    return names


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding=encoding_of(path), newline="") as file:
        lines = _Lines(file)
        for row, cells in enumerate(csv.reader(lines, delimiter=_delimiter(file), strict=True), 1):
            yield row, cells
            lines.taken = 0


class _Lines:
    """The lines of a file; `taken` is how much the row that is being read has so far."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.file.readline(_LARGEST_OBJECT + 1):
            self.taken += len(line)
            if self.taken > _LARGEST_OBJECT:
                raise Overfull("a row is too long")
            yield line


def _delimiter(file: TextIO) -> str:
    first = file.readline(_PIECE)
    file.seek(0)
    return ";" if first.count(";") > first.count(",") else ","


def _xlsx(path: Path) -> Iterator[tuple[int, list[str]]]:
    # It takes 16 MB with what it uses: only processes that read workbooks pay for it.
    openpyxl = importlib.import_module("openpyxl")
    check_workbook(path)
    # Opened here: by its name openpyxl would refuse what is not called .xlsx.
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        # What a sheet says of its size is not to be believed: rows would be padded up to it.
        sheet.reset_dimensions()
        for row, cells in enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS), 1):
            if row > _MOST_LINES:
                raise _unreadable(row, said("The sheet is too long.", "La hoja es muy larga."))
            yield row, [_cell(row, cell) for cell in cells]


def _cell(row: int, cell: Any) -> str:  # noqa: ANN401  cells of openpyxl have no common type
    if cell.value is None:
        return ""
    value, place = cell.value, f"{cell.column_letter}{row}"
    if cell.data_type == "f":
        words = said("The cell holds a formula.", "La celda tiene una fórmula.")
        raise _unreadable(row, f"{place}: {words}", "FORMULA", place)
    if cell.data_type == "e" or isinstance(value, date | time):
        words = said("The cell holds a date or an error.", "La celda tiene una fecha o un error.")
        raise _unreadable(row, f"{place}: {words}", "BAD_CELL", place)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value))


def _objects(path: Path) -> Iterator[Record]:
    """Yield the objects of a JSON list one by one, without reading all of it."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8-sig") as file:
        buffer = file.read(_PIECE)
        opening = _OPENING.match(buffer)
        if opening is None:
            words = said('Write {"products": [...]}.', 'Escribe {"products": [...]}.')
            raise _unreadable(0, words, "UNREADABLE_FILE")
        buffer, row = buffer[opening.end() :], 0
        while True:
            buffer = _filled(buffer, file)
            if buffer.startswith("]"):
                return
            row += 1
            value, letters, buffer = _next_object(decoder, buffer, file, row)
            yield Record(row, value, row, letters=letters)


def _filled(buffer: str, file: TextIO) -> str:
    """Return the buffer from the next object on."""
    while True:
        gap = _GAP.match(buffer)
        rest = buffer[gap.end() :] if gap else buffer
        if rest or not (more := file.read(_PIECE)):
            return rest
        buffer = more


def _next_object(
    decoder: json.JSONDecoder, buffer: str, file: TextIO, row: int
) -> tuple[dict[str, Any], int, str]:
    while True:
        try:
            value, end = decoder.raw_decode(buffer)
            break
        except (ValueError, RecursionError) as error:
            more = file.read(max(_PIECE, len(buffer)))
            if not more or len(buffer) > _LARGEST_OBJECT:
                words = said("This is no JSON.", "Esto no es JSON.")
                raise _unreadable(row, words) from error
            buffer += more
    if not isinstance(value, dict):
        raise _unreadable(row, said("Each must be an object.", "Cada uno debe ser un objeto."))
    return value, end, buffer[end:]


def names_in(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the names of the files of a ZIP, which are never paths here, and marks of contents."""
    return {
        name_of(part): f"{part.CRC:08x}-{part.file_size}"
        for part in archive.infolist()
        if not part.is_dir()
    }


def name_of(part: zipfile.ZipInfo) -> str:
    """Return the name of a file of a ZIP as `named` writes it, whatever machine packed it."""
    name = part.filename
    if not part.flag_bits & _SAYS_UTF8:
        # Macs write UTF-8 too, without saying so: it was read as letters of DOS.
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return named(name)


def named(name: str) -> str:
    """Return a name with its accents in the one way in which names are compared."""
    return unicodedata.normalize("NFC", name)
