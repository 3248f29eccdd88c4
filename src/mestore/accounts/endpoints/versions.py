"""The ETag of a user, the same at every address that shows or changes one."""

from datetime import datetime

from mestore.kernel.http import etag


def version_of(changed_at: datetime) -> str:
    """Return the ETag of a user who changed last at this time."""
    return etag(f"{changed_at:%Y%m%d%H%M%S%f}")
