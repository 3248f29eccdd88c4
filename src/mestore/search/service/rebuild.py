"""Building the whole index anew beside the one that is read, then switching over at once."""

from collections.abc import Callable

from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.search.repository.index import IndexRepository
from mestore.search.service.index import IndexService
from mestore.search.types import BuildIndex

DROPPED = 5_000
COUNTED = 500


async def reindex(database: Database, progress: Callable[[int], None] | None = None) -> None:
    """Write every product's terms anew in the background; searches go on, on the old index.

    A batch a transaction, and no more in memory. One that was cut off goes on where it was; two at
    once do no harm. `progress` hears the number of the product that was reached.
    """
    async with database.transaction() as tx:
        await IndexRepository(tx.connection).begin(now())
    reached: int | None = 0
    while reached is not None:
        async with database.transaction() as tx:
            reached = await _write_on(tx)
        if progress is not None and reached is not None:
            progress(reached)
    is_left = True
    while is_left:
        async with database.transaction() as tx:
            is_left = await _drop_on(tx)
    term: str | None = ""
    while term is not None:
        async with database.transaction() as tx:
            term = await _count_after(tx, term)


async def build_first(database: Database) -> None:
    """Let a worker build the index where none ever was, or where an update wants it anew."""
    async with database.transaction() as tx:
        index = IndexRepository(tx.connection)
        state = await index.state()
        is_wanted = not state.generation or state.building is not None
        if is_wanted and await index.begin(now()):
            tx.enqueue(BuildIndex())


async def build_on(tx: Tx, task: BuildIndex) -> None:
    """Do the next part of building the index, and enqueue the one after it."""
    if task.counted is None:
        is_left = await _write_on(tx) is not None or await _drop_on(tx)
        tx.enqueue(BuildIndex(None if is_left else ""))
    elif (last := await _count_after(tx, task.counted)) is not None:
        tx.enqueue(BuildIndex(last))


async def count_on(tx: Tx) -> None:
    """Count the next terms anew, from where the last call stopped, round and round."""
    index = IndexRepository(tx.connection)
    state = await index.state()
    await index.counted_to(await index.count(state.generation, state.counted_to, COUNTED) or "")


async def _write_on(tx: Tx) -> int | None:
    """Write the next products and return the last one's number; None once readers see them all."""
    index = IndexRepository(tx.connection)
    state = await index.state()
    if state.building is None:
        return None
    reached = await IndexService(tx).refresh_after(state.built_to, state.building)
    if reached is None:
        await index.switch(state.building, now())
    else:
        await index.advance(state.building, state.built_to, reached)
    return reached


async def _drop_on(tx: Tx) -> bool:
    """Drop some of what no reader sees any more; say whether there may be more of it."""
    index = IndexRepository(tx.connection)
    return await index.drop_old((await index.state()).generation, DROPPED) == DROPPED


async def _count_after(tx: Tx, term: str) -> str | None:
    """Count the next terms anew and return the last one, None at the end."""
    index = IndexRepository(tx.connection)
    return await index.count((await index.state()).generation, term, COUNTED)
