"""Housekeeping of accounts."""

from dataclasses import dataclass

from mestore.accounts.repository import AccountRepository, SessionRepository
from mestore.accounts.types import SignInPolicy
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.messages import Task

BATCH = 500


@dataclass(frozen=True, slots=True)
class PurgeOldSessions(Task):
    """Delete sessions that have expired, and failed sign-ins that no longer count."""


async def purge_old_sessions(tx: Tx, task: PurgeOldSessions) -> None:
    """Delete one batch of expired sessions, and ask for another run where there may be more."""
    moment = now()
    await AccountRepository(tx.connection).purge_failures(moment - tx.policy(SignInPolicy).block)
    purged = await SessionRepository(tx.connection).purge_expired(moment, BATCH)
    if purged == BATCH:
        tx.enqueue(task)
