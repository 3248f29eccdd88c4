"""Signals: stored first, then the provider is asked about what they name."""

from mestore.kernel.db import Tx
from mestore.payouts.events import PayoutSignalReceived
from mestore.payouts.repository.batches import BatchRepository
from mestore.payouts.service.send import follow
from mestore.payouts.service.world import PayoutWorld
from mestore.payouts.types import Signal


async def receive(tx: Tx, signal: Signal, body: bytes) -> bool:
    """Store a verified signal; False where it was stored before. Only a new one is acted on."""
    event_id = await BatchRepository(tx.connection).keep_event(signal, body)
    if event_id is None:
        return False
    tx.publish(PayoutSignalReceived(event_id))
    return True


async def act_on(world: PayoutWorld, event_id: int) -> None:
    """Ask the provider about the batch that a signal names, or soon about all open ones."""
    async with world.database.read() as connection:
        batches = BatchRepository(connection)
        named = await batches.unread(event_id)
        if named is None:
            return
        found = await batches.open_of(*named)
    for batch in found:
        await follow(world, batch)
    async with world.database.transaction() as tx:
        batches = BatchRepository(tx.connection)
        if not found:
            await batches.hurry()
        await batches.mark_read(event_id)
