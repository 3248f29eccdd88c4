"""The periodic work of earnings: releasing what is due."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from mestore.earnings.errors import (
    DisputeRunning,
    NotDelivered,
    RefundRunning,
    WithdrawalRunning,
)
from mestore.earnings.repository import EarningsRepository
from mestore.earnings.service import EarningsService
from mestore.earnings.types import Planned
from mestore.earnings.views.parts import unplanned_parts
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.messages import Task

log = structlog.get_logger(__name__)

BATCH = 100
MOST_BATCHES = 20
"""How many batches one run takes at most: what is left waits for the next one."""
LATER = timedelta(hours=1)
"""When a part is looked at again that a refund, a dispute or an error keeps back."""


@dataclass(frozen=True, slots=True)
class ReleaseEarnings(Task):
    """Release the delivered parts whose right of withdrawal has ended, and reserves."""


async def release_earnings(_: ReleaseEarnings, *, database: Database) -> None:
    """Release what is due, each part in a transaction of its own; a run that dies is gone on with.

    Whatever is done leaves the list of what is due, so a repeat changes nothing.
    """
    await _plan_forgotten(database)
    for _batch in range(MOST_BATCHES):
        async with database.read() as connection:
            due = await EarningsRepository(connection).all_due(now(), BATCH)
        for planned in due:
            await _release(database, planned)
        if len(due) < BATCH:
            return


async def _plan_forgotten(database: Database) -> None:
    """Plan parts that were delivered before this room listened."""
    # All parts are looked through: on SQLite no writer should wait for that.
    async with database.read() as connection:
        forgotten = await unplanned_parts(connection, BATCH)
    if not forgotten:
        return
    async with database.transaction() as tx:
        earnings = EarningsService(tx)
        for order_id, vendor_id, delivered_at in forgotten:
            await earnings.plan(order_id, vendor_id, delivered_at)


async def _release(database: Database, planned: Planned) -> None:
    part = planned.order_id, planned.vendor_id
    try:
        async with database.transaction() as tx:
            earnings = EarningsService(tx)
            if planned.released_at is None:
                await earnings.release(*part)
            else:
                await earnings.release_reserve(*part)
    except WithdrawalRunning:
        # The operator lengthened the wait since this was planned.
        await _move_due(database, planned)
    except (RefundRunning, DisputeRunning, NotDelivered):
        # One that was over is not any more where a refund did not go or a dispute was won.
        await _postpone(database, planned)
    except Exception:
        # One part that breaks must not keep the others from their vendors.
        log.exception("part_not_released", order_id=part[0], vendor_id=str(part[1]))
        await _postpone(database, planned)


async def _move_due(database: Database, planned: Planned) -> None:
    async with database.transaction() as tx:
        await EarningsService(tx).plan_again(planned)


async def _postpone(database: Database, planned: Planned) -> None:
    async with database.transaction() as tx:
        await EarningsRepository(tx.connection).postpone(planned.id, now() + LATER)
