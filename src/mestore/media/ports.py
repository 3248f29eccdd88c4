"""The port to where pictures lie."""

from typing import Protocol


class BlobStore(Protocol):
    """Keeps pictures by name. A name is written once, or again with the same content.

    Names are lower-case letters, digits and hyphens between slashes, and end in `.webp`; any other
    one is a ValueError. Every call raises `StorageUnavailable` where the store does not answer, and
    must not be made inside a transaction.
    """

    async def put(self, name: str, content: bytes, content_type: str) -> None:
        """Write a file, whole or not at all, for caches to keep; raises `BlobRefused`."""
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
