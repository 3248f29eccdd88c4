"""Housekeeping of carts."""

from dataclasses import dataclass

from mestore.carts.repository import CartRepository
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.messages import Task

BATCH = 500


@dataclass(frozen=True, slots=True)
class PurgeExpiredCarts(Task):
    """Delete carts whose time is over."""


async def purge_expired_carts(tx: Tx, task: PurgeExpiredCarts) -> None:
    """Delete one batch of expired carts, and ask for another run where there may be more."""
    purged = await CartRepository(tx.connection).purge_expired(now(), BATCH)
    if purged == BATCH:
        tx.enqueue(task)
