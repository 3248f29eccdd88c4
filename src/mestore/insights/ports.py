"""The port to who writes texts: a language model, or nobody."""

from typing import Protocol

from mestore.insights.types.proposals import Brief, Written


class Writer(Protocol):
    """Writes better words for a product; what it writes is checked by who asked.

    Raises `WriterUnavailable` where nothing came in time, or nothing that could be read.
    """

    async def write(self, brief: Brief) -> Written:
        """Return texts for the fields of `brief`, made from what it says and nothing else."""
        ...
