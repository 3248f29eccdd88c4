"""The periodic work of search."""

from dataclasses import dataclass

from mestore.kernel.db import Tx
from mestore.kernel.messages import Task
from mestore.search.service.index import IndexService
from mestore.search.service.log import purge_searches
from mestore.search.service.rebuild import build_on, count_on
from mestore.search.service.vectors import Vectors
from mestore.search.types import BuildIndex, EmbedProducts, RefreshProducts


@dataclass(frozen=True, slots=True)
class TidySearch(Task):
    """Count a part of the terms anew, and forget what was looked for long ago."""


@dataclass(frozen=True, slots=True)
class MendVectors(Task):
    """Compare a part of the vectors with the catalogue, and write what is missing or wrong."""


async def tidy_search(tx: Tx, _: TidySearch) -> None:
    """Count a part of the terms anew, and forget what was looked for long ago."""
    await count_on(tx)
    await purge_searches(tx)


async def build_index(tx: Tx, task: BuildIndex) -> None:
    """Do the next part of building the index."""
    await build_on(tx, task)


async def refresh_products(tx: Tx, task: RefreshProducts) -> None:
    """Write these products' terms anew."""
    await IndexService(tx).refresh(*task.product_ids)


async def embed_products(task: EmbedProducts, *, vectors: Vectors | None) -> None:
    """Write these products' vectors anew; nothing where the shop has none."""
    if vectors is not None:
        await vectors.follow(task.product_ids)


async def mend_vectors(_: MendVectors, *, vectors: Vectors | None) -> None:
    """Compare a part of the vectors with the catalogue; nothing where the shop has none."""
    if vectors is not None:
        await vectors.mend()
