"""Work of payouts that waits for the network: sending batches, following them."""

from dataclasses import dataclass

import structlog

from mestore.kernel.clock import now
from mestore.kernel.messages import Task
from mestore.payouts.events import PayoutSignalReceived
from mestore.payouts.repository.batches import BatchRepository
from mestore.payouts.service.cycle import run_cycle
from mestore.payouts.service.send import follow
from mestore.payouts.service.signals import act_on
from mestore.payouts.service.world import PayoutWorld

log = structlog.get_logger(__name__)

_BATCHES = 20


@dataclass(frozen=True, slots=True)
class FollowPayouts(Task):
    """Send batches that wait for it, and ask about those that were sent."""


async def follow_payouts(_: FollowPayouts, *, world: PayoutWorld) -> None:
    """Send or ask about each batch that is due."""
    async with world.database.read() as connection:
        batches = await BatchRepository(connection).all_due(now(), _BATCHES)
    for batch in batches:
        try:
            await follow(world, batch)
        except Exception:
            # One batch that breaks must not keep the others from ending.
            log.exception("payout_batch_not_followed", batch=batch.reference)


@dataclass(frozen=True, slots=True)
class RunPayoutCycle(Task):
    """Ask for the payouts of the day, at night, where the operator wants that."""


async def run_payout_cycle(_: RunPayoutCycle, *, world: PayoutWorld) -> None:
    """Ask for the payouts of the day."""
    await run_cycle(world.database)


async def on_payout_signal(event: PayoutSignalReceived, *, world: PayoutWorld) -> None:
    """Ask the provider about what a signal names."""
    await act_on(world, event.event_id)
