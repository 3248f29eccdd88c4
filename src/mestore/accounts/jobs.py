"""Housekeeping of accounts."""

from dataclasses import dataclass

from mestore.accounts.repository import AccountRepository, SessionRepository
from mestore.accounts.repository.external import ExternalRepository
from mestore.accounts.repository.mfa import PendingRepository
from mestore.accounts.repository.passkeys import PasskeyRepository
from mestore.accounts.repository.verification import purge
from mestore.accounts.service.recovery import RecoveryService
from mestore.accounts.types import SignInPolicy
from mestore.accounts.types.verification import StartRecovery, VerificationPolicy
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.messages import Task

BATCH = 500


@dataclass(frozen=True, slots=True)
class PurgeOldSessions(Task):
    """Delete sessions, codes and links that have expired, and failures that no longer count."""


async def purge_old_sessions(tx: Tx, task: PurgeOldSessions) -> None:
    """Delete one batch of expired sessions, and ask for another run where there may be more."""
    moment = now()
    await AccountRepository(tx.connection).purge_failures(moment - tx.policy(SignInPolicy).block)
    await purge(tx.connection, moment, moment - tx.policy(VerificationPolicy).window)
    await PendingRepository(tx.connection).purge(moment)
    await PasskeyRepository(tx.connection).purge_challenges(moment)
    await ExternalRepository(tx.connection).purge(moment)
    purged = await SessionRepository(tx.connection).purge_expired(moment, BATCH)
    if purged == BATCH:
        tx.enqueue(task)


async def start_recovery(tx: Tx, task: StartRecovery) -> None:
    """Have a reset link mailed, where the address belongs to an active account."""
    await RecoveryService(tx).start(task.email)
