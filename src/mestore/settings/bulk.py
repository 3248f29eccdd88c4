"""The settings of imports."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class BulkSettings(BaseSettings):
    """How large uploads of products may be, and where their pictures may come from."""

    import_max_bytes: Annotated[int, Field(ge=1024)] = 50 * 1024 * 1024
    import_max_unpacked_bytes: Annotated[int, Field(ge=1024)] = 300 * 1024 * 1024
    import_max_pictures_bytes: Annotated[int, Field(ge=1024)] = 200 * 1024 * 1024
    import_allow_loopback: bool = False

    def problems_of_imports(self) -> list[str]:
        """Return what production refuses."""
        if not self.import_allow_loopback:
            return []
        return ["IMPORT_ALLOW_LOOPBACK: leave it out; with it imports read what listens here"]
