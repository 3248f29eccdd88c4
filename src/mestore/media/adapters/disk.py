"""Files in a folder, which the program serves itself under /media."""

from pathlib import Path

from obstore.store import LocalStore

from mestore.media.adapters.objects import ObjectBlobs


class DiskBlobs(ObjectBlobs):
    """Keeps files under one folder; each appears whole, by a rename."""

    def __init__(self, folder: Path, public_url: str) -> None:
        # A folder keeps no headers: who serves it says them.
        super().__init__(
            LocalStore(folder, mkdir=True, automatic_cleanup=True), public_url, keeps_headers=False
        )
