"""Uploads taken in: written to disk as they come, judged by their content, kept privately."""

import asyncio
import hashlib
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from mestore.bulk.errors import FileTooLarge, PicturesUnreadable
from mestore.bulk.service.packed import parts_of
from mestore.bulk.service.sniffing import form_of
from mestore.bulk.service.workshop import Workshop, archive_of, upload_of
from mestore.bulk.types import BulkPolicy, DropJobFiles, FileForm
from mestore.kernel.clock import now

_MOST_NAMES = 5000
# Longer than any upload takes.
_UNCLAIMED = timedelta(hours=1)


@dataclass(slots=True)
class Upload:
    """A file and perhaps a ZIP of pictures, on disk; `digest` tells two uploads apart."""

    file: Path
    archive: Path | None
    form: FileForm
    digest: str

    async def keep(self, work: Workshop, job_id: UUID) -> None:
        """Write it where the job's steps find it; it goes again if no job is begun."""
        async with work.database.transaction() as tx:
            tx.enqueue(DropJobFiles(job_id), run_at=now() + _UNCLAIMED)
        await work.files.put_file(upload_of(job_id), self.file)
        if self.archive is not None:
            await work.files.put_file(archive_of(job_id), self.archive)


@asynccontextmanager
async def received(
    file: AsyncIterator[bytes], archive: AsyncIterator[bytes] | None, policy: BulkPolicy
) -> AsyncIterator[Upload]:
    """Write what comes in to disk and lend it; nothing of it stays.

    Raises `FileTooLarge`, `UnsupportedFile`, `PicturesUnreadable`.
    """
    with TemporaryDirectory(prefix="mestore-upload-") as folder:
        path, pictures = Path(folder) / "file", Path(folder) / "pictures.zip"
        digest = await _written(file, path, "file", policy.file_bytes)
        if archive is not None:
            digest += await _written(archive, pictures, "ZIP", policy.pictures_bytes)
            await asyncio.to_thread(_check_archive, pictures, policy)
        form = await asyncio.to_thread(form_of, path, policy)
        yield Upload(path, pictures if archive is not None else None, form, digest)


async def _written(pieces: AsyncIterator[bytes], path: Path, what: str, limit: int) -> str:
    """Write pieces to a file and return their digest."""
    digest, total = hashlib.sha256(), 0
    with path.open("wb") as file:
        async for piece in pieces:
            total += len(piece)
            if total > limit:
                raise FileTooLarge(what=what, limit_bytes=limit)
            digest.update(piece)
            await asyncio.to_thread(file.write, piece)
    return digest.hexdigest()


def _check_archive(path: Path, policy: BulkPolicy) -> None:
    try:
        parts = parts_of(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise PicturesUnreadable(most=_MOST_NAMES) from error
    if len(parts) > _MOST_NAMES or any(part.flag_bits & 1 for part in parts):
        raise PicturesUnreadable(most=_MOST_NAMES)
    if sum(part.file_size for part in parts) > policy.pictures_bytes:
        raise FileTooLarge(what="ZIP", limit_bytes=policy.pictures_bytes)
