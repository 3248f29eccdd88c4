"""Work of refunds that waits for the network: sending, following, emptying the queues."""

from dataclasses import dataclass

import structlog

from mestore.checkout.types import Outside
from mestore.kernel.clock import now
from mestore.kernel.messages import Task
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.queues import settle_old
from mestore.refunds.service.send import follow

log = structlog.get_logger(__name__)

_BATCH = 50


@dataclass(frozen=True, slots=True)
class FollowRefunds(Task):
    """Send refunds that wait for it, and ask about those that were sent."""


@dataclass(frozen=True, slots=True)
class SettleQueues(Task):
    """Send back money without an order that nobody decided about in time."""


async def follow_refunds(_: FollowRefunds, *, outside: Outside) -> None:
    """Send or ask about each refund that is due."""
    async with outside.database.read() as connection:
        refunds = await RefundRepository(connection).all_due(now(), _BATCH)
    for refund in refunds:
        try:
            await follow(outside, refund)
        except Exception:
            # One refund that breaks must not keep the others from ending.
            log.exception("refund_not_followed", refund=refund.reference)


async def settle_queues(_: SettleQueues, *, outside: Outside) -> None:
    """Send back what is to be sent back without anybody's word."""
    await settle_old(outside)
