"""Who may try at all: failures lock an account and block a network address."""

import math
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.errors import (
    AccountLocked,
    AccountSuspended,
    AddressBlocked,
    InvalidCredentials,
)
from mestore.accounts.repository import AccountRepository, Credentials
from mestore.accounts.service.acts import record
from mestore.accounts.types import SignInPolicy
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.db import Tx
from mestore.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class Guard:
    """Says when there were enough wrong passwords and wrong codes, which count alike."""

    connection: AsyncConnection
    policy: SignInPolicy

    async def check_address(self, address: str, moment: datetime) -> None:
        """Raise `AddressBlocked` where too many failures came from this network address."""
        if await self.is_blocked(address, moment):
            raise AddressBlocked(retry_after=_seconds(self.policy.block.total_seconds()))

    async def is_blocked(self, address: str, moment: datetime) -> bool:
        """Say whether too many failures came from this network address."""
        since = moment - self.policy.block
        failures = await AccountRepository(self.connection).failures_from(address, since)
        return failures >= self.policy.failures_to_block


@dataclass(frozen=True, slots=True)
class Failures:
    """Counts wrong passwords and wrong codes alike, and logs them; this has to be committed."""

    tx: Tx
    policy: SignInPolicy

    async def count(
        self,
        act: Act,
        user_id: UUID,
        address: str,
        moment: datetime,
        *,
        stranger: str | None = None,
    ) -> Refusal | None:
        """Count a failure against an account and an address.

        Returns why the account was closed already, or None. For a user id that nobody has the same
        statements run and find no row; `stranger` is then what the log knows them by.
        """
        accounts = AccountRepository(self.tx.connection)
        counted = await accounts.count_failure(user_id, moment)
        locks_until = moment + self.policy.lock
        is_locked = await accounts.lock(user_id, self.policy.failures_to_lock, locks_until)
        await accounts.add_failure(address, moment, moment - self.policy.block)
        if stranger is None:
            record(self.tx, act, Subject.USER, user_id)
        else:
            record(self.tx, act, Subject.UNKNOWN_EMAIL, stranger)
        if is_locked:
            record(self.tx, Act.ACCOUNT_LOCKED, Subject.USER, user_id)
        if await Guard(self.tx.connection, self.policy).is_blocked(address, moment):
            record(self.tx, Act.ADDRESS_BLOCKED, Subject.ADDRESS, address)
        found = await accounts.find(user_id)
        return None if found is None or counted else refusal_of(found, moment)


def refusal_of(account: Credentials | None, moment: datetime) -> Refusal:
    """Return why an account does not admit the right proof at `moment`."""
    if account is None:
        return InvalidCredentials()
    if account.locked_until and account.is_locked(moment):
        left = account.locked_until - moment
        return AccountLocked(retry_after=_seconds(left.total_seconds()))
    return AccountSuspended()


def _seconds(time: float) -> int:
    return max(1, math.ceil(time))
