"""What bulk work needs of the outside."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class FileStore(Protocol):
    """Keeps private files by name; none is ever served as it lies. Names are ours alone."""

    async def put(self, name: str, content: bytes) -> None:
        """Write a small file, whole or not at all."""
        ...

    async def put_file(self, name: str, source: Path) -> None:
        """Write a file from disk, in pieces, whole or not at all."""
        ...

    async def get(self, name: str) -> bytes:
        """Return the content of a small file; raises `BlobMissing`."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """Yield the content of a file in pieces; raises `BlobMissing`."""
        ...

    async def delete_under(self, folder: str) -> None:
        """Remove all files of a folder; none is no error."""
        ...


class PictureSource(Protocol):
    """Fetches pictures from addresses that anybody may have written."""

    async def fetch(self, url: str) -> bytes:
        """Return what lies there; raises `PictureRefused`."""
        ...
