"""What folders and buckets have in common: both are stores of obstore."""

from collections.abc import Iterator
from contextlib import contextmanager

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from mestore.kernel.network import no_network_in_a_transaction
from mestore.media.errors import BlobMissing, StorageUnavailable
from mestore.media.types import IMMUTABLE, checked

log = structlog.get_logger(__name__)


class ObjectBlobs:
    """Keeps files in a store of obstore, whose calls run outside of the event loop."""

    def __init__(self, store: ObjectStore, public_url: str, *, keeps_headers: bool) -> None:
        self._store = store
        self._public_url = public_url.rstrip("/")
        self._keeps_headers = keeps_headers

    async def put(self, name: str, content: bytes, content_type: str) -> None:
        """Write a file, whole or not at all, for caches to keep."""
        headers = {"Content-Type": content_type, "Cache-Control": IMMUTABLE}
        await no_network_in_a_transaction(name)
        with _translated("put"):
            await obstore.put_async(
                self._store,
                checked(name),
                content,
                attributes=headers if self._keeps_headers else None,
                use_multipart=False,
            )

    async def get(self, name: str) -> bytes:
        """Return a file's content; raises `BlobMissing`."""
        await no_network_in_a_transaction(name)
        with _translated("get"):
            try:
                found = await obstore.get_async(self._store, checked(name))
            except FileNotFoundError as error:
                _check_bucket(error)
                raise BlobMissing from error
            return bytes(await found.bytes_async())

    async def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        await no_network_in_a_transaction(name)
        with _translated("delete"):
            try:
                await obstore.delete_async(self._store, checked(name))
            except FileNotFoundError as error:
                _check_bucket(error)

    def url(self, name: str) -> str:
        """Return where browsers find a file."""
        return f"{self._public_url}/{checked(name)}"


def _check_bucket(error: FileNotFoundError) -> None:
    """Raise the error again where it is not the file that is missing, but all of the store."""
    if "NoSuchBucket" in str(error):
        raise error


@contextmanager
def _translated(call: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        # Its words hold addresses and answers of the store: for the log, not for who uploads.
        log.error("storage_failed", call=call, reason=str(error).partition("\n")[0][:300])
        raise StorageUnavailable from error
