"""The first step of a job: its file split into chunks, each a file of its own.

The later steps take one chunk a task: none of them reads the file again from its beginning.
"""

import asyncio
import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mestore.bulk.service.cells import said
from mestore.bulk.service.grouping import records_of
from mestore.bulk.service.judging import sku_of
from mestore.bulk.service.reading import name_of, names_in, rows_of
from mestore.bulk.service.workshop import (
    Workshop,
    archive_of,
    chunk_of,
    folder_of,
    packed_records,
    spoken,
    upload_of,
)
from mestore.bulk.types import (
    CHUNK,
    CHUNK_LETTERS,
    MOST_LETTERS,
    MOST_ROWS,
    Issue,
    Job,
    Record,
    UnreadableFile,
)
from mestore.inventory.types import MAIN_LOCATION
from mestore.media.types import MOST_BYTES


async def stage(work: Workshop, job: Job) -> tuple[int, int]:
    """Write the chunks of a job; return how many, and of how many records.

    May be done again. Raises `UnreadableFile`.
    """
    with TemporaryDirectory(prefix="mestore-bulk-") as folder, spoken(job):
        path = Path(folder) / "upload"
        await _download(work, upload_of(job.id), path)
        chunks = _chunks(path, job)
        written = records = 0
        while chunk := await asyncio.to_thread(next, chunks, None):
            await work.files.put(chunk_of(job.id, "raw", written), packed_records(chunk))
            written += 1
            records += len(chunk)
        if not written:
            words = said("The file has no rows.", "El archivo no tiene filas.")
            raise UnreadableFile(Issue(0, "", "EMPTY_FILE", words))
        if job.has_pictures:
            archive = Path(folder) / "pictures.zip"
            await _download(work, archive_of(job.id), archive)
            await _unpack(work, job, archive)
    return written, records


def picture_of(job: Job, name: str) -> str:
    """Return where a picture of the ZIP lies; its name is never a path."""
    return f"{folder_of(job.id)}/picture-{hashlib.sha256(name.encode()).hexdigest()}"


async def names_of_archive(work: Workshop, job: Job) -> dict[str, str]:
    """Return the pictures in the ZIP that came with the file: names, and marks of contents."""
    if not job.has_pictures:
        return {}
    found: dict[str, str] = json.loads(await work.files.get(_names(job)))
    return found


def _names(job: Job) -> str:
    return f"{folder_of(job.id)}/names"


async def _download(work: Workshop, name: str, path: Path) -> None:
    with path.open("wb") as file:
        async for piece in work.files.read(name):
            await asyncio.to_thread(file.write, piece)


async def _unpack(work: Workshop, job: Job, path: Path) -> None:
    """Write each picture of the ZIP as a file of its own; what is too large for one stays out."""
    with zipfile.ZipFile(path) as archive:
        await work.files.put(_names(job), json.dumps(names_in(archive)).encode())
        for part in [] if job.dry_run else archive.infolist():
            if not part.is_dir() and part.file_size <= MOST_BYTES:
                try:
                    content = await asyncio.to_thread(archive.read, part)
                except Exception:  # hostile files make decompressors raise nearly anything
                    content = b""
                await work.files.put(picture_of(job, name_of(part)), content)


def _chunks(path: Path, job: Job) -> Iterator[list[Record]]:
    """Yield the records of a file, `CHUNK` at a time, or fewer where they are long."""
    seen: dict[tuple[str, str], int] = {}
    chunk: list[Record] = []
    rows = letters = total = 0
    for record in records_of(rows_of(path, job.form, job.kind), job.form, job.kind):
        variants = record.values.get("variants")
        rows += 1 + (len(variants) if isinstance(variants, list) else 0)
        letters += record.letters
        total += record.letters
        _check_sums(record, rows, total)
        chunk.append(_once(record, seen))
        if len(chunk) == CHUNK or letters > CHUNK_LETTERS:
            yield chunk
            chunk, letters = [], 0
    if chunk:
        yield chunk


def _check_sums(record: Record, rows: int, letters: int) -> None:
    code = "TOO_MANY_ROWS"
    words = said(f"A file has at most {MOST_ROWS} rows.", f"Máximo {MOST_ROWS} filas.")
    if record.letters > CHUNK_LETTERS or letters > MOST_LETTERS:
        code = "TOO_MUCH_TEXT"
        words = said(
            "There is too much text in this product, or in all rows up to it.",
            "Hay demasiado texto en este producto, o en las filas hasta él.",
        )
    elif rows <= MOST_ROWS:
        return
    raise UnreadableFile(Issue(record.row, "", code, words, said("Split it.", "Divídelo.")))


def _once(record: Record, seen: dict[tuple[str, str], int]) -> Record:
    """Return a record, with an issue where its SKU was there before, of stock at the same place."""
    sku = sku_of(record)
    if sku is None:
        return record
    place = str(record.values.get("location") or MAIN_LOCATION).strip()
    first = seen.setdefault((sku, place), record.row)
    if first == record.row:
        return record
    words = said(f"Row {first} has this SKU too.", f"La fila {first} también tiene este SKU.")
    issue = Issue(record.row, "sku", "SKU_TWICE", words)
    return replace(record, issues=(*record.issues, issue))
