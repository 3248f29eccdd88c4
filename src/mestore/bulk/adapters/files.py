"""Private files of jobs in a folder that nothing serves."""

from collections.abc import AsyncIterator
from pathlib import Path

import obstore
from obstore.store import LocalStore

from mestore.media.errors import BlobMissing

_PIECE = 1 << 20


class PrivateFiles:
    """Keeps files under one folder; each appears whole, by a rename."""

    def __init__(self, folder: Path) -> None:
        self._store = LocalStore(folder, mkdir=True, automatic_cleanup=True)

    async def put(self, name: str, content: bytes) -> None:
        """Write a small file, whole or not at all."""
        await obstore.put_async(self._store, name, content, use_multipart=False)

    async def put_file(self, name: str, source: Path) -> None:
        """Write a file from disk, in pieces, whole or not at all."""
        await obstore.put_async(self._store, name, source, chunk_size=_PIECE, max_concurrency=2)

    async def get(self, name: str) -> bytes:
        """Return the content of a small file; raises `BlobMissing`."""
        try:
            found = await obstore.get_async(self._store, name)
        except FileNotFoundError as error:
            raise BlobMissing from error
        return bytes(await found.bytes_async())

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """Yield the content of a file in pieces; raises `BlobMissing`."""
        try:
            found = await obstore.get_async(self._store, name)
        except FileNotFoundError as error:
            raise BlobMissing from error
        async for piece in found.stream(min_chunk_size=_PIECE):
            yield bytes(piece)

    async def delete_under(self, folder: str) -> None:
        """Remove all files of a folder; none is no error."""
        async for batch in obstore.list(self._store, prefix=folder):
            names = [each["path"] for each in batch]
            if names:
                await obstore.delete_async(self._store, names)
