"""Pictures on disk, served with headers that let every cache keep them."""

from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mestore.media.types import IMMUTABLE, SUFFIX, WEBP


class MediaFiles(StaticFiles):
    """Serves a folder whose files never change."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__(directory=directory)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file, and let it be kept for a year."""
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = IMMUTABLE
            if path.endswith(SUFFIX):
                # Not every machine's list of kinds of files has this one.
                response.headers["content-type"] = WEBP
        return response
