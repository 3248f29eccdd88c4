"""Files in a folder, which the program serves itself under MEDIA_URL."""

from pathlib import Path

import obstore
from obstore.store import LocalStore

from mestore.media.errors import BlobMissing


class DiskBlobs:
    """Keeps files under one folder; each appears whole, by a rename."""

    def __init__(self, folder: Path, public_url: str) -> None:
        self._store = LocalStore(folder, mkdir=True)
        self._public_url = public_url.rstrip("/")

    async def put(self, name: str, content: bytes, content_type: str) -> None:  # noqa: ARG002  the name tells the type to who serves it
        """Write a file, whole or not at all."""
        await obstore.put_async(self._store, name, content, use_multipart=False)

    async def get(self, name: str) -> bytes:
        """Return a file's content; raises `BlobMissing`."""
        try:
            found = await obstore.get_async(self._store, name)
        except FileNotFoundError as error:
            raise BlobMissing from error
        return bytes(await found.bytes_async())

    async def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return

    def url(self, name: str) -> str:
        """Return where browsers find a file."""
        return f"{self._public_url}/{name}"
