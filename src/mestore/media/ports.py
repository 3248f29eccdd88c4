"""The port to where files lie."""

from typing import Protocol


class BlobStore(Protocol):
    """Keeps files by name. A name is written once, or again with the same content."""

    async def put(self, name: str, content: bytes, content_type: str) -> None:
        """Write a file, whole or not at all."""
        ...

    async def get(self, name: str) -> bytes:
        """Return a file's content; raises `BlobMissing`."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        ...

    def url(self, name: str) -> str:
        """Return where browsers find a file."""
        ...
